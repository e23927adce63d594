import type { DurationText } from "./duration.ts";
import type { Configurable } from "./env.ts";

/** What {@link tumbling} makes. */
export interface TumblingCall {
  readonly kind: "tumbling";
  readonly size: DurationText;
  readonly offset?: DurationText | undefined;
}

/** What {@link eventFunction} makes. */
export interface EventFunctionCall {
  readonly kind: "event";
}

/** One function to compute over a window: what `sum()` and its like make. */
export interface FunctionCall {
  readonly kind: "function";
  readonly name: string;
}

/**
 * Adjacent windows of one size, aligned to the epoch.
 *
 * @example
 * ```ts
 * tumbling("1d", { offset: "6h" }).size; // => "1d", from 06:00 UTC to 06:00 UTC
 * ```
 */
export function tumbling(
  size: Configurable<DurationText>,
  options: { readonly offset?: Configurable<DurationText> } = {},
): Configurable<TumblingCall> {
  // All options are passed on, so that the check sees a misspelt one.
  return { ...options, kind: "tumbling", size };
}

/** Each event names its own function (`agg_func`), which becomes part of the series. */
export function eventFunction(): EventFunctionCall {
  return { kind: "event" };
}

/** The helper of a function that has no options. */
export function functionCall(name: string): () => FunctionCall {
  const call = (): FunctionCall => ({ kind: "function", name });
  // So that a call without its parentheses can be told by name.
  return Object.defineProperty(call, "name", { value: name });
}
