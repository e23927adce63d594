import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { busFunctions as aggregations } from "../../src/aggregations/list.ts";
import { type AggregationPromise, testAggregation } from "../contract/aggregations.ts";
import { TIMEOUT_MS } from "../support/effort.ts";

setDefaultTimeout(TIMEOUT_MS);

const EPSILON = 2 ** -53;

/** Twice the stated error of a sum: both results may be off, in opposite directions. */
function sumTolerance(values: readonly number[]): number {
  const magnitude = values.reduce((total, value) => total + Math.abs(value), 0);
  const exact = Math.abs(values.reduce((total, value) => total + value, 0)) + 1e-300;
  return 2 * (4 * EPSILON * exact + values.length ** 2 * EPSILON ** 2 * magnitude) + 1e-300;
}

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const promises: Readonly<Record<string, AggregationPromise>> = {
  sum: { exact: total, tolerance: sumTolerance },
  avg: { exact: (values) => total(values) / values.length, tolerance: sumTolerance },
  min: { exact: (values) => values.toSorted((a, b) => a - b)[0]!, tolerance: () => 0 },
  max: { exact: (values) => values.toSorted((a, b) => b - a)[0]!, tolerance: () => 0 },
  count: { exact: (values) => values.length, tolerance: () => 0 },
};

describe("every function of the list keeps the laws", () => {
  for (const aggregation of aggregations) {
    testAggregation(aggregation, promises[aggregation.name]!);
  }
});

test("the list begins with what an event means that names no function", () => {
  expect(aggregations.map(({ name }) => name)).toEqual(["sum", "avg", "min", "max", "count"]);
});
