import type { OwnMetric } from "../core/own-metric-names.ts";
import type { DurationText } from "./duration.ts";
import type { Configurable } from "./env.ts";

declare const rules: unique symbol;

/**
 * What an alert looks at, as {@link rowValue} and its like make it. `Rule` are the names of rules in it, for the
 * editor alone.
 */
export interface ConditionCall<Rule extends string = string> {
  readonly kind: string;
  readonly [rules]?: Rule;
}

/** When a value is out of order: beyond a bound on one side; and where it is in order again. */
export type Bound<Value = number> =
  | {
      readonly above: Configurable<Value>;
      readonly below?: undefined;
      /** It fires until the value is not above this any more; `above` when left out. */
      readonly until?: Configurable<Value> | undefined;
    }
  | {
      readonly below: Configurable<Value>;
      readonly above?: undefined;
      /** It fires until the value is not below this any more; `below` when left out. */
      readonly until?: Configurable<Value> | undefined;
    };

/** Globs that a label has to match, by label. */
type Globs = Readonly<Record<string, string | readonly string[]>>;

/** Which result rows are meant. */
interface Rows<Rule extends string> {
  /** Of this rule; of any when left out. */
  readonly rule?: Rule | undefined;
  /** One glob, or several, for the name of the series. */
  readonly name?: string | readonly string[] | undefined;
  readonly labels?: Globs | undefined;
}

/**
 * The value of result rows, each series by itself, in event time.
 *
 * @example
 * ```ts
 * rowValue({ rule: "per_minute", name: "temp.*", function: "max", above: 90, until: 80 });
 * ```
 */
export function rowValue<const Rule extends string = never>(
  options: Rows<Rule> & {
    /** The `agg_func` of the row; any when left out. */
    readonly function?: string | undefined;
    /** `value` when left out. */
    readonly field?: "value" | "count" | undefined;
    /** A series without rows for so long is forgotten, and resolved; three windows when left out. */
    readonly staleAfter?: Configurable<DurationText> | undefined;
  } & Bound,
): ConditionCall<Rule> {
  return call("rows", options);
}

/** A series without a row for so long, in event time. A name without wildcards is expected from the start. */
export function noRows<const Rule extends string = never>(
  options: Rows<Rule> & {
    readonly name: string | readonly string[];
    readonly after: Configurable<DurationText>;
  },
): ConditionCall<Rule> {
  return call("absence", options);
}

/** A metric of `/metrics` by its name there; with `over` by how much it grew in that time. */
export function ownMetric(
  metric: OwnMetric,
  options: Bound & {
    readonly labels?: Globs | undefined;
    readonly over?: Configurable<DurationText> | undefined;
  },
): ConditionCall<never> {
  return call("metric", { ...options, metric });
}

/** The source cannot be reached. */
export function sourceDown(): ConditionCall<never> {
  return call("source_down", {});
}

/** A sink cannot be reached: one, those that a glob names, or any. */
export function sinkDown(options: { readonly sink?: string } = {}): ConditionCall<never> {
  return call("sink_down", options);
}

/** How far the watermark is behind the clock: `watermarkLag({ above: "5m", until: "1m" })`. */
export function watermarkLag(options: Bound<DurationText>): ConditionCall<never> {
  return call("watermark_lag", options);
}

/** Events that came too late for a window, as a share of those received within `over` (5m): `{ above: 0.01 }`. */
export function lateShare(
  options: Bound & { readonly over?: Configurable<DurationText> | undefined },
): ConditionCall<never> {
  return call("late_share", options);
}

/** How many rows wait for a sink. */
export function outboxRows(options: Bound & { readonly sink?: string }): ConditionCall<never> {
  return call("outbox_rows", options);
}

/** What of `state.maxOutboxBytes` is taken by rows that wait, from 0 to 1; at 1 reading stops. */
export function outboxFill(options: Bound & { readonly sink?: string }): ConditionCall<never> {
  return call("outbox_fill", options);
}

/** How long the oldest row has waited for a sink. */
export function outboxAge(
  options: Bound<DurationText> & { readonly sink?: string },
): ConditionCall<never> {
  return call("outbox_age", options);
}

/** What of the disk of the state is free, from 0 to 1: `diskFree({ below: 0.1, until: 0.15 })`. */
export function diskFree(options: Bound): ConditionCall<never> {
  return call("disk_free", options);
}

/** Events that a bus threw away before we read them, within `over`. */
export function eventsLost(
  options: Partial<Bound> & { readonly over?: Configurable<DurationText> | undefined } = {},
): ConditionCall<never> {
  return call("events_lost", options);
}

/** Events that were refused (dead letters) within `over`. */
export function deadLetters(
  options: Bound & { readonly over?: Configurable<DurationText> | undefined },
): ConditionCall<never> {
  return call("dead_letters", options);
}

function call(kind: string, options: object): ConditionCall<never> {
  // All options are passed on, so that the check sees a misspelt one.
  return { ...options, kind };
}
