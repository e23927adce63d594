import { defineAggregation } from "../core/aggregation.ts";
import { sum } from "./sum.ts";

/** The arithmetic mean: the compensated sum, divided once at the end. */
export const avg = defineAggregation({
  ...sum,
  name: "avg",
  result(cells, at, count) {
    return sum.result(cells, at, count) / count;
  },
});
