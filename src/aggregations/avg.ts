import { defineAggregation } from "../core/aggregation.ts";
import { sum } from "./sum.ts";

/** The arithmetic mean: the compensated sum, divided once at the end. */
export const avg = defineAggregation({
  ...sum,
  name: "avg",
  result(cells, at, window) {
    return (cells[at]! + cells[at + 1]!) / window.count;
  },
});
