import type { Aggregation } from "../core/aggregation.ts";
import { avg } from "./avg.ts";
import { count } from "./count.ts";
import { max } from "./max.ts";
import { min } from "./min.ts";
import { sum } from "./sum.ts";

/**
 * Every function, the bus's own four first: `sum` leads since it is what an event without `agg_func`
 * means.
 */
export const aggregations: readonly Aggregation[] = [sum, avg, min, max, count];
