import { DURATION_SECONDS } from "./durations.ts";

/** How late: from what nobody notices to a day, after which it makes no difference. */
const LATENESS_SECONDS = [0.1, 1, 5, 30, 60, 300, 1800, 3600, 21_600, 86_400] as const;

export const EVENT_METRICS = {
  aggregator_events_total: {
    type: "counter",
    help: "Events by what became of them",
    labels: ["outcome"],
  },
  aggregator_rule_events_total: {
    type: "counter",
    help: "Events by what became of them in one rule",
    labels: ["rule", "outcome"],
  },
  aggregator_events_late_partial_total: {
    type: "counter",
    help: "Events that were aggregated, but too late for some of their windows",
  },
  aggregator_events_replayed_total: {
    type: "counter",
    help: "Events received again from the dead letters",
  },
  aggregator_events_lost_total: {
    type: "counter",
    help: "Events that the source threw away before they were read; one where it does not say how many",
  },
  aggregator_tombstones_total: {
    type: "counter",
    help: "Records without a value, passed over",
  },
  aggregator_dead_letters_stored: {
    type: "gauge",
    help: "Refused events and rows that are kept",
  },
  aggregator_dead_letters_total: {
    type: "counter",
    help: "Events and rows that were refused since the start, by why",
    labels: ["reason"],
  },
  aggregator_dead_letters_evicted_total: {
    type: "counter",
    help: "Dead letters that went for newer ones",
  },
  aggregator_ids_evicted_total: {
    type: "counter",
    help: "Ids forgotten before their time, for newer ones",
  },
} as const;

export const SOURCE_METRICS = {
  aggregator_source_connected: {
    type: "gauge",
    help: "1 while the source is reached",
  },
  aggregator_source_errors_total: {
    type: "counter",
    help: "Failed tries at the source since the start",
  },
  aggregator_source_reconnects_total: {
    type: "counter",
    help: "Times the source came back after it had been away",
  },
  aggregator_source_breaker_state: {
    type: "gauge",
    help: "1 for the state that the circuit breaker of the source is in",
    labels: ["state"],
  },
  aggregator_source_pending_events: {
    type: "gauge",
    help: "Events known to wait in the source; NaN while it cannot tell",
  },
  aggregator_source_last_event_age_seconds: {
    type: "gauge",
    help: "Time since the last event came; NaN before the first",
  },
  aggregator_source_read_bytes_total: {
    type: "counter",
    help: "Bytes of events that were read since the start",
  },
  aggregator_batch_seconds: {
    type: "histogram",
    help: "How long a batch took from when it was read until it was processed and, where due, in a checkpoint",
    bounds: DURATION_SECONDS,
  },
} as const;

export const TIME_METRICS = {
  aggregator_watermark_seconds: {
    type: "gauge",
    help: "Event time up to which windows fired, as Unix time; NaN before the first event",
  },
  aggregator_watermark_lag_seconds: {
    type: "gauge",
    help: "Wall clock minus watermark; NaN before the first event",
  },
  aggregator_event_lateness_seconds: {
    type: "histogram",
    help: "How long after their windows were forgotten late events came",
    bounds: LATENESS_SECONDS,
  },
  aggregator_event_disorder_seconds: {
    type: "histogram",
    help: "How far events were behind the newest event before them of their partition: what outOfOrderness has to cover",
    bounds: [0, ...LATENESS_SECONDS],
  },
} as const;

export const WINDOW_METRICS = {
  aggregator_windows_open: {
    type: "gauge",
    help: "Windows that have not fired",
    labels: ["rule"],
  },
  aggregator_windows_fired_total: {
    type: "counter",
    help: "Windows that fired",
    labels: ["rule"],
  },
  aggregator_revisions_total: {
    type: "counter",
    help: "Windows that fired again",
    labels: ["rule"],
  },
  aggregator_series_active: {
    type: "gauge",
    help: "Series held",
    labels: ["rule"],
  },
  aggregator_series_limit: {
    type: "gauge",
    help: "Series that may be held; events of further ones are refused",
    labels: ["rule"],
  },
} as const;

export const SINK_METRICS = {
  aggregator_sink_connected: {
    type: "gauge",
    help: "1 while the sink is reached",
    labels: ["sink"],
  },
  aggregator_sink_errors_total: {
    type: "counter",
    help: "Failed tries at a sink",
    labels: ["sink"],
  },
  aggregator_sink_reconnects_total: {
    type: "counter",
    help: "Times a sink came back after it had been away",
    labels: ["sink"],
  },
  aggregator_sink_breaker_state: {
    type: "gauge",
    help: "1 for the state that the circuit breaker of a sink is in",
    labels: ["sink", "state"],
  },
  aggregator_rows_written_total: {
    type: "counter",
    help: "Rows written to a sink",
    labels: ["sink"],
  },
  aggregator_rows_refused_total: {
    type: "counter",
    help: "Rows that a sink will never take; they are dead letters",
    labels: ["sink"],
  },
  aggregator_sink_write_seconds: {
    type: "histogram",
    help: "How long a batch of rows took to be durable in a sink",
    labels: ["sink"],
    bounds: DURATION_SECONDS,
  },
  aggregator_row_delay_seconds: {
    type: "histogram",
    help: "From the end of a window to when its first row was durable in a sink, by the wall clock",
    labels: ["sink"],
    bounds: [0.1, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300, 1800, 3600, 86_400],
  },
  aggregator_outbox_rows: {
    type: "gauge",
    help: "Rows that wait for a sink",
    labels: ["sink"],
  },
  aggregator_outbox_bytes: {
    type: "gauge",
    help: "Bytes of the rows that wait for a sink",
    labels: ["sink"],
  },
  aggregator_outbox_limit_bytes: {
    type: "gauge",
    help: "Bytes that may wait for one sink; beyond it nothing is read",
  },
  aggregator_outbox_age_seconds: {
    type: "gauge",
    help: "How long the oldest row has waited for a sink, counted from the start of the process at the earliest; 0: none waits",
    labels: ["sink"],
  },
} as const;

export const STATE_METRICS = {
  aggregator_checkpoint_seconds: {
    type: "histogram",
    help: "How long a checkpoint took",
    bounds: DURATION_SECONDS,
  },
  aggregator_checkpoint_age_seconds: {
    type: "gauge",
    help: "Time since the last checkpoint; without new events none is made",
  },
  aggregator_checkpoint_errors_total: {
    type: "counter",
    help: "Checkpoints that could not be made at once, since the start",
  },
  aggregator_state_bytes: {
    type: "gauge",
    help: "Bytes of the state on disk: windows, outbox and dead letters",
  },
  aggregator_state_disk_free_bytes: {
    type: "gauge",
    help: "Bytes free on the disk of the state",
  },
  aggregator_state_disk_bytes: {
    type: "gauge",
    help: "Size of the disk of the state",
  },
} as const;
