/** What a chart asks of the rows that a sink keeps: those of one series. */
export interface HistoryQuery {
  readonly pipeline: string;
  readonly rule: string;
  readonly name: string;
  /** As JSON, sorted by key; `{}` without any. */
  readonly labels: string;
  readonly agg_func: string;
  /** Starts of windows, in Unix seconds: [from, to). Both finite. */
  readonly from: number;
  readonly to: number;
  /** More rows than that are put together. At least 2. */
  readonly pointsMax: number;
}

/** One window, or those that begin within one step. */
export interface HistoryPoint {
  /** Start of the first of them, and end of the last, in Unix seconds. */
  readonly start: number;
  readonly end: number;
  /** Of their values; null when none of them has one. */
  readonly min: number | null;
  readonly max: number | null;
  /** The mean of their values, each counted once. */
  readonly avg: number | null;
  /** How many. */
  readonly windows: number;
}

export interface History {
  /** By time. */
  readonly points: readonly HistoryPoint[];
  /** Windows that begin within so many seconds are one point; null: each is one of its own. */
  readonly stepSeconds: number | null;
  /** Unix seconds from which on it is whole; before that there were too many rows to look at. */
  readonly wholeFrom: number;
}

/** A row that was read back: one window of the series. */
export interface HistoryRow {
  readonly start: number;
  readonly end: number;
  readonly value: number | null;
}

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** Steps that a person reads at a glance. */
const STEPS = [1, 2, 5, 10, 15, 30]
  .concat([1, 2, 5, 10, 15, 30].map((n) => n * MINUTE))
  .concat([1, 2, 3, 6, 12].map((n) => n * HOUR))
  .concat([1, 2, 7, 14, 28].map((n) => n * DAY));

/**
 * The step of a chart over `seconds` with at most `pointsMax` points: a round one, where it is longer than a
 * second.
 */
export function historyStep(seconds: number, pointsMax: number): number {
  const least = seconds / Math.max(pointsMax, 1);
  if (least <= 1) return least > 0 ? least : 1;
  const longest = STEPS.at(-1)!;
  return STEPS.find((step) => step >= least) ?? Math.ceil(least / longest) * longest;
}

/** Puts rows together where there are more than wanted. @param rows In any order. */
export function historyOf(
  rows: readonly HistoryRow[],
  { pointsMax, wholeFrom }: { readonly pointsMax: number; readonly wholeFrom: number },
): History {
  const sorted = rows.toSorted((a, b) => a.start - b.start);
  if (sorted.length <= pointsMax) {
    const points = sorted.map(({ start, end, value }) => ({
      start,
      end,
      min: value,
      max: value,
      avg: value,
      windows: 1,
    }));
    return { points, stepSeconds: null, wholeFrom };
  }
  // One less, since the first step may begin before the first row.
  const spread = sorted.at(-1)!.start - sorted[0]!.start;
  const step = historyStep(spread, pointsMax - 1);
  const points: HistoryPoint[] = [];
  for (let from = 0; from < sorted.length; ) {
    const slot = Math.floor(sorted[from]!.start / step);
    let to = from + 1;
    while (to < sorted.length && Math.floor(sorted[to]!.start / step) === slot) to++;
    points.push(together(sorted.slice(from, to)));
    from = to;
  }
  return { points, stepSeconds: step, wholeFrom };
}

function together(rows: readonly HistoryRow[]): HistoryPoint {
  const values = rows.flatMap(({ value }) => (value === null ? [] : [value]));
  const has = values.length > 0;
  return {
    start: rows[0]!.start,
    end: rows.reduce((last, { end }) => Math.max(last, end), -Infinity),
    min: has ? values.reduce((least, one) => Math.min(least, one)) : null,
    max: has ? values.reduce((most, one) => Math.max(most, one)) : null,
    // Divided first: the sum of large values may be beyond a double.
    avg: has ? values.reduce((mean, one) => mean + one / values.length, 0) : null,
    windows: rows.length,
  };
}
