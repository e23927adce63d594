import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { ByteReader, ByteWriter } from "../../../src/aggregations/sketch/bytes.ts";
import { HyperLogLog } from "../../../src/aggregations/sketch/hyper-log-log.ts";
import { randomStream } from "../../support/distributions.ts";
import { runs, TIMEOUT_MS } from "../../support/effort.ts";

setDefaultTimeout(TIMEOUT_MS);

const REGISTERS = 16_384;
const RANK_MAX = 51;

function registersOf(sketch: HyperLogLog): number[] {
  const writer = new ByteWriter();
  sketch.write(writer);
  const bytes = writer.bytes();
  return Array.from({ length: REGISTERS }, (_, i) => {
    const at = Math.floor(i / 4) * 3;
    const packed = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    return (packed >>> (6 * (i % 4))) & 63;
  });
}

function sketchOf(registers: ArrayLike<number>): HyperLogLog {
  const bytes = new Uint8Array((REGISTERS / 4) * 3);
  for (let i = 0; i < REGISTERS; i++) {
    const bit = 6 * i;
    const word = registers[i]! << (bit % 8);
    bytes[bit >> 3]! |= word & 255;
    if (word > 255) bytes[(bit >> 3) + 1]! |= word >> 8;
  }
  return HyperLogLog.read(new ByteReader(bytes));
}

describe("HyperLogLog", () => {
  test.each([
    { high: 0b11 << 18, low: 0, register: 3, rank: 51 },
    { high: 0, low: 1, register: 0, rank: 50 },
    { high: 0, low: 1 << 31, register: 0, rank: 19 },
    { high: 1, low: -1, register: 0, rank: 18 },
    { high: -1, low: 0, register: 16_383, rank: 1 },
    { high: (1 << 31) | (1 << 16), low: 0, register: 8_192, rank: 2 },
  ])(
    "puts $high, $low into register $register with rank $rank",
    ({ high, low, register, rank }) => {
      const sketch = new HyperLogLog();
      sketch.add(high, low);
      const registers = registersOf(sketch);
      expect(registers.flatMap((held, i) => (held > 0 ? [[i, held]] : []))).toEqual([
        [register, rank],
      ]);
      expect(registersOf(sketchOf(registers))).toEqual(registers);
    },
  );

  /**
   * A register has a rank of at most k with the probability exp(-n/m · 2^-k) after n hashes, as many as
   * nobody can add.
   */
  test.each([1e2, 1e4, 1e6, 1e9, 1e12, 1e15, 1e18, 2e19])("has no bias at %p", (count) => {
    const trials = runs(250);
    const random = randomStream(count);
    const registers = new Uint8Array(REGISTERS);
    let total = 0;
    for (let trial = 0; trial < trials; trial++) {
      for (let i = 0; i < REGISTERS; i++) {
        const rank = Math.ceil(Math.log2(count / REGISTERS / -Math.log(1 - random())));
        registers[i] = Math.min(Math.max(rank, 0), RANK_MAX);
      }
      total += sketchOf(registers).count() / count - 1;
    }
    // The number of hashes varies too where there are few.
    const deviation = Math.sqrt(0.0082 ** 2 + 1 / count);
    expect(Math.abs(total / trials)).toBeLessThan((4 * deviation) / Math.sqrt(trials));
  });
});
