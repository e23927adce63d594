import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Aggregation } from "../../src/core/aggregation.ts";
import { check } from "../support/effort.ts";

/** What a function promises, beyond the laws. */
export interface AggregationPromise {
  /** The exact result for values whose sums and products are exact in doubles. */
  exact(values: readonly number[]): number;
  /** How far two results may lie apart that only the order of the values tells apart. */
  tolerance(values: readonly number[]): number;
}

/** Where an accumulator stands among others, so that a write outside its cells is seen. */
const BEFORE = 3;
const GUARD = 12345.678;

class Accumulator {
  readonly cells: Float64Array;
  readonly #of: Aggregation;
  count = 0;

  constructor(of: Aggregation, dirt: number) {
    this.#of = of;
    this.cells = new Float64Array(BEFORE + of.cells + 3).fill(GUARD);
    // The cells hold anything before `init`.
    this.cells.fill(dirt, BEFORE, BEFORE + of.cells);
    of.init(this.cells, BEFORE);
  }

  add(values: Iterable<number>): this {
    for (const value of values) {
      this.#of.add(this.cells, BEFORE, value);
      this.count++;
    }
    return this;
  }

  merge(other: Accumulator): this {
    const before = other.cells.slice();
    this.#of.merge(this.cells, BEFORE, other.cells, BEFORE);
    this.count += other.count;
    expect(other.cells).toEqual(before);
    return this;
  }

  result(): number {
    const before = this.cells.slice();
    const result = this.#of.result(this.cells, BEFORE, this.count);
    expect(this.cells).toEqual(before);
    const outside = [...this.cells].filter((_, i) => i < BEFORE || i >= BEFORE + this.#of.cells);
    expect(outside).toEqual(outside.map(() => GUARD));
    return result;
  }
}

/** Quarters: whatever is computed of a few of them is exact. */
const exactValues = fc.array(
  fc.integer({ min: -40_000, max: 40_000 }).map((n) => n / 4),
  { minLength: 1, maxLength: 40 },
);
const anyValues = fc.array(
  fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }),
    fc.constantFrom(0, -0, 1e15, -1e15, 1, 0.1, 1e-15, 5e-324),
  ),
  { minLength: 1, maxLength: 40 },
);
const cut = fc.tuple(anyValues, fc.nat(100), fc.nat(100));
const dirt = fc.constantFrom(0, NaN, Infinity, -Infinity, 7);

/** Holds a function to the laws of {@link Aggregation}. */
export function testAggregation(aggregation: Aggregation, promise: AggregationPromise): void {
  const empty = (): Accumulator => new Accumulator(aggregation, NaN);
  const of = (values: Iterable<number>): Accumulator => empty().add(values);
  const near = (a: number, b: number, values: readonly number[]): void => {
    expect(Math.abs(a - b)).toBeLessThanOrEqual(promise.tolerance(values));
  };

  describe(`${aggregation.name}`, () => {
    test("gives the exact result where doubles are exact", () => {
      check(exactValues, 300, (values) => {
        expect(of(values).result() + 0).toBe(promise.exact(values) + 0);
      });
    });

    test("has its accumulator in its own cells, whatever they held before", () => {
      check(fc.tuple(exactValues, dirt), 100, ([values, held]) => {
        const accumulator = new Accumulator(aggregation, held).add(values);
        expect(accumulator.result() + 0).toBe(promise.exact(values) + 0);
      });
    });

    test("has the accumulator of no events as its identity, on both sides", () => {
      check(anyValues, 300, (values) => {
        const alone = of(values).result();
        expect(of(values).merge(empty()).result() + 0).toBe(alone + 0);
        near(empty().merge(of(values)).result(), alone, values);
      });
    });

    test("merges in any order", () => {
      check(cut, 300, ([values, at, by]) => {
        const i = at % (values.length + 1);
        const [one, other] = [values.slice(0, i), values.slice(i)];
        near(of(one).merge(of(other)).result(), of(other).merge(of(one)).result(), values);
        near(of(one).merge(of(other)).result(), of(values).result(), values);
        const j = i + (by % (other.length + 1));
        const parts = [values.slice(0, i), values.slice(i, j), values.slice(j)].map(of);
        const [a, b, c] = parts as [Accumulator, Accumulator, Accumulator]; // three were made
        const left = of(values.slice(0, i)).merge(b).merge(c).result();
        near(a.merge(of(values.slice(i, j)).merge(of(values.slice(j)))).result(), left, values);
      });
    });

    test("does not hang on the order of the values", () => {
      check(fc.tuple(anyValues, fc.infiniteStream(fc.nat(1_000))), 300, ([values, keys]) => {
        const shuffled = values
          .map((value) => ({ value, key: keys.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ value }) => value);
        near(of(shuffled).result(), of(values).result(), values);
      });
    });

    test("gives a finite result for finite sums", () => {
      check(anyValues, 300, (values) => expect(of(values).result()).toBeFinite());
    });
  });
}
