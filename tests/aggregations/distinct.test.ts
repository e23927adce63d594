import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { distinct } from "../../src/aggregations/distinct.ts";
import { ByteWriter } from "../../src/aggregations/sketch/bytes.ts";
import { DistinctState } from "../../src/aggregations/sketch/distinct-state.ts";
import { randomStream } from "../support/distributions.ts";
import { isFull, runs, TIMEOUT_MS } from "../support/effort.ts";
import { fold } from "../support/fold.ts";

setDefaultTimeout(TIMEOUT_MS);

describe("distinct", () => {
  test("counts a value once, and 0 and -0 as one", () => {
    expect(fold(distinct, [1, 1, 2, 0, -0, 5e-324, -1, 0.1 + 0.2, 0.3]).value).toBe(7);
  });

  test("is exact up to the stated number, zero among them or not", () => {
    for (const from of [0, 1]) {
      const values = Array.from({ length: 1_024 }, (_, i) => (from + i) / 8);
      expect(fold(distinct, [...values, ...values, ...values]).value).toBe(DistinctState.EXACT_MAX);
    }
  });

  test("gives a whole number beyond it", () => {
    const { value } = fold(
      distinct,
      Float64Array.from({ length: 50_000 }, (_, i) => i / 3),
    );
    expect(value).toSatisfy(Number.isInteger);
  });
});

describe("the state of distinct", () => {
  test("is a sketch from the first value beyond the stated number", () => {
    const state = new DistinctState();
    for (let i = 0; i < 1_024; i++) state.add(i);
    expect(state.encode()[1]).toBe(0);
    state.add(1_023);
    expect([state.encode()[1], state.encode().length]).toEqual([0, 4 + 8 * 1_024]);
    state.add(1_024);
    expect([state.encode()[1], state.encode().length]).toEqual([1, 2 + 12_288]);
  });

  test("is not read where a value stands twice, or a rank is none", () => {
    const twice = new ByteWriter();
    for (const byte of [1, 0, 2]) twice.byte(byte);
    for (const value of [5, 5]) twice.double(value);
    expect(() => DistinctState.decode(twice.bytes())).toThrow("a value stands in it twice");
    const sketch = Uint8Array.of(1, 1, ...new Uint8Array(12_288));
    expect(DistinctState.decode(sketch).count()).toBe(0);
    sketch[2] = 52; // the first six bits
    expect(() => DistinctState.decode(sketch)).toThrow("rank 52 is more than 51");
  });
});

/** Sets that share most of their bits, by the number of a member. */
const SETS: Readonly<Record<string, (i: number) => number>> = {
  "whole numbers": (i) => i,
  "negative whole numbers": (i) => -i,
  "tenths, by products": (i) => i * 0.1,
  "tenths, by quotients": (i) => i / 10,
  "whole numbers behind 2^52": (i) => 2 ** 52 + i,
  "multiples of 2^40": (i) => i * 2 ** 40,
  "times in microseconds": (i) => 1.7e15 + i * 1_000,
  "the smallest doubles": (i) => i * 5e-324,
  reciprocals: (i) => 1 / i,
};

describe("estimates of distinct", () => {
  const sets = {
    ...SETS,
    // The same number in every run, and another one for each member.
    "any doubles": (i: number) => randomStream(i * 7_919)(),
  };

  test.each(Object.entries(sets))("have the stated error and no bias: %s", (_, member) => {
    const trials = runs(40);
    for (const size of [1_100, 6_000, 40_000]) {
      let total = 0;
      let squares = 0;
      for (let trial = 0; trial < trials; trial++) {
        const state = new DistinctState();
        for (let i = 1; i <= size; i++) state.add(member(trial * size + i));
        const error = state.count() / size - 1;
        total += error;
        squares += error * error;
        expect(Math.abs(error)).toBeLessThan(5 * 0.0082);
      }
      // Four standard errors of a mean, and three of a deviation.
      expect(Math.abs(total / trials)).toBeLessThan((4 * 0.0082) / Math.sqrt(trials));
      expect(Math.sqrt(squares / trials)).toBeLessThan(0.0082 * (1 + 3 / Math.sqrt(2 * trials)));
    }
  });

  test.each(Object.entries(sets))("hold for a million: %s", (_, member) => {
    const size = isFull ? 10_000_000 : 1_000_000;
    const state = new DistinctState();
    for (let i = 1; i <= size; i++) state.add(member(i));
    expect(Math.abs(state.count() / size - 1)).toBeLessThan(4 * 0.0082);
  });

  test("hang on the set alone", () => {
    const values = Array.from({ length: 5_000 }, (_, i) => Math.sqrt(i));
    const up = new DistinctState();
    const down = new DistinctState();
    const merged = new DistinctState();
    for (const value of values) up.add(value);
    for (const value of [...values.toReversed(), ...values]) down.add(value);
    for (let from = 0; from < 5_000; from += 300) {
      const part = new DistinctState();
      for (const value of values.slice(Math.max(from - 50, 0), from + 300)) part.add(value);
      merged.merge(part);
    }
    expect(down.encode()).toEqual(up.encode());
    expect(merged.encode()).toEqual(up.encode());
  });
});
