import type { EpochMicros } from "../core/time.ts";

/** One result as the engine gives it: what a row needs and the engine knows. */
export interface EngineRow {
  readonly rule: string;
  readonly name: string;
  readonly agg_func: string;
  readonly start: EpochMicros;
  readonly end: EpochMicros;
  /** null when it is beyond a double. */
  readonly value: number | null;
  readonly count: number;
  readonly revision: number;
  readonly partial: boolean;
}

/** The order of the rows of one firing: by window end, rule, name and function (UTF-16 code units). */
export function compareRows(a: EngineRow, b: EngineRow): number {
  if (a.end !== b.end) return a.end - b.end;
  return compare(a.rule, b.rule) || compare(a.name, b.name) || compare(a.agg_func, b.agg_func);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
