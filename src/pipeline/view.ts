import type { RefusalReason } from "../core/event.ts";
import type { LedgerCounts } from "../core/ledger.ts";

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
  deadLetters(page: PageRequest & { readonly reason?: RefusalReason }): DeadLetterPage;
  /** The Prometheus text exposition, format 0.0.4. */
  prometheus(): Promise<string>;
}

export interface PageRequest {
  /** `next` of the page before; undefined: the first page. */
  readonly after?: string | undefined;
  /** 1 to 1,000. */
  readonly limit: number;
}

export type Health =
  | { readonly status: "ok" }
  | { readonly status: "degraded"; readonly reasons: readonly string[] };

export type Readiness =
  | { readonly ready: true }
  | { readonly ready: false; readonly reasons: readonly string[] };

export interface SourceStatus {
  readonly kind: string;
  readonly description: string;
  readonly connected: boolean;
  /** Events behind the last read. */
  readonly pending: number | null;
  readonly cursor: string | null;
  readonly last_event_age_seconds: number | null;
  /** Why it is not connected, and when the next try is; or why nothing is read although it is. */
  readonly problem?: string;
}

export interface RuleStatus {
  readonly name: string;
  readonly series: number;
  readonly windows_open: number;
  readonly fired: number;
}

export interface SinkStatus {
  readonly name: string;
  readonly kind: string;
  readonly description: string;
  readonly connected: boolean;
  readonly breaker: "closed" | "open" | "half-open";
  readonly outbox: number;
  readonly written: number;
  readonly errors: number;
  readonly problem?: string;
}

export interface PipelineStatus {
  readonly name: string;
  readonly version: string;
  readonly uptime_seconds: number;
  readonly state: "starting" | "running" | "draining" | "stopped" | "failed";
  readonly source: SourceStatus;
  /** Unix seconds; null before the first event. */
  readonly watermark: number | null;
  /** Wall clock minus watermark. */
  readonly watermark_lag_seconds: number | null;
  readonly rules: readonly RuleStatus[];
  readonly sinks: readonly SinkStatus[];
  readonly ledger: LedgerReport;
  readonly alerts: readonly unknown[];
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
