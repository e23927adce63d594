import { DURATION_SECONDS } from "./durations.ts";

const EMBEDDED = "the service serves our own bus";
const BACKUPS = "`backup.every` is set";
const OTLP = "`metrics.otlp` is set";
const LINUX = "on Linux";

export const SERVICE_METRICS = {
  aggregator_build_info: {
    type: "gauge",
    help: "1, with what runs in the labels",
    labels: ["pipeline", "version", "runtime"],
  },
  aggregator_uptime_seconds: {
    type: "gauge",
    help: "Time since the start",
  },
  aggregator_state: {
    type: "gauge",
    help: "1 for the state that the pipeline is in",
    labels: ["state"],
  },
  aggregator_problems: {
    type: "gauge",
    help: "Reasons for which /healthz says degraded; 0: all is well",
  },
  aggregator_config_reloads_total: {
    type: "counter",
    help: "Times the configuration was read anew, by what came of it",
    labels: ["outcome"],
  },
  aggregator_config_last_reload_failed: {
    type: "gauge",
    help: "1 while the configuration in force is not the one that was last read",
  },
  aggregator_backup_last_success_timestamp_seconds: {
    type: "gauge",
    help: "When the last whole backup was made, as Unix time; NaN: none is known of",
    when: BACKUPS,
  },
  aggregator_backup_failing: {
    type: "gauge",
    help: "1 while backups cannot be made",
    when: BACKUPS,
  },
  aggregator_log_lines_total: {
    type: "counter",
    help: "Lines of the log, by their level",
    labels: ["level"],
  },
  aggregator_otlp_exports_total: {
    type: "counter",
    help: "Metrics pushed by OTLP, by what came of it",
    labels: ["outcome"],
    when: OTLP,
  },
  aggregator_otlp_rejected_points_total: {
    type: "counter",
    help: "Data points that the collector did not take of what it accepted",
    when: OTLP,
  },
} as const;

export const ALERT_METRICS = {
  aggregator_alerts: {
    type: "gauge",
    help: "Instances of an alert that are pending, or fire",
    labels: ["alert", "state"],
  },
  aggregator_notifications_total: {
    type: "counter",
    help: "Alerts that a notifier was told of, tries that failed, and alerts that it never hears of",
    labels: ["notifier", "outcome"],
    when: "notifiers are configured",
  },
} as const;

export const BUS_METRICS = {
  aggregator_bus_published_total: {
    type: "counter",
    help: "Records published and on disk, by the log they are in",
    labels: ["log"],
    when: EMBEDDED,
  },
  aggregator_bus_refused_total: {
    type: "counter",
    help: "Records that were published and not taken, by why",
    labels: ["reason"],
    when: EMBEDDED,
  },
  aggregator_bus_unavailable_total: {
    type: "counter",
    help: "Publications and reads that were asked to come again later: the log is full or the disk fails",
    when: EMBEDDED,
  },
  aggregator_bus_read_total: {
    type: "counter",
    help: "Records handed out to readers over HTTP",
    when: EMBEDDED,
  },
  aggregator_bus_waiting_readers: {
    type: "gauge",
    help: "Subscribers: requests over HTTP that wait for records now",
    when: EMBEDDED,
  },
  aggregator_bus_stored_events: {
    type: "gauge",
    help: "Records in a log",
    labels: ["log"],
    when: EMBEDDED,
  },
  aggregator_bus_stored_bytes: {
    type: "gauge",
    help: "Bytes of a log on disk",
    labels: ["log"],
    when: EMBEDDED,
  },
  aggregator_bus_limit_bytes: {
    type: "gauge",
    help: "Bytes that a log may have",
    labels: ["log"],
    when: EMBEDDED,
  },
} as const;

export const HTTP_METRICS = {
  aggregator_http_requests_total: {
    type: "counter",
    help: "Requests answered, by the pattern of their route and the class of their status",
    labels: ["method", "route", "status"],
  },
  aggregator_http_request_seconds: {
    type: "histogram",
    help: "How long a request took until its answer began; those that wait for events wait within it",
    labels: ["route"],
    bounds: DURATION_SECONDS,
  },
  aggregator_http_denied_total: {
    type: "counter",
    help: "Requests turned away at the door: without the right token, or with too small a role",
    labels: ["reason"],
  },
} as const;

export const PROCESS_METRICS = {
  process_cpu_user_seconds_total: {
    type: "counter",
    help: "User CPU time spent",
  },
  process_cpu_system_seconds_total: {
    type: "counter",
    help: "System CPU time spent",
  },
  process_cpu_seconds_total: {
    type: "counter",
    help: "User and system CPU time spent",
  },
  process_start_time_seconds: {
    type: "gauge",
    help: "When the process started, as Unix time",
  },
  process_resident_memory_bytes: {
    type: "gauge",
    help: "Memory in use",
  },
  process_virtual_memory_bytes: {
    type: "gauge",
    help: "Memory reserved",
    when: LINUX,
  },
  process_heap_bytes: {
    type: "gauge",
    help: "Size of the heap of JavaScript",
  },
  process_open_fds: {
    type: "gauge",
    help: "Open file descriptors",
    when: LINUX,
  },
  process_max_fds: {
    type: "gauge",
    help: "File descriptors that may be open",
    when: LINUX,
  },
  nodejs_eventloop_lag_seconds: {
    type: "gauge",
    help: "How much later than asked for the last timer ran",
  },
  aggregator_event_loop_delay_seconds: {
    type: "histogram",
    help: "How much later than asked for a timer ran, looked at twice a second",
    bounds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
  },
} as const;
