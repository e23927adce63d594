import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { median } from "../../src/aggregations/median.ts";
import { quantile } from "../../src/aggregations/quantile.ts";
import { ByteWriter } from "../../src/aggregations/sketch/bytes.ts";
import { QuantileState } from "../../src/aggregations/sketch/quantile-state.ts";
import { distributions, randomStream } from "../support/distributions.ts";
import { runs, TIMEOUT_MS } from "../support/effort.ts";
import { fold } from "../support/fold.ts";

setDefaultTimeout(TIMEOUT_MS);

const at = (values: Iterable<number>, q: number): number | null =>
  fold(quantile.make(q), values).value;

/** The two sorted values between which the quantile lies, and the exact one. */
function neighbours(sorted: Float64Array, q: number): { a: number; b: number; exact: number } {
  const rank = (sorted.length - 1) * q;
  const below = Math.floor(rank);
  const [a, b] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
  return { a, b, exact: a * (1 - (rank - below)) + b * (rank - below) };
}

describe("a quantile of few values", () => {
  const ints = [255, 168, 125, 11102, 59, 120, 500, 2, 98, 25];

  test.each([
    { values: [40, 10, 30, 20], quantiles: [10, 17.5, 25, 32.5, 37, 40] },
    { values: [7.5], quantiles: [7.5, 7.5, 7.5, 7.5, 7.5, 7.5] },
    { values: [3, 1], quantiles: [1, 1.5, 2, 2.5, 2.8, 3] },
    { values: ints, quantiles: [2, 68.75, 122.5, 233.25, 1560.2, 11102] },
  ])("of $values is interpolated between two of them", ({ values, quantiles }) => {
    const results = [0, 0.25, 0.5, 0.75, 0.9, 1].map((q) => at(values, q)!);
    for (const [i, result] of results.entries()) expect(result).toBeCloseTo(quantiles[i]!, 12);
    expect(fold(median, values).value).toBe(quantiles[2]);
  });

  test("is one of them where the fraction says so in decimals, not between it and a giant", () => {
    const values = Array.from({ length: 101 }, (_, i) => (i < 8 ? i : 1e300));
    expect(100 * 0.07).not.toBe(7);
    expect(at(values, 0.07)).toBe(7);
    expect(at(values, 0.57)).toBe(1e300);
  });

  test("has no overflow between values whose distance is beyond a double", () => {
    expect(at([1.7e308, -1.7e308], 0.5)).toBe(0);
    expect(at([1.7e308, -1.7e308], 0.75)! / 0.85e308).toBeCloseTo(1, 15);
    expect(at([1.7e308, 1.6e308], 0.5)! / 1.65e308).toBeCloseTo(1, 15);
  });

  test("takes fractions that are no short decimals, too", () => {
    const values = [0, 1, 2, 3];
    expect(at(values, 1 / 3)).toBeCloseTo(1, 15);
    expect(at(values, Math.SQRT1_2)).toBeCloseTo(3 * Math.SQRT1_2, 15);
    expect(at(values, 5e-324)).toBeCloseTo(0, 15);
    expect(at(values, 1 - 2 ** -53)).toBeCloseTo(3, 14);
  });

  test("is exact up to the stated number of values", () => {
    const values = Array.from({ length: QuantileState.EXACT_MAX }, (_, i) => (i * 37) % 1_024);
    for (const q of [0, 0.001, 0.25, 0.5, 0.999, 1])
      expect(at(values, q)).toBeCloseTo(1_023 * q, 9);
  });
});

describe("a quantile of many values", () => {
  const qs = Array.from({ length: 401 }, (_, i) => i / 400);

  test.each(Object.keys(distributions))("is within 1 %%: %s", (name) => {
    for (const length of [1_025, 3_000, 20_000, ...(runs(1) > 1 ? [1_000_000] : [])]) {
      const random = randomStream(length);
      const values = Float64Array.from({ length }, () => distributions[name]!(random));
      const sorted = values.slice().sort();
      const state = new QuantileState();
      for (const value of values) state.add(value);
      for (const q of qs) {
        const { a, b, exact } = neighbours(sorted, q);
        // Between a negative and a positive one it is their size that the error goes by.
        const size = a < 0 && b > 0 ? Math.max(-a, b) : Math.abs(exact);
        expect(Math.abs(state.quantile(q) - exact)).toBeLessThanOrEqual(0.0079 * size);
      }
      expect([state.quantile(0), state.quantile(1)]).toEqual([sorted[0]!, sorted[length - 1]!]);
    }
  });

  test("of all doubles is within 1 % of itself, or 2^-62 of the largest of its sign", () => {
    const random = randomStream(5);
    const values = Float64Array.from({ length: 40_000 }, () => {
      const magnitude = 2 ** (random() * 2_090 - 1_070);
      return random() < 0.5 ? -magnitude : magnitude;
    });
    const sorted = values.slice().sort();
    const [least, most] = [-sorted[0]!, sorted[39_999]!];
    const state = new QuantileState();
    for (const value of values) state.add(value);
    for (const q of qs) {
      const { a, b, exact } = neighbours(sorted, q);
      const floor = 2 ** -62 * Math.max(a < 0 ? least : 0, b > 0 ? most : 0);
      const bound = 0.0079 * Math.max(Math.abs(a), Math.abs(b)) + floor;
      expect(Math.abs(state.quantile(q) - exact)).toBeLessThanOrEqual(bound);
    }
  });

  test("hangs on the values alone, to the last bit, also where bins are joined", () => {
    const random = randomStream(11);
    const values = Float64Array.from({ length: 6_000 }, () => 2 ** (random() * 400 - 200));
    const orders = [values, values.slice().sort(), values.slice().sort().reverse()];
    const whole = orders.map((order) => {
      const state = new QuantileState();
      for (const value of order) state.add(value);
      return state.encode();
    });
    const merged = orders.map((order) => {
      const state = new QuantileState();
      for (let from = 0; from < order.length; from += 700) {
        const part = new QuantileState();
        for (const value of order.subarray(from, from + 700)) part.add(value);
        state.merge(QuantileState.decode(part.encode()));
      }
      return state.encode();
    });
    for (const bytes of [...whole, ...merged]) expect(bytes).toEqual(whole[0]!);
  });

  test("of values that are all the same is that value", () => {
    const state = new QuantileState();
    for (let i = 0; i < 2_000; i++) state.add(0.2345);
    expect([0, 0.3, 0.5, 1].map((q) => state.quantile(q))).toEqual([
      0.2345, 0.2345, 0.2345, 0.2345,
    ]);
  });

  test("comes out of a sketch from the first value beyond the stated number", () => {
    const state = new QuantileState();
    for (let i = 0; i < 1_024; i++) state.add(i);
    expect(state.encode()[1]).toBe(0);
    expect(QuantileState.decode(state.encode()).encode()).toEqual(state.encode());
    state.add(7);
    expect(state.encode()[1]).toBe(1);
  });

  test("is not read from a sketch of fewer, or of a smallest value above the largest", () => {
    const sketched = (...[min, max]: readonly [number, number]): Uint8Array => {
      const writer = new ByteWriter();
      for (const byte of [1, 1]) writer.byte(byte);
      for (const end of [min, max]) writer.double(end);
      writer.whole(min < 0 ? 1_025 : 1_024); // zeros
      for (const none of [0, 0, 0, 0]) writer.whole(none);
      return writer.bytes();
    };
    expect(QuantileState.decode(sketched(-1, 0)).quantile(0.5)).toBe(0);
    expect(() => QuantileState.decode(sketched(0, 0))).toThrow("its sketch is too small");
    expect(() => QuantileState.decode(sketched(-1, -2))).toThrow("smallest value is above");
  });

  test("takes no more room, however many there are", () => {
    const state = new QuantileState();
    const random = randomStream(3);
    for (let i = 0; i < 200_000; i++) state.add((random() - 0.5) * 2 ** (random() * 2_000 - 1_000));
    expect(state.encode().length).toBeLessThan(30_000);
  });
});
