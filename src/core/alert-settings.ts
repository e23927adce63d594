import type { RuleMatch } from "./settings.ts";
import type { DurationMicros } from "./time.ts";

export const SEVERITIES = ["critical", "warning", "info"] as const;

export type Severity = (typeof SEVERITIES)[number];

/**
 * When a value is out of order, and when it is in order again: above 90 until 80, say. Between the two it stays
 * what it was.
 */
export interface Threshold {
  readonly side: "above" | "below";
  /** Out of order beyond it, not at it. */
  readonly limit: number;
  /** What fires fires while the value is beyond this; equal to `limit` unless it was said. */
  readonly until: number;
}

/**
 * What the service says of itself, apart from its metrics: each has a unit, and some a label. A `flag` is 1 where
 * something is so, else 0.
 */
export const SIGNALS = {
  source_down: { about: "source is down", unit: "flag" },
  sink_down: { about: "sink is down", unit: "flag" },
  watermark_lag: { about: "watermark lag", unit: "s" },
  late_share: { about: "share of late events", unit: "share" },
  outbox_rows: { about: "rows in the outbox", unit: "" },
  outbox_fill: { about: "fill of the outbox", unit: "share" },
  outbox_age: { about: "age of the oldest row in the outbox", unit: "s" },
  disk_free: { about: "free share of the disk", unit: "share" },
  events_lost: { about: "events lost before we read them", unit: "" },
  dead_letters: { about: "events refused", unit: "" },
  unbalanced: { about: "ledger does not balance", unit: "flag" },
  fenced: { about: "another writer took over the sink", unit: "flag" },
  failed: { about: "service stopped by a failure", unit: "flag" },
} as const satisfies Readonly<Record<string, { readonly about: string; readonly unit: string }>>;

export type SignalName = keyof typeof SIGNALS;

/** By label: one of the globs has to match. */
export type LabelGlobs = ReadonlyMap<string, readonly string[]>;

/** Something the service says of itself, looked at once a second. */
export interface SignalCondition {
  readonly kind: "signal";
  readonly signal: SignalName;
  readonly labels?: LabelGlobs | undefined;
  /** By how much it grew within this time, not what it is. */
  readonly over?: DurationMicros | undefined;
  readonly threshold: Threshold;
}

/** A metric of `/metrics`, by its name there. */
export interface MetricCondition {
  readonly kind: "metric";
  readonly metric: string;
  readonly labels?: LabelGlobs | undefined;
  /** As above. */
  readonly over?: DurationMicros | undefined;
  readonly threshold: Threshold;
}

/** Result rows of whole windows, in event time. */
export interface RowCondition {
  readonly kind: "rows";
  /** Undefined: of any rule. */
  readonly rule?: string | undefined;
  readonly match?: RuleMatch | undefined;
  /** The `agg_func` of the row; undefined: any. */
  readonly func?: string | undefined;
  readonly field: "value" | "count";
  readonly threshold: Threshold;
  /** A series without rows for so long, in event time, is forgotten: what it fired is resolved. */
  readonly staleAfter: DurationMicros;
}

/** A series without a row for so long, in event time. */
export interface AbsenceCondition {
  readonly kind: "absence";
  readonly rule?: string | undefined;
  readonly match: RuleMatch;
  readonly after: DurationMicros;
}

export type AlertCondition = SignalCondition | MetricCondition | RowCondition | AbsenceCondition;

export interface AlertSettings {
  readonly name: string;
  readonly when: AlertCondition;
  /** How long it has to be out of order before it fires; 0: at once. */
  readonly for: DurationMicros;
  /** How long it fires on when it is in order again. */
  readonly keepFiring: DurationMicros;
  readonly severity: Severity;
  /** Templates: `{value}`, `{labels.host}` and others of `alert-template.ts`. */
  readonly summary: string;
  readonly description: string | undefined;
  /** Added to what tells its instances apart. */
  readonly labels: Readonly<Record<string, string>>;
  /** Templates by their names: a link to a runbook, say. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Names of notifiers. */
  readonly notify: readonly string[];
  /** Whether it comes with the program. */
  readonly isBuiltIn: boolean;
}

/** Something that alerts are told to. */
export interface NotifierSettings {
  readonly name: string;
  readonly kind: "alertmanager" | "slack" | "webhook";
  /** May hold a secret. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** How long changes are gathered into one message. */
  readonly groupWaitMs: number;
  /** How often what fires is told again; undefined: once. */
  readonly repeatMs: number | undefined;
}
