/** One thing that a panel draws. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
}

/** A panel of the dashboard. */
export interface Panel {
  readonly title: string;
  /** What it says to who looks at it. */
  readonly about: string;
  readonly kind?: "graph" | "stat";
  readonly unit?:
    | "short"
    | "s"
    | "bytes"
    | "percentunit"
    | "reqps"
    | "cps"
    | "Bps"
    | "dateTimeFromNow";
  readonly queries: readonly Query[];
  /** In 24ths of the width. */
  readonly width?: number;
  /** From which value on it is yellow, and red. */
  readonly alarm?: readonly [warn: number, bad: number];
}

/** Which services are shown. */
const OF = 'instance=~"$instance"';

/** A metric of the services that are shown. */
function of(name: string, more = ""): string {
  return `${name}{${OF}${more === "" ? "" : `,${more}`}}`;
}

function rate(name: string, more = ""): string {
  return `rate(${of(name, more)}[$__rate_interval])`;
}

function quantile(q: number, name: string, by = ""): string {
  return `histogram_quantile(${q}, sum by (${by === "" ? "" : `${by}, `}le) (${rate(`${name}_bucket`)}))`;
}

/** The median, and how bad it gets. */
function quantiles(name: string, by = ""): Query[] {
  const label = by === "" ? "" : `{{${by}}} `;
  return [0.5, 0.99].map((q) => ({
    expr: quantile(q, name, by),
    legend: `${label}p${q * 100}`,
  }));
}

const one = (expr: string, legend = ""): Query[] => [{ expr, legend }];

/** The rows of the dashboard with their panels. */
export const DASHBOARD: Readonly<Record<string, readonly Panel[]>> = {
  Overview: [
    {
      title: "What the pipelines do",
      about: "What each pipeline does.",
      kind: "stat",
      queries: one(`${of("aggregator_state")} == 1`, "{{instance}} {{state}}"),
      width: 6,
    },
    {
      title: "Problems",
      about: "Reasons for which /healthz says degraded.",
      kind: "stat",
      queries: one(`sum(${of("aggregator_problems")})`, "problems"),
      alarm: [1, 3],
      width: 3,
    },
    {
      title: "Alerts that fire",
      about: "Those of the configuration, and those that come with the program.",
      kind: "stat",
      queries: one(`sum(${of("aggregator_alerts", 'state="firing"')})`, "firing"),
      alarm: [1, 1],
      width: 3,
    },
    {
      title: "Events per second",
      about: "Received, whatever became of them.",
      kind: "stat",
      unit: "cps",
      queries: one(`sum(${rate("aggregator_events_total")})`, "received"),
      width: 4,
    },
    {
      title: "Watermark lag",
      about: "How far the whole is behind the wall clock.",
      kind: "stat",
      unit: "s",
      queries: one(`max(${of("aggregator_watermark_lag_seconds")})`, "lag"),
      alarm: [60, 300],
      width: 4,
    },
    {
      title: "Version",
      about: "What runs.",
      kind: "stat",
      queries: one(of("aggregator_build_info"), "{{pipeline}} {{version}}"),
      width: 4,
    },
  ],
  Flow: [
    {
      title: "Events by what became of them",
      about: "Each event is one of these.",
      unit: "cps",
      queries: one(`sum by (outcome) (${rate("aggregator_events_total")})`, "{{outcome}}"),
    },
    {
      title: "Dead letters by reason",
      about: "Refused events and rows.",
      unit: "cps",
      queries: one(`sum by (reason) (${rate("aggregator_dead_letters_total")}) > 0`, "{{reason}}"),
    },
    {
      title: "Waiting in the source",
      about: "Events that are known to be there and not read yet.",
      queries: one(of("aggregator_source_pending_events"), "{{instance}}"),
    },
    {
      title: "Source",
      about: "Connected, and how often it was lost.",
      queries: [
        ...one(of("aggregator_source_connected"), "{{instance}} connected"),
        ...one(
          `increase(${of("aggregator_source_reconnects_total")}[$__rate_interval])`,
          "{{instance}} came back",
        ),
      ],
    },
    {
      title: "Read",
      about: "Bytes of events per second.",
      unit: "Bps",
      queries: one(rate("aggregator_source_read_bytes_total"), "{{instance}}"),
    },
    {
      title: "Time for one batch",
      about: "From read to processed and, where due, in a checkpoint.",
      unit: "s",
      queries: quantiles("aggregator_batch_seconds"),
    },
    {
      title: "Our own bus",
      about: "Where the service has one.",
      unit: "cps",
      queries: [
        ...one(`sum by (log) (${rate("aggregator_bus_published_total")})`, "published to {{log}}"),
        ...one(`sum(${rate("aggregator_bus_refused_total")})`, "refused"),
        ...one(`sum(${rate("aggregator_bus_unavailable_total")})`, "asked to come later"),
      ],
    },
    {
      title: "Kept by our own bus",
      about: "Bytes of each log, and the bound.",
      unit: "bytes",
      queries: [
        ...one(of("aggregator_bus_stored_bytes"), "{{instance}} {{log}}"),
        ...one(of("aggregator_bus_limit_bytes", 'log="events"'), "{{instance}} bound"),
      ],
    },
  ],
  "Lag and lateness": [
    {
      title: "Watermark lag, and age of the last event",
      about: "A lag that grows while events come: it does not keep up.",
      unit: "s",
      queries: [
        ...one(of("aggregator_watermark_lag_seconds"), "{{instance}} lag"),
        ...one(of("aggregator_source_last_event_age_seconds"), "{{instance}} last event"),
      ],
    },
    {
      title: "From the end of a window to its row in the sink",
      about: "End to end, by the wall clock: outOfOrderness, outbox and sink.",
      unit: "s",
      queries: quantiles("aggregator_row_delay_seconds", "sink"),
    },
    {
      title: "How far events are behind the newest",
      about: "What outOfOrderness has to cover.",
      unit: "s",
      queries: [
        ...quantiles("aggregator_event_disorder_seconds"),
        ...one(quantile(0.999, "aggregator_event_disorder_seconds"), "p99.9"),
      ],
    },
    {
      title: "How late the late events are",
      about: "What allowedLateness would have to cover.",
      unit: "s",
      queries: quantiles("aggregator_event_lateness_seconds"),
    },
  ],
  "Windows and series": [
    {
      title: "Open windows",
      about: "That have not fired.",
      queries: one(of("aggregator_windows_open"), "{{rule}}"),
    },
    {
      title: "Firings per second",
      about: "Windows that fired, and again for late events.",
      unit: "cps",
      queries: [
        ...one(`sum by (rule) (${rate("aggregator_windows_fired_total")})`, "{{rule}}"),
        ...one(`sum by (rule) (${rate("aggregator_revisions_total")})`, "{{rule}} again"),
      ],
    },
    {
      title: "Series",
      about: "Held by each rule.",
      queries: one(of("aggregator_series_active"), "{{rule}}"),
    },
    {
      title: "Series, of what may be held",
      about: "At 100 % events of further series are refused.",
      unit: "percentunit",
      queries: one(
        `${of("aggregator_series_active")} / ${of("aggregator_series_limit")}`,
        "{{instance}} {{rule}}",
      ),
      alarm: [0.8, 0.95],
    },
    {
      title: "Events of each rule",
      about: "By what became of them there.",
      unit: "cps",
      queries: one(
        `sum by (rule, outcome) (${rate("aggregator_rule_events_total")}) > 0`,
        "{{rule}} {{outcome}}",
      ),
      width: 24,
    },
  ],
  Sinks: [
    {
      title: "Rows written per second",
      about: "Durable in the sink.",
      unit: "cps",
      queries: one(`sum by (sink) (${rate("aggregator_rows_written_total")})`, "{{sink}}"),
    },
    {
      title: "Time for one write",
      about: "Of a batch of rows.",
      unit: "s",
      queries: quantiles("aggregator_sink_write_seconds", "sink"),
    },
    {
      title: "Rows that wait",
      about: "In the outbox, on disk.",
      queries: one(of("aggregator_outbox_rows"), "{{instance}} {{sink}}"),
    },
    {
      title: "How long the oldest row waits",
      about: "Grows while a sink is away.",
      unit: "s",
      queries: one(of("aggregator_outbox_age_seconds"), "{{instance}} {{sink}}"),
    },
    {
      title: "Outbox, of what may wait",
      about: "At 100 % nothing is read any more.",
      unit: "percentunit",
      queries: one(
        `${of("aggregator_outbox_bytes")} / on (instance) group_left ${of("aggregator_outbox_limit_bytes")}`,
        "{{instance}} {{sink}}",
      ),
      alarm: [0.5, 0.8],
    },
    {
      title: "Failures",
      about: "Failed tries, rows refused for good, and open breakers.",
      queries: [
        ...one(
          `increase(${of("aggregator_sink_errors_total")}[$__rate_interval])`,
          "{{sink}} failed tries",
        ),
        ...one(
          `increase(${of("aggregator_rows_refused_total")}[$__rate_interval])`,
          "{{sink}} rows refused",
        ),
        ...one(of("aggregator_sink_breaker_state", 'state="open"'), "{{sink}} breaker open"),
        ...one(`1 - ${of("aggregator_sink_connected")}`, "{{sink}} away"),
      ],
    },
  ],
  State: [
    {
      title: "Time for one checkpoint",
      about: "Reading waits for it.",
      unit: "s",
      queries: quantiles("aggregator_checkpoint_seconds"),
    },
    {
      title: "Checkpoints",
      about: "Those that were made, and could not be made at once.",
      unit: "cps",
      queries: [
        ...one(rate("aggregator_checkpoint_seconds_count"), "{{instance}} made"),
        ...one(rate("aggregator_checkpoint_errors_total"), "{{instance}} failed"),
      ],
    },
    {
      title: "State on disk",
      about: "Windows, outbox and dead letters.",
      unit: "bytes",
      queries: one(of("aggregator_state_bytes"), "{{instance}}"),
    },
    {
      title: "Disk of the state",
      about: "What is free of it.",
      unit: "percentunit",
      queries: one(
        `${of("aggregator_state_disk_free_bytes")} / ${of("aggregator_state_disk_bytes")}`,
        "{{instance}}",
      ),
    },
    {
      title: "Dead letters kept",
      about: "Beyond the bound the oldest go.",
      queries: [
        ...one(of("aggregator_dead_letters_stored"), "{{instance}}"),
        ...one(
          `increase(${of("aggregator_dead_letters_evicted_total")}[$__rate_interval])`,
          "{{instance}} went for newer ones",
        ),
      ],
    },
    {
      title: "Last backup",
      about: "Where backups are made by the clock.",
      kind: "stat",
      unit: "dateTimeFromNow",
      queries: one(
        `${of("aggregator_backup_last_success_timestamp_seconds")} * 1000`,
        "{{instance}}",
      ),
    },
  ],
  Process: [
    {
      title: "CPU",
      about: "Cores in use.",
      queries: one(rate("process_cpu_seconds_total"), "{{instance}}"),
    },
    {
      title: "Memory",
      about: "Resident, and the heap of JavaScript.",
      unit: "bytes",
      queries: [
        ...one(of("process_resident_memory_bytes"), "{{instance}} resident"),
        ...one(of("process_heap_bytes"), "{{instance}} heap"),
      ],
    },
    {
      title: "How late timers are",
      about: "What keeps the thread keeps everything waiting.",
      unit: "s",
      queries: quantiles("aggregator_event_loop_delay_seconds"),
    },
    {
      title: "Open files",
      about: "Of those that may be open.",
      unit: "percentunit",
      queries: one(`${of("process_open_fds")} / ${of("process_max_fds")}`, "{{instance}}"),
    },
    {
      title: "Requests",
      about: "By route and class of their status.",
      unit: "reqps",
      queries: one(
        `sum by (method, route, status) (${rate("aggregator_http_requests_total")}) > 0`,
        "{{method}} {{route}} {{status}}",
      ),
    },
    {
      title: "Time for one request",
      about: "Those that wait for events wait within it.",
      unit: "s",
      queries: one(quantile(0.99, "aggregator_http_request_seconds", "route"), "{{route}} p99"),
    },
    {
      title: "Turned away",
      about: "Without the right token, or with too small a role.",
      unit: "reqps",
      queries: one(`sum by (reason) (${rate("aggregator_http_denied_total")})`, "{{reason}}"),
    },
    {
      title: "Warnings and errors in the log",
      about: "Each of them says what, and why.",
      unit: "cps",
      queries: one(
        `sum by (level) (${rate("aggregator_log_lines_total", 'level=~"warn|error"')})`,
        "{{level}}",
      ),
    },
  ],
};
