import type { ResultDetail } from "../../../src/core/aggregation.ts";
import { spyDetail, spyResult } from "./spy.ts";
import type { SeenEvent } from "./types.ts";

type Naive = (events: readonly SeenEvent[]) => number | null;

const valuesOf = (events: readonly SeenEvent[]): number[] => events.map(({ value }) => value);
const sumOf: Naive = (events) => valuesOf(events).reduce((total, value) => total + value, 0);
// Equal times: the first to arrive is first, the last to arrive is last.
const firstOf = (events: readonly SeenEvent[]): number =>
  events.reduce((first, event) => (event.time < first.time ? event : first)).value;
const lastOf = (events: readonly SeenEvent[]): number =>
  events.reduce((last, event) => (event.time >= last.time ? event : last)).value;

/** For values whose sums are exact in doubles. */
const naive: Readonly<Record<string, Naive>> = {
  sum: sumOf,
  avg: (events) => sumOf(events)! / events.length,
  min: (events) => Math.min(...valuesOf(events)),
  max: (events) => Math.max(...valuesOf(events)),
  count: (events) => events.length,
  first: firstOf,
  last: lastOf,
  delta: (events) => lastOf(events) - firstOf(events),
  range: (events) => Math.max(...valuesOf(events)) - Math.min(...valuesOf(events)),
  spy: (events) => spyResult(events.map(({ time, value }) => [time, value])),
};

/** Functions that the oracle knows. */
export const knownFunctions: ReadonlySet<string> = new Set(Object.keys(naive));

export function resultOf(
  name: string,
  events: readonly SeenEvent[],
): { readonly value: number | null; readonly detail: ResultDetail | undefined } {
  const value = naive[name]!(events);
  const seen = events.map(({ time, value: one }) => [time, one + 0] as const);
  // -0 is never shown.
  return {
    value: value === null ? null : value + 0,
    detail: name === "spy" ? spyDetail(seen) : undefined,
  };
}
