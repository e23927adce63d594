import { defineAggregation } from "../core/aggregation.ts";
import { variance } from "./variance.ts";

/**
 * The standard deviation of a sample: √(Σ(x - mean)² / (n - 1)), in the value's unit; null for one value.
 * Its relative error is half that of `variance`.
 */
export const stddev = defineAggregation({
  ...variance,
  name: "stddev",
  result(cells, at) {
    const n = cells[at]!;
    return n < 2 ? null : Math.sqrt(cells[at + 3]! / (n - 1));
  },
});
