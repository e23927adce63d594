/**
 * The events of a batch as one rule sees them, a field a column. `group` and the function of the event
 * tell the series; a negative group means that the event is not for this rule, which is marked already.
 */
export interface RuleEvents {
  readonly group: Int32Array;
  readonly fn: Uint8Array;
  readonly value: Float64Array;
  readonly time: Float64Array;
  /** `MISSED` bits of what this rule did not take; 0 before. */
  readonly marks: Uint8Array;
}

/**
 * How the watermark moves while the events of a range come in, so that what is late is told event by
 * event: `max(value, min(others, newest - outOfOrderness))`, with `newest` the greatest event time up to the event.
 */
export interface WatermarkPath {
  /** The watermark before the range. */
  readonly value: number;
  /** The newest event time of the partition before the range. */
  readonly newest: number;
  /** What the other partitions allow. */
  readonly others: number;
  readonly outOfOrderness: number;
}

/** What a series is called. */
export interface Groups {
  name(group: number): string;
  /** Sorted by label. */
  labels(group: number): readonly (readonly [string, string])[];
}
