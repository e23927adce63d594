import type { FOLD } from "./columns.ts";
import type { EpochMicros } from "./time.ts";

/** What a result may hang on besides the values. */
export interface WindowFacts {
  /** Events of the series in the window: more than 0. */
  readonly count: number;
  /** The window: [start, end). */
  readonly start: EpochMicros;
  readonly end: EpochMicros;
}

/** What structured results show besides their value; plain JSON. */
export type ResultDetail = Readonly<Record<string, unknown>>;

/**
 * A function of the values of a window whose accumulator is `cells` consecutive doubles of a larger
 * array, at `at`; nothing is allocated per event. `init`, `add` and `merge` form a commutative monoid
 * (up to rounding, and but for what arrival order decides between equal times): the result does not hang
 * on how the events were divided or ordered.
 *
 * Called in the hot path, by one thread: plain arithmetic only, no closure over state.
 */
export interface CellAggregation {
  readonly kind: "cells";
  /** How events and rows name it, with its parameter: `sum`, `ewma("5m")`. */
  readonly name: string;
  /** Doubles that one accumulator takes. */
  readonly cells: number;
  /** Set when `add` does what this fold says, so that the decoder may do it in place. */
  readonly fold?: Exclude<keyof typeof FOLD, "byAdd">;
  /** Makes the accumulator of no events. The cells hold anything before. */
  init(cells: Float64Array, at: number): void;
  /** Adds one finite value. @param time Event time in microseconds ({@link EpochMicros}). */
  add(cells: Float64Array, at: number, value: number, time: number): void;
  /** Adds what `source` holds to `target`; what `target` holds counts as the earlier to arrive. */
  merge(target: Float64Array, targetAt: number, source: Float64Array, sourceAt: number): void;
  /**
   * The result; null when these values have none (the variance of one value); not finite when it is
   * beyond a double.
   */
  result(cells: Float64Array, at: number, window: WindowFacts): number | null;
  /** What the row shows besides. */
  detail?(cells: Float64Array, at: number, window: WindowFacts): ResultDetail;
}

/**
 * A function whose accumulator grows with what it sees, so that it stands apart from the cells: sketches,
 * and functions of a configuration. The same laws as of {@link CellAggregation} hold.
 */
export interface ObjectAggregation<State = unknown> {
  readonly kind: "object";
  readonly name: string;
  /** A text that changes when its meaning does, where the name does not say it all. */
  readonly source?: string;
  /** Makes the accumulator of no events. */
  init(): State;
  /** Adds one finite value: changes `state` and returns it, or returns another. */
  add(state: State, value: number, time: number): State;
  /** Adds what `source` holds to `target`; leaves `source` as it is. */
  merge(target: State, source: State): State;
  result(state: State, window: WindowFacts): number | null;
  detail?(state: State, window: WindowFacts): ResultDetail;
  /** For the checkpoint: `decode(encode(state))` is as good as `state`. */
  encode(state: State): Uint8Array;
  decode(bytes: Uint8Array): State;
}

// A list of functions does not care what the state of each is: only it itself looks into it.
export type Aggregation = CellAggregation | ObjectAggregation;

/** Whether the accumulator of a function is cells alone. */
export function hasCells(aggregation: Aggregation): aggregation is CellAggregation {
  return aggregation.kind === "cells";
}

/** Checks nothing and changes nothing: it gives the literal its type and marks it as an aggregation. */
export function defineAggregation(aggregation: Omit<CellAggregation, "kind">): CellAggregation {
  return { kind: "cells", ...aggregation };
}

/** As {@link defineAggregation}, for an accumulator that is an object. */
export function defineObjectAggregation<State>(
  aggregation: Omit<ObjectAggregation<State>, "kind">,
): ObjectAggregation {
  // The state goes in where it came out: `init`, `add`, `merge` and `decode` are the only ones to make it.
  return { kind: "object", ...aggregation } as unknown as ObjectAggregation;
}

/** What the argument of a function is: a number in [0, 1], ascending finite numbers, or microseconds. */
export type FunctionParameter = "fraction" | "bounds" | "duration";

/** A function as a configuration may call it: one file of `aggregations`, one line of its list. */
export type FunctionDefinition =
  | { readonly name: string; readonly parameter?: undefined; make(): Aggregation }
  | { readonly name: string; readonly parameter: "fraction"; make(fraction: number): Aggregation }
  | {
      readonly name: string;
      readonly parameter: "bounds";
      make(bounds: readonly number[]): Aggregation;
    }
  | {
      readonly name: string;
      readonly parameter: "duration";
      /** @param text The duration as the configuration wrote it: part of the name. */
      make(micros: number, text: string): Aggregation;
    };
