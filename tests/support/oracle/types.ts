import type { LabelPairs } from "../../../src/core/columns.ts";
import type { EngineRow } from "../../../src/engine/engine-row.ts";

/** An event as the oracle is told it; times in microseconds. */
export interface OracleEvent {
  readonly name: string;
  /** Index of the function that it names. */
  readonly fn: number;
  readonly value: number;
  readonly time: number;
  readonly id: string | undefined;
  readonly labels: LabelPairs | undefined;
}

/** [start, end). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What of an event tells its series apart, within one rule. */
export interface OracleSeries {
  readonly key: string;
  readonly name: string;
  /** Sorted. */
  readonly labels: LabelPairs;
  /** The function, where events name it; undefined: all of the rule. */
  readonly fn: number | undefined;
}

/** An event as a rule sees it. */
export interface SeenEvent {
  readonly series: OracleSeries;
  readonly value: number;
  readonly time: number;
}

/** A window of a series with its events, in the order in which they came. */
export interface OracleWindow extends Span {
  readonly series: OracleSeries;
  readonly events: readonly SeenEvent[];
}

/** A row but for what hangs on when it was asked for. */
export type OracleRow = Omit<EngineRow, "revision" | "partial" | "withdrawn">;

/** What becomes of an event in one rule. */
export type Verdict = "aggregated" | "late_partial" | "late" | "over_limit" | "filtered" | "failed";

/** What becomes of an event. */
export type Outcome =
  | "aggregated"
  | "duplicate"
  | "future"
  | "late"
  | "over_limit"
  | "rule_failed"
  | "filtered";

/** What tells a row from all others; the id of a row is made of this. */
export function keyOf(
  row: Pick<EngineRow, "rule" | "name" | "labels" | "agg_func"> & { readonly start: number },
): string {
  return JSON.stringify([row.rule, row.name, row.labels, row.agg_func, row.start]);
}
