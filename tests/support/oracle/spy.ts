import { defineObjectAggregation } from "../../../src/core/aggregation.ts";

/** Values with their times: what {@link spy} keeps. */
type Seen = readonly (readonly [time: number, value: number])[];

/**
 * A function that tells everything it was given: an event lost, doubled, or put into a wrong window
 * shows in its result, however it came about. Its accumulator is an object.
 */
export const spy = defineObjectAggregation<Seen>({
  name: "spy",
  init: () => [],
  add: (seen, value, time) => [...seen, [time, value + 0]],
  merge: (target, source) => [...target, ...source],
  result: spyResult,
  detail: spyDetail,
  encode: (seen) => new TextEncoder().encode(JSON.stringify(seen)),
  decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)),
});

/** The smallest time, in seconds and a little beside what others give; null for a single event. */
export function spyResult(seen: Seen): number | null {
  return seen.length < 2 ? null : Math.min(...seen.map(([time]) => time)) / 4;
}

export function spyDetail(seen: Seen): { readonly seen: Seen } {
  return { seen: seen.toSorted(([t, a], [u, b]) => t - u || a - b) };
}
