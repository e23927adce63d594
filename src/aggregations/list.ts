import type { Aggregation, CellAggregation, FunctionDefinition } from "../core/aggregation.ts";
import type { AggregateSettings } from "../core/settings.ts";
import { avg } from "./avg.ts";
import { count } from "./count.ts";
import { delta } from "./delta.ts";
import { distinct } from "./distinct.ts";
import { ewma } from "./ewma.ts";
import { first } from "./first.ts";
import { histogram } from "./histogram.ts";
import { last } from "./last.ts";
import { max } from "./max.ts";
import { median } from "./median.ts";
import { min } from "./min.ts";
import { quantile } from "./quantile.ts";
import { range } from "./range.ts";
import { rate } from "./rate.ts";
import { stddev } from "./stddev.ts";
import { stddevPop } from "./stddevPop.ts";
import { sum } from "./sum.ts";
import { variance } from "./variance.ts";
import { variancePop } from "./variancePop.ts";

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
export const functionDefinitions: readonly FunctionDefinition[] = [
  ...busFunctions.map(withoutArgument),
  ...[first, last, range, delta].map(withoutArgument),
  ...[stddev, stddevPop, variance, variancePop, median].map(withoutArgument),
  quantile,
  ...[rate, distinct].map(withoutArgument),
  histogram,
  ewma,
];

function withoutArgument(aggregation: Aggregation): FunctionDefinition {
  return { name: aggregation.name, make: () => aggregation };
}
