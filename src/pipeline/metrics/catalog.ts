import {
  EVENT_METRICS,
  SINK_METRICS,
  SOURCE_METRICS,
  STATE_METRICS,
  TIME_METRICS,
  WINDOW_METRICS,
} from "./catalog-pipeline.ts";
import {
  ALERT_METRICS,
  BUS_METRICS,
  HTTP_METRICS,
  PROCESS_METRICS,
  SERVICE_METRICS,
} from "./catalog-service.ts";

/** What a metric is: the one place that says so, for `/metrics`, OTLP and `docs/metrics.md`. */
export interface MetricDefinition {
  readonly type: "counter" | "gauge" | "histogram";
  /** One line. No full stop. */
  readonly help: string;
  /** Their values come from the configuration, the program or the routes: never from events. */
  readonly labels?: readonly string[];
  /** Upper bounds of a histogram. */
  readonly bounds?: readonly number[];
  /** Where it is there only then. */
  readonly when?: string;
}

/** Everything that `/metrics` may tell, by what it is about. */
export const METRIC_GROUPS = {
  Events: EVENT_METRICS,
  Source: SOURCE_METRICS,
  "Event time": TIME_METRICS,
  "Windows and series": WINDOW_METRICS,
  Sinks: SINK_METRICS,
  State: STATE_METRICS,
  Service: SERVICE_METRICS,
  Alerts: ALERT_METRICS,
  "Our own bus": BUS_METRICS,
  HTTP: HTTP_METRICS,
  Process: PROCESS_METRICS,
} as const satisfies Readonly<Record<string, Readonly<Record<string, MetricDefinition>>>>;

export const METRICS = {
  ...EVENT_METRICS,
  ...SOURCE_METRICS,
  ...TIME_METRICS,
  ...WINDOW_METRICS,
  ...SINK_METRICS,
  ...STATE_METRICS,
  ...SERVICE_METRICS,
  ...ALERT_METRICS,
  ...BUS_METRICS,
  ...HTTP_METRICS,
  ...PROCESS_METRICS,
} as const satisfies Readonly<Record<string, MetricDefinition>>;

type Catalog = typeof METRICS;

export type MetricName = keyof Catalog;

/** Those of one number. */
export type ScalarName = {
  [Name in MetricName]: Catalog[Name]["type"] extends "histogram" ? never : Name;
}[MetricName];

export type HistogramName = Exclude<MetricName, ScalarName>;

/** Every label of a metric with its value. */
export type LabelsOf<Name extends MetricName> = Catalog[Name] extends {
  readonly labels: readonly (infer Label extends string)[];
}
  ? Readonly<Record<Label, string>>
  : undefined;
