import type { Family, HistogramPoint, Labels, MetricSet, ScalarPoint } from "./metric-set.ts";

/**
 * The metrics as OTLP wants them, in the JSON of proto3: 64-bit numbers are texts, words of enums their
 * numbers. It is written here and not by the libraries of OpenTelemetry, which would count everything a second
 * time: their translator takes only what their own instruments have measured.
 *
 * Names are those of `/metrics`, so that one dashboard does for both. What is not known (NaN) is left out.
 */
export interface OtlpOptions {
  readonly resource: Readonly<Record<string, string>>;
  /** Of this program. */
  readonly version: string;
  /** Unix seconds. */
  readonly now: number;
  /** When counting began, as Unix seconds. */
  readonly startedAt: number;
}

/** `AggregationTemporality` of what only ever grows. */
const CUMULATIVE = 2;

/** An `ExportMetricsServiceRequest`. */
export function otlpRequestOf(set: MetricSet, options: OtlpOptions): object {
  const { resource, version } = options;
  const metrics = set.families.flatMap((family) => metricOf(family, options));
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeMetrics: [{ scope: { name: "aggregator", version }, metrics }],
      },
    ],
  };
}

function metricOf(family: Family, options: OtlpOptions): object[] {
  const { name, definition } = family;
  const { type, help: description } = definition;
  const unit = unitOf(name);
  const about = { name, description, ...(unit === undefined ? {} : { unit }) };
  const start = nanos(options.startedAt);
  const now = nanos(options.now);
  if (family.kind === "histogram") {
    const dataPoints = family.points.map((point) => histogramOf(point, { start, now }));
    return [{ ...about, histogram: { aggregationTemporality: CUMULATIVE, dataPoints } }];
  }
  const known = family.points.filter(({ value }) => Number.isFinite(value));
  if (known.length === 0) return [];
  if (type === "gauge") {
    return [{ ...about, gauge: { dataPoints: known.map((point) => numberOf(point, { now })) } }];
  }
  const dataPoints = known.map((point) => numberOf(point, { start, now }));
  const sum = { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints };
  return [{ ...about, sum }];
}

interface Times {
  readonly start?: string;
  readonly now: string;
}

function timesOf({ start, now }: Times): object {
  return { ...(start === undefined ? {} : { startTimeUnixNano: start }), timeUnixNano: now };
}

function numberOf({ labels, value }: ScalarPoint, times: Times): object {
  return { attributes: attributesOf(labels), ...timesOf(times), asDouble: value };
}

function histogramOf({ labels, buckets }: HistogramPoint, times: Times): object {
  return {
    attributes: attributesOf(labels),
    ...timesOf(times),
    count: String(buckets.count),
    sum: buckets.sum,
    bucketCounts: [...buckets.counts].map(String),
    explicitBounds: buckets.bounds,
  };
}

function attributesOf(labels: Labels): object[] {
  return Object.entries(labels).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

/** In the words of UCUM, for what has a unit. */
function unitOf(name: string): string | undefined {
  const [, unit] = /_(seconds|bytes)(?:_total)?$/.exec(name) ?? [];
  if (unit === undefined) return undefined;
  return unit === "seconds" ? "s" : "By";
}

/** More digits than a double has: whole microseconds, and three zeros. */
function nanos(seconds: number): string {
  return `${Math.round(seconds * 1e6)}000`;
}
