import { defineAggregation } from "../core/aggregation.ts";
import { variance } from "./variance.ts";

/** The variance of a population: Σ(x - mean)² / n; 0 for one value. Computed as `variance` is. */
export const variancePop = defineAggregation({
  ...variance,
  name: "variancePop",
  result(cells, at) {
    return cells[at + 3]! / cells[at]!;
  },
});
