import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { stddev } from "../../src/aggregations/stddev.ts";
import { stddevPop } from "../../src/aggregations/stddevPop.ts";
import { variance } from "../../src/aggregations/variance.ts";
import { variancePop } from "../../src/aggregations/variancePop.ts";
import { distributions, randomStream } from "../support/distributions.ts";
import { runs, TIMEOUT_MS } from "../support/effort.ts";
import { varianceExactly } from "../support/exact-moments.ts";
import { fold } from "../support/fold.ts";

setDefaultTimeout(TIMEOUT_MS);

const all = [variance, variancePop, stddev, stddevPop] as const;
const of = (values: Iterable<number>): (number | null)[] =>
  all.map((one) => fold(one, [...values]).value);

describe("the deviations", () => {
  test("of one value are none for a sample, and 0 for a population", () => {
    expect(of([7.25])).toEqual([null, 0, null, 0]);
  });

  test("divide by n - 1 or by n", () => {
    expect(of([2, 4, 4, 4, 5, 5, 7, 9])).toEqual([32 / 7, 4, Math.sqrt(32 / 7), 2]);
  });

  test("of equal values are 0, however small a part of them binary fractions can hold", () => {
    expect(of(Array.from({ length: 100 }, () => 0.2345))).toEqual([0, 0, 0, 0]);
  });

  test("of nearly equal, large values do not cancel", () => {
    const farPair = Array.from({ length: 100 }, (_, i) => 1e12 + (i % 2 === 0 ? -1 : 1));
    expect(of(farPair)[2]).toBeCloseTo(1.005037815259212, 14);
    expect(of(farPair)[3]).toBeCloseTo(1, 14);
    const offset = [4, 7, 13, 16].map((x) => 1e9 + x);
    expect(of(offset)).toEqual([30, 22.5, 5.477225575051661, 4.743416490252569]);
    expect(of([2 ** 53 - 1, 2 ** 53])).toEqual([0.5, 0.25, Math.sqrt(0.5), 0.5]);
  });

  test("do not cancel either where such values are merged", () => {
    const cells = new Float64Array(8);
    variance.init(cells, 0);
    variance.init(cells, 4);
    for (const x of [4, 7]) variance.add(cells, 0, 1e15 + x, 0);
    for (const x of [13, 16]) variance.add(cells, 4, 1e15 + x, 0);
    variance.merge(cells, 0, cells, 4);
    expect(Array.from(cells.subarray(0, 4))).toEqual([4, 1e15 + 4, 6, 90]);
  });

  test("are not finite, rather than none, beyond a double", () => {
    for (const result of of([1e200, -1e200])) expect(result).not.toBeFinite();
    for (const result of of([1.7e308, -1.7e308, 1])) {
      expect(result).not.toBeNull();
      expect(result).not.toBeFinite();
    }
  });

  test.each(Object.keys(distributions))("keep their stated error: %s", (name) => {
    for (let seed = 0; seed < runs(2); seed++) {
      for (const [length, shift] of [
        [10, 0],
        [2_000, 1e9],
        [2_000, -1e15],
        [20_000, 1e3],
      ] as const) {
        const random = randomStream(seed);
        const values = Array.from({ length }, () => shift + distributions[name]!(random));
        // The first is what distances are taken from: none of the others is like it.
        if (seed % 2 === 1) values[0] = 1e4;
        const exact = varianceExactly(values, "sample");
        const error = Math.abs(of(values)[0]! - exact);
        // What is usual; proven is more.
        expect(error).toBeLessThanOrEqual(4 * Math.sqrt(length) * 2 ** -53 * exact);
      }
    }
  });
});
