import type { Aggregation, ResultDetail, WindowFacts } from "../../src/core/aggregation.ts";
import { epochMicros } from "../../src/core/time.ts";
import type { TimedValue } from "../contract/aggregations.ts";

/** What a function makes of events in the order of their arrival. */
export interface Folded {
  readonly value: number | null;
  readonly detail: ResultDetail | undefined;
}

/** Adds all events to one accumulator; without times they are a second apart. */
export function fold(
  aggregation: Aggregation,
  events: Iterable<number | TimedValue>,
  window: { readonly start: number; readonly end: number } = { start: 0, end: 60_000_000 },
): Folded {
  const timed = Array.from(events, (event, i) =>
    typeof event === "number" ? { value: event, time: i * 1_000_000 } : event,
  );
  const facts: WindowFacts = {
    count: timed.length,
    start: epochMicros(window.start),
    end: epochMicros(window.end),
  };
  if (aggregation.kind === "cells") {
    const cells = new Float64Array(aggregation.cells);
    aggregation.init(cells, 0);
    for (const { value, time } of timed) aggregation.add(cells, 0, value, time);
    const value = aggregation.result(cells, 0, facts);
    return { value, detail: aggregation.detail?.(cells, 0, facts) };
  }
  let state = aggregation.init();
  for (const { value, time } of timed) state = aggregation.add(state, value, time);
  return { value: aggregation.result(state, facts), detail: aggregation.detail?.(state, facts) };
}
