import type { FunctionParameter } from "../core/aggregation.ts";
import type { DurationText } from "./duration.ts";
import type { Configurable } from "./env.ts";

/** What {@link eventFunction} makes. */
export interface EventFunctionCall {
  readonly kind: "event";
}

/** One function to compute over a window: what `sum()`, `quantile(0.99)` and their like make. */
export interface FunctionCall {
  readonly kind: "function";
  readonly name: string;
}

/** Each event names its own function (`agg_func`), which becomes part of the series. */
export function eventFunction(): EventFunctionCall {
  return { kind: "event" };
}

/** What a configuration writes for an argument. */
interface Arguments {
  readonly fraction: number;
  readonly bounds: readonly number[];
  readonly duration: DurationText;
}

/** How messages call the argument of a function. */
export const ARGUMENT_NAMES: Readonly<Record<FunctionParameter, string>> = {
  fraction: "q",
  bounds: "bounds",
  duration: "halfLife",
};

/** The helper of a function without an argument, or with one of some kind. */
export function functionCall(name: string): () => FunctionCall;
export function functionCall<Parameter extends FunctionParameter>(
  name: string,
  parameter: Parameter,
): (argument: Configurable<Arguments[Parameter]>) => FunctionCall;
export function functionCall(
  name: string,
  parameter?: FunctionParameter,
): (argument?: unknown) => FunctionCall {
  const call = (argument?: unknown): FunctionCall =>
    parameter === undefined
      ? { kind: "function", name }
      : { kind: "function", name, [ARGUMENT_NAMES[parameter]]: argument };
  // So that a call without its parentheses can be told by name.
  return Object.defineProperty(call, "name", { value: name });
}
