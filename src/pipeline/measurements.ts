import { Histogram, Registry } from "prom-client";

/** Durations of batches that are kept for the quantiles of one interval. */
const DURATIONS_MAX = 4096;

/** What the pipeline measures of itself besides counting: how long and how late. */
export class Measurements {
  readonly registry = new Registry();
  /** How late the late events were, in seconds. */
  readonly lateness = new Histogram({
    name: "aggregator_event_lateness_seconds",
    help: "How long after their windows were forgotten late events came",
    buckets: [0.1, 1, 5, 30, 60, 300, 1800, 3600, 21_600, 86_400],
    registers: [this.registry],
  });
  readonly checkpoint = new Histogram({
    name: "aggregator_checkpoint_seconds",
    help: "How long a checkpoint took",
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers: [this.registry],
  });
  readonly #writes = new Histogram({
    name: "aggregator_sink_write_seconds",
    help: "How long a batch of rows took to be durable in a sink",
    labelNames: ["sink"],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
    registers: [this.registry],
  });
  #durations: number[] = [];
  #next = 0;

  sinkWrite(sink: string): { observe(seconds: number): void } {
    return this.#writes.labels(sink);
  }

  /** A batch went from read to committed. */
  processing(seconds: number): void {
    this.#durations[this.#next] = seconds;
    this.#next = (this.#next + 1) % DURATIONS_MAX;
  }

  /** Quantiles of the durations since the last call; undefined where there was no batch. */
  takeProcessing(): { readonly p50: number; readonly p99: number } | undefined {
    const sorted = this.#durations.sort((a, b) => a - b);
    this.#durations = [];
    this.#next = 0;
    if (sorted.length === 0) return undefined;
    const at = (q: number): number => sorted[Math.ceil(q * sorted.length) - 1]!;
    return { p50: at(0.5), p99: at(0.99) };
  }
}
