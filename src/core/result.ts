/** One row per series and window: the same fields in every sink. */
export interface ResultRow {
  /** UUIDv8 of the series and the window: the same row has the same id, whoever computes it, and when. */
  readonly id: string;
  readonly pipeline: string;
  readonly rule: string;
  readonly name: string;
  /** Without a prototype, so that `__proto__` is a label like any other. */
  readonly labels: Readonly<Record<string, string>>;
  readonly agg_func: string;
  /** Unix seconds; the window is [start, end). */
  readonly window_start: number;
  readonly window_end: number;
  /** Finite; null when withdrawn, or when the result is beyond a double (`overflow`). */
  readonly value: number | null;
  /** Events in it. */
  readonly count: number;
  /** 0 on time, then 1, 2, … as late events correct it. */
  readonly revision: number;
  readonly detail?: Readonly<Record<string, unknown>>;
  /** The window began before we could see it. */
  readonly partial?: true;
  /** No event came: the row fills a gap. */
  readonly filled?: true;
  readonly overflow?: true;
  /** The window is no more: sinks delete the row. */
  readonly withdrawn?: true;
}
