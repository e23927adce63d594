import { defineObjectAggregation } from "../core/aggregation.ts";
import { quantile } from "./quantile.ts";

/** The value in the middle, of an even number the mean of the two: `quantile(0.5)`, under its own name. */
export const median = defineObjectAggregation({ ...quantile.make(0.5), name: "median" });
