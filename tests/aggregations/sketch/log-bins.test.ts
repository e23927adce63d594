import { describe, expect, test } from "bun:test";
import { ByteReader, ByteWriter } from "../../../src/aggregations/sketch/bytes.ts";
import { highBitsOf } from "../../../src/aggregations/sketch/double-bits.ts";
import { LogBins } from "../../../src/aggregations/sketch/log-bins.ts";

function binsOf(magnitudes: readonly number[]): LogBins {
  const bins = new LogBins();
  for (const magnitude of magnitudes) bins.add(highBitsOf(magnitude));
  return bins;
}

function errorOf(magnitude: number): number {
  return Math.abs(binsOf([magnitude]).magnitudeAt(0) / magnitude - 1);
}

describe("LogBins", () => {
  test("knows a magnitude within 1/128, at both ends of every bin and of all normal doubles", () => {
    for (const power of [-1_022, -1, 0, 1, 52, 1_023]) {
      for (let i = 0; i < 64; i++) {
        const low = 2 ** power * (1 + i / 64);
        expect(errorOf(low)).toBeLessThanOrEqual(1 / 128);
        expect(errorOf(low * (1 + 2 ** -8))).toBeLessThan(1 / 128);
        expect(errorOf(2 ** power * (1 + (i + 1) / 64 - 2 ** -52))).toBeLessThan(1 / 128);
      }
    }
    expect(errorOf(Number.MAX_VALUE)).toBeLessThan(1 / 128);
    expect(binsOf([5e-324]).magnitudeAt(0)).toBeLessThan(1e-308);
  });

  test("keeps 64 octaves apart, and joins what is below them in their lowest bin", () => {
    const lowest = 2 ** -63 * (1 + 1 / 128);
    for (const order of [(list: number[]) => list, (list: number[]) => list.toReversed()]) {
      expect(binsOf(order([1.5, 2 ** -63])).magnitudeAt(0)).toBe(lowest);
      expect(binsOf(order([1.5, 2 ** -64])).magnitudeAt(0)).toBe(lowest);
      const joined = binsOf(order([1.5, 2 ** -500, 2 ** -62, 2 ** -100]));
      expect([0, 1, 2].map((rank) => joined.magnitudeAt(rank))).toEqual([
        lowest,
        lowest,
        2 * lowest,
      ]);
    }
  });

  test("counts on from what was stored", () => {
    const bins = binsOf([3, 5e-324, 1e308, 3]);
    const writer = new ByteWriter();
    bins.write(writer);
    const read = LogBins.read(new ByteReader(writer.bytes()));
    read.merge(binsOf([4]));
    bins.merge(binsOf([4]));
    expect([read.total, bins.total]).toEqual([5, 5]);
    for (let rank = 0; rank < 5; rank++) {
      expect(read.magnitudeAt(rank)).toBe(bins.magnitudeAt(rank));
    }
  });
});
