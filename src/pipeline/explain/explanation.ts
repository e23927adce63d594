import type { RefusalReason } from "../../core/event.ts";
import type { LedgerOutcome } from "../../core/ledger.ts";

/** What became of one event, as `aggregator why` and `replay --explain` print it. */
export interface Explanation {
  /** Where it stood: `line 7`. */
  readonly at: string;
  readonly outcome: LedgerOutcome;
  /** Why it was refused. */
  readonly reason?: RefusalReason;
  readonly detail?: string;
  /** Of a duplicate: where the first one with its id stood; null when that was before our time. */
  readonly duplicate_of?: string | null;
  readonly name?: string;
  readonly value?: number;
  /** Unix seconds. */
  readonly timestamp?: number;
  readonly id?: string;
  /** Unix seconds, before the event; null before the first one. */
  readonly watermark: number | null;
  /** Empty when no rule got to see it. */
  readonly rules: readonly RuleExplanation[];
  /** The event as it came, cut where it is long. */
  readonly event: string;
}

export interface RuleExplanation {
  readonly rule: string;
  /** `late_partial`: taken, but too late for some of its windows. `failed`: a function of the rule threw. */
  readonly outcome: "aggregated" | "late_partial" | "late" | "filtered" | "over_limit" | "failed";
  /** The rule whose windows it reads: the event comes through that one. */
  readonly from?: string;
  /** What did not want it. */
  readonly filtered_by?: "match" | "where" | "map" | "agg_func";
  /** The series, where it has one. */
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly agg_func?: readonly string[];
  readonly windows: readonly WindowExplanation[];
  /** Overlapping windows beyond those that are told. */
  readonly windows_left_off?: number;
}

export interface WindowExplanation {
  /** Unix seconds: [start, end). */
  readonly start: number;
  readonly end: number;
  /** `over`: its end was passed, but not yet the allowed lateness. `forgotten`: that, too. */
  readonly state: "open" | "over" | "forgotten";
  /** Seconds; when forgotten. */
  readonly late_by?: number;
}
