/** An event of the bus, as producers write it. One JSON object (RFC 8259) a line. */
export interface BusEvent {
  /** Not empty, at most `NAME_BYTES_MAX` bytes of UTF-8, no NUL, no lone surrogate. */
  readonly name: string;
  /** Finite. */
  readonly value: number;
  /** Unix time, in seconds unless the source says otherwise; a fraction is allowed. */
  readonly timestamp: number;
  /** The function that aggregates this event; `sum` when absent or null. */
  readonly agg_func?: string | null;
  /** Deduplicates where present; a number counts as its decimal text, but a whole one beyond 2^53 is refused. */
  readonly id?: string | number | null;
  readonly labels?: Readonly<Record<string, string>> | null;
}

/** A metric of the bus: what the service says of itself. */
export interface Metric {
  readonly name: string;
  readonly value: number;
  /** Unix seconds. */
  readonly timestamp: number;
  /** Unique, so that a metric sent twice counts once. */
  readonly id: string;
}

/** Why an event or a row was refused. Each has a counter and ends as a dead letter. */
export const REFUSAL_REASONS = [
  "invalid_json",
  "invalid_name",
  "invalid_value",
  "invalid_timestamp",
  "invalid_label",
  "invalid_id",
  "unknown_function",
  "too_large",
  "future",
  "late",
  "over_limit",
  "rule_failed",
  "refused",
] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** One refused event with its place; kept as a dead letter. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** What is wrong, with the value and what is wanted. No full stop. */
  readonly detail: string;
  /** The event as it came, cut to `DEAD_LETTER_BYTES_MAX` bytes. */
  readonly event: string;
  /** Where it stood: `line 7`, `orders/0@42` (topic, partition, offset), `cursor 17`. */
  readonly at: string;
}
