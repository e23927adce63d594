import { functionDefinitions } from "../../src/aggregations/list.ts";
import type { Aggregation, WindowFacts } from "../../src/core/aggregation.ts";
import type { AggregationPromise, TimedValue } from "../contract/aggregations.ts";
import { ewmaExactly, quantileExactly, varianceExactly } from "../support/exact-moments.ts";
import { exactly, minus, nearestDouble, sumExactly, toDouble } from "../support/rational.ts";
import { ulp } from "../support/ulp.ts";

/** A function as a configuration calls it, and what it promises. */
export interface PromisingAggregation {
  readonly aggregation: Aggregation;
  readonly promise: AggregationPromise;
}

const EPSILON = 2 ** -53;
/** Where the squares of distances vanish. */
const TINY = 1e-150;

const valuesOf = (events: readonly TimedValue[]): number[] => events.map(({ value }) => value);

/** 2 ulp of the exact sum, and n²ε²·Σ|x|. */
function sumError(events: readonly TimedValue[]): number {
  const values = valuesOf(events);
  const magnitude = toDouble(sumExactly(values.map(Math.abs)));
  const exact = toDouble(sumExactly(values));
  return 2 * ulp(exact) + values.length ** 2 * EPSILON ** 2 * magnitude;
}

const exact = { error: () => 0, isExactOfQuarters: true, order: "same" } as const;

const smallest = (events: readonly TimedValue[]): number => Math.min(...valuesOf(events));
const largest = (events: readonly TimedValue[]): number => Math.max(...valuesOf(events));

/** By time; arrival decides between equal ones, as the sort leaves them as they are. */
const firstOf = (events: readonly TimedValue[]): number =>
  events.toSorted((a, b) => a.time - b.time)[0]!.value;
const lastOf = (events: readonly TimedValue[]): number =>
  events.toSorted((a, b) => a.time - b.time).at(-1)!.value;

const difference = (a: number, b: number): number => toDouble(minus(exactly(a), exactly(b)));

const secondsOf = ({ start, end }: WindowFacts): number => (end - start) / 1e6;

function spread(by: "sample" | "population", root: "root" | "square"): AggregationPromise {
  return {
    exact(events) {
      if (by === "sample" && events.length < 2) return null;
      const variance = varianceExactly(valuesOf(events), by);
      return root === "root" ? Math.sqrt(variance) : variance;
    },
    error: ({ length }, value) => 4 * length ** 1.5 * EPSILON * value + TINY,
    order: "within-error",
  };
}

/** @param part In thousandths. */
function quantileOf(part: number): AggregationPromise {
  const q = { part, of: 1_000 };
  return {
    exact: (events) => quantileExactly(Float64Array.from(valuesOf(events)).sort(), q),
    error(events) {
      const sorted = Float64Array.from(valuesOf(events)).sort();
      const below = Math.floor(((sorted.length - 1) * part) / q.of);
      const [a, b] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
      const isExact = sorted.length <= 1_024 || part === 0 || part === q.of;
      const magnitude = Math.max(Math.abs(a), Math.abs(b));
      if (!isExact) return 0.01 * magnitude;
      return 4 * EPSILON * magnitude + 5e-324;
    },
    order: "same",
  };
}

/** What each function promises, by the name of its definition and the text of its argument. */
const promised: Readonly<Record<string, AggregationPromise>> = {
  sum: {
    exact: (events) => toDouble(sumExactly(valuesOf(events))),
    error: sumError,
    isExactOfQuarters: true,
    order: "within-error",
  },
  avg: {
    exact(events) {
      const { numerator, shift } = sumExactly(valuesOf(events));
      return nearestDouble(numerator, BigInt(events.length) << shift);
    },
    error: (events, value) => sumError(events) / events.length + ulp(value),
    isExactOfQuarters: true,
    order: "within-error",
  },
  min: { ...exact, exact: smallest },
  max: { ...exact, exact: largest },
  count: { ...exact, exact: ({ length }) => length },
  first: { ...exact, exact: firstOf, arrivalMatters: true },
  last: { ...exact, exact: lastOf, arrivalMatters: true },
  delta: {
    ...exact,
    exact: (events) => difference(lastOf(events), firstOf(events)),
    arrivalMatters: true,
  },
  range: { ...exact, exact: (events) => difference(largest(events), smallest(events)) },
  stddev: spread("sample", "root"),
  stddevPop: spread("population", "root"),
  variance: spread("sample", "square"),
  variancePop: spread("population", "square"),
  median: quantileOf(500),
  "quantile(0)": quantileOf(0),
  "quantile(0.07)": quantileOf(70),
  "quantile(0.99)": quantileOf(990),
  "quantile(1)": quantileOf(1_000),
  rate: {
    exact: (events, window) => toDouble(sumExactly(valuesOf(events))) / secondsOf(window),
    error: (events, value) => sumError(events) / 60 + 2 * ulp(value),
    isExactOfQuarters: true,
    order: "within-error",
  },
  distinct: {
    exact: (events) => new Set(valuesOf(events)).size, // for which 0 and -0 are one
    // Five times the standard error.
    error: (_, value) => (value <= 1_024 ? 0 : 5 * 0.0082 * value),
    order: "same",
  },
  "histogram([-10,0,0.5,300])": { ...exact, exact: ({ length }) => length },
  'ewma("5m")': ewmaOf(300_000_000),
  'ewma("7ms")': ewmaOf(7_000),
};

function ewmaOf(halfLife: number): AggregationPromise {
  return {
    exact: (events) => ewmaExactly(events, halfLife),
    error(events) {
      const magnitudes = events.map(({ value, time }) => ({ value: Math.abs(value), time }));
      return 8 * EPSILON * ewmaExactly(magnitudes, halfLife) + 1e-320;
    },
    order: "within-error",
  };
}

function callsOf(definition: (typeof functionDefinitions)[number]): Aggregation[] {
  switch (definition.parameter) {
    case undefined:
      return [definition.make()];
    case "fraction":
      return [0, 0.07, 0.99, 1].map((q) => definition.make(q));
    case "bounds":
      return [definition.make([-10, 0, 0.5, 300])];
    case "duration":
      return [definition.make(300_000_000, "5m"), definition.make(7_000, "7ms")];
  }
}

/** Every function that there is a promise for. */
export const promises: readonly PromisingAggregation[] = functionDefinitions
  .flatMap(callsOf)
  .flatMap((aggregation) => {
    const promise = promised[aggregation.name];
    return promise === undefined ? [] : [{ aggregation, promise }];
  });
