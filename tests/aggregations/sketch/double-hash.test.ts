import { describe, expect, test } from "bun:test";
import { hashDouble } from "../../../src/aggregations/sketch/double-hash.ts";
import { randomStream } from "../../support/distributions.ts";

const words = new Int32Array(2);

function hashOf(value: number): bigint {
  hashDouble(value, words);
  return (BigInt(words[0]! >>> 0) << 32n) | BigInt(words[1]! >>> 0);
}

const view = new DataView(new ArrayBuffer(8));

describe("hashDouble()", () => {
  test("gives 0 and -0 one hash, and no two other values", () => {
    expect(hashOf(-0)).toBe(hashOf(0));
    const seen = new Set<bigint>();
    for (let i = 0; i < 50_000; i++) {
      seen.add(hashOf(i));
      seen.add(hashOf(-1 / (i + 2)));
      seen.add(hashOf((i + 1) * 5e-324));
    }
    expect(seen.size).toBe(150_000);
  });

  test("changes each bit in half of the cases when a bit of the value changes", () => {
    const random = randomStream(1);
    const tries = 2_000;
    let least = 1;
    let most = 0;
    for (let bit = 0n; bit < 64n; bit++) {
      const flips = new Float64Array(64);
      for (let i = 0; i < tries; i++) {
        view.setFloat64(0, (random() - 0.5) * 2 ** Math.floor(random() * 100));
        const before = hashOf(view.getFloat64(0));
        view.setBigUint64(0, view.getBigUint64(0) ^ (1n << bit));
        const value = view.getFloat64(0);
        if (!Number.isFinite(value)) continue;
        const changed = before ^ hashOf(value);
        for (let j = 0; j < 64; j++) flips[j]! += Number((changed >> BigInt(j)) & 1n);
      }
      for (const count of flips) {
        least = Math.min(least, count / tries);
        most = Math.max(most, count / tries);
      }
    }
    // Five standard deviations of 4,096 pairs are 0.056.
    expect(least).toBeGreaterThan(0.44);
    expect(most).toBeLessThan(0.56);
  });
});
