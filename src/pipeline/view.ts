import type { RefusalReason } from "../core/event.ts";
import type { LedgerCounts } from "../core/ledger.ts";
import type { ResultRow } from "../core/result.ts";

export type PipelineState =
  | "starting"
  | "running"
  | "paused"
  | "draining"
  | "reloading"
  | "stopped"
  | "failed";

/**
 * What `status`, `alerts` and `cli` see of the pipeline: reading only. The shapes are the public ones
 * of the HTTP API; fields may be added, never renamed.
 */
export interface PipelineView {
  health(): Health;
  readiness(): Readiness;
  status(): PipelineStatus;
  ledger(): LedgerReport;
  windows(page: PageRequest): WindowPage;
  deadLetters(page: LetterRequest): DeadLetterPage;
  /** Rows that fired lately. */
  results(query: ResultQuery): ResultPage;
  /** Series that have rows among these. */
  series(query: SeriesQuery): SeriesPage;
  /** Rows behind number `after`: the newest `limit`, and how many were left out. */
  rowsSince(after: number, limit: number): RowsSince;
  /** For each rule some windows around the watermark, oldest first. */
  windowsNow(): readonly WindowStatus[];
  /** Everything measured, for Prometheus: its own text unless OpenMetrics is asked for. */
  prometheus(format?: "prometheus" | "openmetrics"): Promise<string>;
}

export interface PageRequest {
  /** `next` of the page before; undefined: the first page. */
  readonly after?: string | undefined;
  /** 1 to 1,000. */
  readonly limit: number;
}

export interface LetterRequest extends PageRequest {
  readonly reason?: RefusalReason;
  /** `oldest` first unless it says otherwise. */
  readonly order?: "oldest" | "newest";
}

export type Health =
  | { readonly status: "ok" }
  | { readonly status: "degraded"; readonly reasons: readonly string[] };

export type Readiness =
  /** With reasons when it is, but nothing is read. */
  | { readonly ready: true; readonly reasons?: readonly string[] }
  | { readonly ready: false; readonly reasons: readonly string[] };

export interface SourceStatus {
  readonly kind: string;
  readonly description: string;
  readonly connected: boolean;
  /** Events behind the last read. */
  readonly pending: number | null;
  readonly cursor: string | null;
  readonly last_event_age_seconds: number | null;
  /** Failed tries since the start, and what the last one was. */
  readonly errors: number;
  readonly last_error?: string;
  /** Why it is not connected, and when the next try is; or why nothing is read although it is. */
  readonly problem?: string;
}

export interface RuleStatus {
  readonly name: string;
  readonly series: number;
  readonly windows_open: number;
  readonly fired: number;
  /** Windows that fired again for late events. */
  readonly revisions: number;
  /** As in the configuration: `tumbling("60s")`. */
  readonly window: string;
  /** Sinks that its rows go to. */
  readonly to: readonly string[];
  /** The rule whose windows it merges. */
  readonly from?: string;
  /** What a person should know: names whose events name several functions, say. Absent: nothing. */
  readonly notes?: readonly string[];
}

export interface SinkStatus {
  readonly name: string;
  readonly kind: string;
  readonly description: string;
  readonly connected: boolean;
  readonly breaker: "closed" | "open" | "half-open";
  readonly outbox: number;
  readonly written: number;
  /** Failed tries since the start, and what the last one was. */
  readonly errors: number;
  readonly last_error?: string;
  readonly problem?: string;
}

export interface PipelineStatus {
  readonly name: string;
  readonly version: string;
  readonly uptime_seconds: number;
  readonly state: PipelineState;
  /** Unix seconds at which an operator paused it; a restart changes nothing. Absent: it is not paused. */
  readonly paused_since?: number;
  /** Unix seconds of this service's clock. */
  readonly now: number;
  readonly source: SourceStatus;
  /** Unix seconds; null before the first event. */
  readonly watermark: number | null;
  /** Wall clock minus watermark. */
  readonly watermark_lag_seconds: number | null;
  readonly rules: readonly RuleStatus[];
  readonly sinks: readonly SinkStatus[];
  readonly ledger: LedgerReport;
  readonly alerts: readonly unknown[];
  /** Refused events and rows that are kept. */
  readonly dead_letters: number;
  /** Of the rows that fired since the start. */
  readonly results: { readonly added: number; readonly series: number };
  readonly checkpoint_age_seconds: number;
}

export interface LedgerReport extends Readonly<LedgerCounts> {
  readonly balanced: boolean;
  readonly rules: Readonly<Record<string, Readonly<LedgerCounts> & { readonly balanced: boolean }>>;
}

export interface WindowStatus {
  readonly rule: string;
  readonly window_start: number;
  readonly window_end: number;
  readonly series: number;
  readonly count: number;
  readonly fired: boolean;
}

export interface WindowPage {
  readonly windows: readonly WindowStatus[];
  readonly next: string | null;
}

export interface DeadLetterView {
  readonly seq: number;
  readonly reason: RefusalReason;
  readonly detail: string;
  readonly event: string;
  readonly at: string;
  readonly received_at: number;
}

export interface DeadLetterPage {
  readonly dead_letters: readonly DeadLetterView[];
  readonly next: string | null;
}

export interface ResultQuery {
  readonly rule?: string;
  readonly name?: string;
  readonly agg_func?: string;
  /** As JSON, sorted by key, `{}` without any. */
  readonly labels?: string;
  /** Starts of windows, in Unix seconds: [from, to). */
  readonly from?: number;
  readonly to?: number;
  readonly limit: number;
}

/** A recent row: that of the sinks without its id and details. */
export type ResultView = Omit<ResultRow, "id" | "pipeline" | "detail">;

export interface ResultPage {
  /** Oldest first. */
  readonly rows: readonly ResultView[];
  /** Rows that had fired by then: as long as it stays the same, so does the answer. */
  readonly added: number;
}

export interface RowsSince {
  readonly rows: readonly ResultView[];
  readonly skipped: number;
}

export interface SeriesQuery {
  /** Words, each of which has to be in the name, function, rule or labels. */
  readonly search: string;
  readonly limit: number;
}

export interface SeriesPage {
  readonly total: number;
  readonly matched: number;
  readonly series: readonly Pick<ResultView, "rule" | "name" | "labels" | "agg_func">[];
}
