import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { histogram } from "../../src/aggregations/histogram.ts";
import { check, TIMEOUT_MS } from "../support/effort.ts";
import { fold } from "../support/fold.ts";

setDefaultTimeout(TIMEOUT_MS);

describe("histogram", () => {
  test("counts a value at a bound with those below it", () => {
    const { value, detail } = fold(histogram.make([1, 2, 5]), [-3, 1, 1.5, 2, 2.1, 5, 5.1, 1e308]);
    expect(value).toBe(8);
    expect(detail).toEqual({ bounds: [1, 2, 5], counts: [2, 2, 2, 2] });
  });

  test("takes one bound, and -0 for 0", () => {
    expect(fold(histogram.make([0]), [-0, 0, 5e-324, -5e-324]).detail).toEqual({
      bounds: [0],
      counts: [3, 1],
    });
  });

  test("puts every value where a search from the first bound finds it", () => {
    const bounds = fc
      .uniqueArray(fc.integer({ min: -500, max: 500 }), { minLength: 1, maxLength: 1_000 })
      .map((list) => list.toSorted((a, b) => a - b));
    const values = fc.array(fc.integer({ min: -1_100, max: 1_100 }).map((n) => n / 2));
    check(fc.tuple(bounds, values), 200, ([uppers, list]) => {
      const counts = Array.from({ length: uppers.length + 1 }, () => 0);
      for (const value of list) {
        const at = uppers.findIndex((upper) => value <= upper);
        counts[at === -1 ? uppers.length : at]!++;
      }
      expect(fold(histogram.make(uppers), list).detail).toEqual({ bounds: uppers, counts });
    });
  });
});
