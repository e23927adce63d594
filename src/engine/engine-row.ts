import type { ResultDetail } from "../core/aggregation.ts";
import type { LabelPairs } from "../core/columns.ts";
import type { EpochMicros } from "../core/time.ts";

/** One result as the engine gives it: what a row needs and the engine knows. */
export interface EngineRow {
  readonly rule: string;
  readonly name: string;
  /** Sorted by label. */
  readonly labels: LabelPairs;
  readonly agg_func: string;
  readonly start: EpochMicros;
  readonly end: EpochMicros;
  /** null when there is none: beyond a double (`overflow`), not defined for these values, withdrawn. */
  readonly value: number | null;
  readonly count: number;
  readonly revision: number;
  readonly partial: boolean;
  readonly overflow: boolean;
  readonly filled: boolean;
  readonly withdrawn: boolean;
  readonly detail: ResultDetail | undefined;
}

/** The order of the rows of one firing: by window end, rule, name, labels and function (UTF-16 code units). */
export function compareRows(a: EngineRow, b: EngineRow): number {
  if (a.end !== b.end) return a.end - b.end;
  return (
    compareTexts(a.rule, b.rule) ||
    compareTexts(a.name, b.name) ||
    compareLabels(a.labels, b.labels) ||
    compareTexts(a.agg_func, b.agg_func)
  );
}

/** The order of labels, each list sorted by label: the first that differ decide, then how many there are. */
export function compareLabels(a: LabelPairs, b: LabelPairs): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = compareTexts(a[i]![0], b[i]![0]) || compareTexts(a[i]![1], b[i]![1]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** The order of texts by UTF-16 code units. */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
