import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from "prom-client";
import type { Family, HistogramPoint, MetricSet } from "./metric-set.ts";

/** `prometheus`: text format 0.0.4; `openmetrics`: OpenMetrics 1.0.0. */
export type Exposition = "prometheus" | "openmetrics";

/** The metrics as a scraper reads them. */
export async function expositionOf(set: MetricSet, format: Exposition): Promise<string> {
  // One for each answer: it renames counters for good when it writes OpenMetrics.
  const registry = new Registry();
  if (format === "openmetrics") {
    // The types of the library want its content type from the start, which its constructor does not take.
    (registry as unknown as Registry<OpenMetricsContentType>).setContentType(
      Registry.OPENMETRICS_CONTENT_TYPE,
    );
  }
  for (const family of set.families) register(family, registry);
  const text = await registry.metrics();
  // Everybody reads both, and writes this one.
  return text.replaceAll(/ Nan$/gm, " NaN");
}

function register(family: Family, registry: Registry): void {
  const { name, definition } = family;
  const { type, help, labels = [] } = definition;
  const config = { name, help, labelNames: [...labels], registers: [registry] };
  if (family.kind === "histogram") {
    registry.registerMetric(new Filled(config, family.points));
    return;
  }
  if (type === "counter") {
    const counter = new Counter(config);
    for (const { labels: of, value } of family.points) counter.inc(of, value);
    return;
  }
  const gauge = new Gauge(config);
  for (const { labels: of, value } of family.points) gauge.set(of, value);
}

interface Sample {
  readonly labels: Record<string, string | number>;
  readonly metricName: string;
  readonly value: number;
}

/** A histogram that was counted elsewhere: that of the library counts itself, and allocates for it. */
class Filled extends Histogram {
  readonly #config: { readonly name: string; readonly help: string };
  readonly #points: readonly HistogramPoint[];

  constructor(
    { name, help }: { readonly name: string; readonly help: string },
    points: readonly HistogramPoint[],
  ) {
    super({ name, help, registers: [] });
    this.#config = { name, help };
    this.#points = points;
  }

  override async get(): ReturnType<Histogram["get"]> {
    const { name, help } = this.#config;
    const values = this.#points.flatMap((point) => samplesOf(name, point));
    // The library gives its own in this very shape; only its type has an enum for the word.
    return { name, help, type: "histogram", values, aggregator: "sum" } as unknown as Awaited<
      ReturnType<Histogram["get"]>
    >;
  }

  /** What the library calls for text, with the same answer. */
  getForPromString(): ReturnType<Histogram["get"]> {
    return this.get();
  }
}

function samplesOf(name: string, { labels, buckets }: HistogramPoint): Sample[] {
  let cumulated = 0;
  const samples = [...buckets.counts].map((count, i): Sample => {
    cumulated += count;
    const bound = buckets.bounds[i];
    const le = bound === undefined ? "+Inf" : boundText(bound);
    return { labels: { ...labels, le }, metricName: `${name}_bucket`, value: cumulated };
  });
  return [
    ...samples,
    { labels: { ...labels }, metricName: `${name}_sum`, value: buckets.sum },
    { labels: { ...labels }, metricName: `${name}_count`, value: cumulated },
  ];
}

/** Series are told apart by this text: both formats have to write it alike, and OpenMetrics wants `1.0`. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}
