import { Buckets } from "../core/buckets.ts";
import type { RefusalReason } from "../core/event.ts";
import type { ResultRow } from "../core/result.ts";
import { METRICS } from "./metrics/catalog.ts";
import { Disorder } from "./metrics/disorder.ts";

/** Durations of batches that are kept for the quantiles of one interval. */
const DURATIONS_MAX = 4096;

/** What is measured of the way to one sink. */
export class SinkMeasurements {
  readonly write = new Buckets(METRICS.aggregator_sink_write_seconds.bounds);
  readonly delay = new Buckets(METRICS.aggregator_row_delay_seconds.bounds);
  /** Rows that it will never take. */
  refused = 0;

  /**
   * Rows are durable in the sink.
   *
   * @param now Unix seconds.
   */
  delivered(rows: readonly ResultRow[], now: number): void {
    for (const { revision, window_end } of rows) {
      // Corrections come late by their nature, and `early` rows before there is anything to wait for.
      if (revision === 0 && window_end <= now) this.delay.observe(now - window_end);
    }
  }
}

/** What the pipeline measures of itself besides counting: how long and how late. */
export class Measurements {
  /** How late the late events were, in seconds. */
  readonly lateness = new Buckets(METRICS.aggregator_event_lateness_seconds.bounds);
  readonly disorder = new Disorder();
  readonly checkpoint = new Buckets(METRICS.aggregator_checkpoint_seconds.bounds);
  readonly batch = new Buckets(METRICS.aggregator_batch_seconds.bounds);
  /** Why events and rows were refused since the start. */
  readonly refusals = new Map<RefusalReason, number>();
  readBytes = 0;
  checkpointErrors = 0;
  readonly #sinks = new Map<string, SinkMeasurements>();
  #durations: number[] = [];
  #next = 0;

  /** Those of a sink, which go on when it comes back after a reload. */
  sink(name: string): SinkMeasurements {
    const known = this.#sinks.get(name);
    if (known !== undefined) return known;
    const made = new SinkMeasurements();
    this.#sinks.set(name, made);
    return made;
  }

  refused(reason: RefusalReason): void {
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
  }

  /** A batch went from read to committed. */
  processing(seconds: number): void {
    this.batch.observe(seconds);
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
