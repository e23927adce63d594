import { defineAggregation } from "../core/aggregation.ts";
import { variance } from "./variance.ts";

/** The standard deviation of a population: √(Σ(x - mean)² / n); 0 for one value. As `stddev` else. */
export const stddevPop = defineAggregation({
  ...variance,
  name: "stddevPop",
  result(cells, at) {
    return Math.sqrt(cells[at + 3]! / cells[at]!);
  },
});
