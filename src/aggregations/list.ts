import type { CellAggregation, FunctionDefinition } from "../core/aggregation.ts";
import type { AggregateSettings } from "../core/settings.ts";
import { avg } from "./avg.ts";
import { count } from "./count.ts";
import { max } from "./max.ts";
import { min } from "./min.ts";
import { sum } from "./sum.ts";

/**
 * What an event may name where the configuration registers no more. `sum` leads since it is what an event
 * without `agg_func` means.
 */
export const busFunctions: readonly CellAggregation[] = [sum, avg, min, max, count];

/** Each event names one of these. */
export const byEvent: AggregateSettings = {
  kind: "event",
  functions: busFunctions.map((aggregation) => ({ key: aggregation.name, aggregation })),
};

/** Every function that a configuration may call. */
export const functionDefinitions: readonly FunctionDefinition[] = busFunctions.map((aggregation) => ({
  name: aggregation.name,
  make: () => aggregation,
}));
