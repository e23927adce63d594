import type { Severity } from "../core/alert-settings.ts";
import type { Refusal, RefusalReason } from "../core/event.ts";
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
  /** The part of it that is looked at every second, whether somebody asks or not. */
  vitals(): PipelineVitals;
  ledger(): LedgerReport;
  windows(page: PageRequest): WindowPage;
  deadLetters(page: LetterRequest): DeadLetterPage;
  /** Rows that fired lately. */
  results(query: ResultQuery): ResultPage;
  /** Series that have rows among these. */
  series(query: SeriesQuery): SeriesPage;
  /**
   * A series as far back as a sink of its rule holds it.
   *
   * @throws {TransientError} Not now. @throws {FatalError} No such sink can be read.
   */
  history(request: HistoryRequest): Promise<HistoryPage>;
  /** Rows behind number `after`: the newest `limit`, and how many were left out. */
  rowsSince(after: number, limit: number): RowsSince;
  /** What is pending, fires and was resolved lately, and who is told. */
  alerts(): AlertReport;
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
  /** Bytes of the rows that wait, and how many may wait before reading stops. */
  readonly outbox_bytes: number;
  readonly outbox_bytes_max: number;
  /** How long the oldest row has waited, as far as this process knows; 0: none waits. */
  readonly outbox_age_seconds: number;
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
  /** What is pending or fires, the worst first. */
  readonly alerts: readonly AlertView[];
  /** Refused events and rows that are kept. */
  readonly dead_letters: number;
  /** Of the rows that fired since the start. */
  readonly results: { readonly added: number; readonly series: number };
  readonly checkpoint_age_seconds: number;
}

/** What of the status changes all the time, without what is told of rules, series and alerts one by one. */
export interface PipelineVitals
  extends Pick<
    PipelineStatus,
    | "uptime_seconds"
    | "state"
    | "now"
    | "source"
    | "watermark"
    | "watermark_lag_seconds"
    | "sinks"
    | "results"
    | "checkpoint_age_seconds"
  > {
  readonly ledger: Omit<LedgerReport, "rules">;
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

export interface HistoryRequest {
  readonly rule: string;
  readonly name: string;
  readonly agg_func: string;
  /** As JSON, sorted by key, `{}` without any. */
  readonly labels: string;
  /** Starts of windows, in Unix seconds: [from, to). Left out: all that there is. */
  readonly from?: number;
  readonly to?: number;
  readonly pointsMax: number;
}

/** One window, or those that begin within one step. */
export interface HistoryPointView {
  readonly window_start: number;
  readonly window_end: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly avg: number | null;
  readonly windows: number;
}

export interface HistoryPage {
  /** The sink that it was read from. */
  readonly sink: string;
  /** Windows that begin within so many seconds are one point; null: each is one of its own. */
  readonly step_seconds: number | null;
  /** Unix seconds from which on it is whole; before that there were too many rows to look at. */
  readonly whole_from: number;
  readonly points: readonly HistoryPointView[];
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

/** One alert that is pending or fires, for one series, sink or whatever its labels tell. */
export interface AlertView {
  readonly name: string;
  readonly state: "pending" | "firing";
  readonly severity: Severity;
  /** Unix seconds since when it is in this state, by the clock that it goes by. */
  readonly since: number;
  /** `event`: it goes by the time of events; `processing`: by our clock. */
  readonly clock: "event" | "processing";
  /** The value that is out of order; null when there is none. */
  readonly value: number | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description?: string;
  /** Nobody is told. */
  readonly silenced: boolean;
  /** Unix seconds; until then, while it is silenced. */
  readonly silenced_until?: number;
  /** It began to fire so often lately that it is not resolved until it was calm for a while. */
  readonly flapping?: true;
}

/** An alert that fired and does no more. */
export interface ResolvedAlert
  extends Pick<AlertView, "name" | "severity" | "clock" | "value" | "labels" | "summary"> {
  readonly state: "resolved";
  /** Unix seconds of the clock that it goes by: when it began to fire, and when it ended. */
  readonly since: number;
  readonly resolved_at: number;
}

export interface Silence {
  readonly id: string;
  /** Name of an alert, or a glob. */
  readonly name: string;
  /** All of them have to be so; none: any instance. */
  readonly labels: Readonly<Record<string, string>>;
  /** Unix seconds of our clock. */
  readonly since: number;
  readonly until: number;
  readonly comment: string;
}

export interface SilenceRequest {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly comment?: string;
}

/** One alert as it is configured. */
export interface AlertRuleView {
  readonly name: string;
  /** What it looks at: `max of cpu.* in per_minute above 90 until 80`. */
  readonly when: string;
  readonly for_seconds: number;
  readonly severity: Severity;
  readonly notify: readonly string[];
  readonly built_in: boolean;
  /** Instances by their state. */
  readonly pending: number;
  readonly firing: number;
  /** Series that there was no room for, at the last look that had too many. */
  readonly left_out: number;
}

/** One that is told of alerts. */
export interface NotifierView {
  readonly name: string;
  readonly kind: string;
  /** Alerts that it has been told of since the start, and failed tries. */
  readonly sent: number;
  readonly errors: number;
  /** Alerts that it refused, or that there was no room for: it is not told of these. */
  readonly dropped: number;
  /** Alerts that it is still to be told of. */
  readonly waiting: number;
  readonly problem?: string;
}

export interface AlertReport {
  /** The worst first; of these what fires, the newest first. */
  readonly alerts: readonly AlertView[];
  /** The newest first. */
  readonly resolved: readonly ResolvedAlert[];
  readonly silences: readonly Silence[];
  readonly rules: readonly AlertRuleView[];
  readonly notifiers: readonly NotifierView[];
}

/** Passing events, for whoever looks: nothing is done while nobody does, and little while somebody does. */
export interface Tap {
  /** Begins to look; undefined: too many do already. */
  open(filter: TapFilter): OpenTap | undefined;
}

/** What somebody wants to see. What is left out filters nothing. */
export interface TapFilter {
  /** Of each kind, a second: 1 to `TAP_RATE_MAX`. */
  readonly perSecond: number;
  /** Glob of the name. */
  readonly name?: ((name: string) => boolean) | undefined;
  readonly aggFunc?: string | undefined;
  /** Globs by label: every one has to be there, and to match. */
  readonly labels?: ReadonlyMap<string, (value: string) => boolean> | undefined;
  /** Events that the `match` of this rule takes; its `where` and `map` are not asked. */
  readonly rule?: string | undefined;
  readonly events: boolean;
  readonly refused: boolean;
}

/** An event as it passed. */
export interface TappedEvent {
  /** Where it stood in the source. */
  readonly at: string;
  /** As it came. */
  readonly event: Readonly<Record<string, unknown>>;
}

export interface OpenTap {
  /** What passed since the last call. */
  take(): TakenFromTap;
  close(): void;
}

export interface TakenFromTap {
  readonly events: readonly TappedEvent[];
  readonly refused: readonly Refusal[];
  /** Events that were looked at, wanted or not; the others passed unseen. */
  readonly looked: number;
  /** Wanted, and left out since there were too many. */
  readonly dropped: { readonly events: number; readonly refused: number };
}
