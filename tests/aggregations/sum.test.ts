import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { avg } from "../../src/aggregations/avg.ts";
import { sum } from "../../src/aggregations/sum.ts";
import type { WindowFacts } from "../../src/core/aggregation.ts";
import { epochMicros } from "../../src/core/time.ts";
import { check, TIMEOUT_MS } from "../support/effort.ts";
import { exactly, minus, sumExactly, toDouble } from "../support/rational.ts";
import { ulp } from "../support/ulp.ts";

setDefaultTimeout(TIMEOUT_MS);

const windowOf = (count: number): WindowFacts => ({
  count,
  start: epochMicros(0),
  end: epochMicros(60_000_000),
});

/** The bound that is stated for the sum: 2 ulp of the exact result, and n²ε² of the magnitudes. */
function boundOf(values: readonly number[], exact: number): number {
  const magnitude = toDouble(sumExactly(values.map(Math.abs)));
  return 2 * ulp(exact) + values.length ** 2 * 2 ** -106 * magnitude;
}

function sumOf(parts: readonly (readonly number[])[]): number {
  const cells = new Float64Array(2 * parts.length);
  for (const [i, values] of parts.entries()) {
    sum.init(cells, 2 * i);
    for (const value of values) sum.add(cells, 2 * i, value, 0);
    if (i > 0) sum.merge(cells, 0, cells, 2 * i);
  }
  return sum.result(cells, 0, windowOf(1))!; // a sum is never null
}

function expectWithinBound(parts: readonly (readonly number[])[]): void {
  const values = parts.flat();
  const exact = sumExactly(values);
  const error = Math.abs(toDouble(minus(exactly(sumOf(parts)), exact)));
  expect(error).toBeLessThanOrEqual(boundOf(values, toDouble(exact)));
}

const wild = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }),
  fc
    .tuple(fc.integer({ min: -300, max: 290 }), fc.double({ min: -1, max: 1, noNaN: true }))
    .map(([power, x]) => x * 10 ** power),
  fc.constantFrom(1e16, -1e16, 1, -1, 0.1, -0.1, 1e-16, 2 ** 53, -(2 ** 53), 5e-324, -0, 0),
);

describe("sum", () => {
  test.each([
    { values: [1, 1e100, 1, -1e100], exact: 2 },
    { values: [1e16, 1, -1e16], exact: 1 },
    { values: Array.from({ length: 10 }, () => 0.1), exact: 1 },
    { values: [0.1, 0.2, 0.3, -0.6], exact: 2.7755575615628914e-17 },
    { values: [-0], exact: 0 },
    { values: [-0, -0], exact: 0 },
    { values: [5e-324, 5e-324], exact: 1e-323 },
  ])("adds $values", ({ values, exact }) => {
    expect(toDouble(sumExactly(values))).toBe(exact);
    expect(sumOf([values])).toBe(exact);
  });

  test("stays within its stated error, whatever the values", () => {
    check(fc.array(wild, { minLength: 1, maxLength: 60 }), 2_000, (values) => {
      expectWithinBound([values]);
    });
  });

  test("stays within it where nearly everything cancels", () => {
    const pairs = fc.array(fc.tuple(wild, fc.nat(1_000)), { minLength: 1, maxLength: 30 });
    check(fc.tuple(pairs, wild), 1_000, ([list, rest]) => {
      const values = [...list, ...list.map(([x, key]): [number, number] => [-x, key * 7 + 1])]
        .sort((a, b) => a[1] - b[1])
        .map(([x]) => x);
      expectWithinBound([[...values, rest * 1e-10]]);
    });
  });

  test("stays within it however the values are divided and merged", () => {
    const parts = fc.array(fc.array(wild, { maxLength: 12 }), { minLength: 1, maxLength: 8 });
    check(parts, 1_000, expectWithinBound);
  });

  test("adds a hundred thousand decimals as rational numbers do, to the last bit", () => {
    const values = Array.from({ length: 100_000 }, (_, i) => ((i * 7_919) % 100_000) / 1_000 + 0.1);
    expect(sumOf([values])).toBe(toDouble(sumExactly(values)));
    const batches = Array.from({ length: 100 }, (_, i) =>
      values.slice(i * 1_000, i * 1_000 + 1_000),
    );
    expect(sumOf(batches)).toBe(toDouble(sumExactly(values)));
  });

  test("is not finite beyond a double", () => {
    expect(sumOf([[1.7e308, 1.7e308]])).not.toBeFinite();
  });
});

describe("avg", () => {
  test("divides once, at the end", () => {
    const cells = new Float64Array(2);
    avg.init(cells, 0);
    for (const value of [1e16, 1, 1, -1e16]) avg.add(cells, 0, value, 0);
    expect(avg.result(cells, 0, windowOf(4))).toBe(0.5);
  });
});

describe("rational numbers of the tests", () => {
  test("give every double back", () => {
    const normal = fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e-290 });
    check(normal, 2_000, (x) => {
      expect(toDouble(exactly(x))).toBe(x);
      expect(toDouble(exactly(-x))).toBe(-x);
    });
    expect(toDouble(exactly(0))).toBe(0);
  });

  test("round to the nearest double, ties to even", () => {
    const near = (numerator: bigint): number => toDouble({ numerator, shift: 1n });
    expect(near(2n * (2n ** 53n + 1n))).toBe(2 ** 53);
    expect(near(2n * (2n ** 53n + 1n) + 1n)).toBe(2 ** 53 + 2);
    expect(near(2n * (2n ** 53n + 3n))).toBe(2 ** 53 + 4);
    expect(near(-2n * (2n ** 53n + 3n) + 1n)).toBe(-(2 ** 53) - 2);
  });
});
