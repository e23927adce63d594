import { describe, expect, test } from "bun:test";
import { delta } from "../../src/aggregations/delta.ts";
import { first } from "../../src/aggregations/first.ts";
import { last } from "../../src/aggregations/last.ts";
import { range } from "../../src/aggregations/range.ts";
import { epochMicros } from "../../src/core/time.ts";
import { fold } from "../support/fold.ts";

const window = { count: 2, start: epochMicros(0), end: epochMicros(1) };
const all = [first, last, delta, range] as const;

describe("first, last, delta and range", () => {
  test.each([
    { values: [5], times: [0], results: [5, 5, 0, 0] },
    { values: [1, 2, 9], times: [3, 1, 2], results: [2, 1, -1, 8] },
    { values: [1, 2, 3], times: [4, 4, 4], results: [1, 3, 2, 2] },
    { values: [3, 4, 5], times: [-7, -9, -7], results: [4, 5, 1, 2] },
  ])("of $values at times $times are $results", ({ values, times, results }) => {
    const timed = values.map((value, i) => ({ value, time: times[i]! }));
    expect(all.map((one) => fold(one, timed).value ?? NaN)).toEqual([...results]);
  });

  test("take what they hold for the earlier to arrive when they merge", () => {
    for (const [one, result] of [
      [first, 1],
      [last, 2],
      [delta, 1],
    ] as const) {
      const cells = new Float64Array(2 * one.cells);
      one.init(cells, 0);
      one.init(cells, one.cells);
      one.add(cells, 0, 1, 100);
      one.add(cells, one.cells, 2, 100);
      one.merge(cells, 0, cells, one.cells);
      expect(one.result(cells, 0, window)).toBe(result);
    }
  });

  test("are not finite where the distance is beyond a double", () => {
    expect(fold(delta, [-1.7e308, 1.7e308]).value).toBe(Infinity);
    expect(fold(delta, [1.7e308, -1.7e308]).value).toBe(-Infinity);
    expect(fold(range, [1.7e308, -1.7e308]).value).toBe(Infinity);
  });
});
