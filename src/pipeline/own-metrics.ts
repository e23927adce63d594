import { randomUUID } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import type { Metric } from "../core/event.ts";
import { CALL_TIMEOUT_MS } from "../core/limits.ts";
import type { Logger } from "../core/logger.ts";
import { secondsOf } from "../core/time.ts";
import { GuardedCalls } from "./guarded-calls.ts";
import type { Pipeline } from "./pipeline.ts";
import { OWN_METRIC_PREFIX } from "./processor.ts";

/** How the metrics get to the bus. Rejects when it is away, with a TransientError or otherwise. */
export type SendMetrics = (metrics: readonly Metric[], signal: AbortSignal) => Promise<void>;

/**
 * Sends what the service says of itself to the bus, every so often. It never holds up the pipeline:
 * while the bus is away the newest values wait and go first with the next ones; older ones are replaced
 * by them, so that what waits is one set of values at most. A breaker decides whether it is tried.
 */
export class OwnMetrics {
  readonly #pipeline: Pipeline;
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #send: SendMetrics;
  readonly #more: () => Readonly<Record<string, number>>;
  #receivedBefore: number;
  #beforeMs: number;
  readonly #calls: GuardedCalls;
  #failing = false;
  /** The newest values that the bus has not confirmed. */
  #unsent: readonly Metric[] = [];

  constructor(
    pipeline: Pipeline,
    options: {
      everyMs: number;
      send: SendMetrics;
      random: () => number;
      logger: Logger;
      /** What is told besides, by the name behind our prefix. */
      more?: () => Readonly<Record<string, number>>;
    },
  ) {
    const { everyMs, send, random, logger, more = () => ({}) } = options;
    const { clock } = pipeline;
    this.#pipeline = pipeline;
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#send = send;
    this.#more = more;
    this.#calls = new GuardedCalls({ label: "the own metrics", clock, logger, random });
    this.#beforeMs = clock.monotonicMs();
    // What was received before a restart or a reload is no rate of this moment.
    this.#receivedBefore = pipeline.processor.engine.ledger.received;
  }

  /** Sends until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(this.#everyMs, signal);
      if (!signal.aborted) await this.#sendOnce(signal);
    }
  }

  async #sendOnce(signal: AbortSignal): Promise<void> {
    let newest = this.#unsent;
    try {
      newest = this.collect();
      if (!this.#calls.breaker.admitNow()) {
        this.#unsent = newest;
        return;
      }
      // What waits may have arrived although its answer was lost: with its ids it counts once.
      const metrics = [...this.#unsent, ...newest];
      const limit = { action: "Cannot send metrics", ms: CALL_TIMEOUT_MS, signal };
      await this.#calls.once((over) => this.#send(metrics, over), limit);
      this.#unsent = [];
      this.#failing = false;
    } catch (failure) {
      this.#unsent = newest;
      if (!this.#failing && !signal.aborted) {
        this.#pipeline.note(
          "Own metrics could not be sent to the bus; they go with the next ones.",
          failure,
        );
      }
      this.#failing = true;
    }
  }

  /** The values of this moment. Rates and quantiles are those since the last call. */
  collect(): Metric[] {
    const { processor, deliveries, store, clock, startedMs, measurements } = this.#pipeline;
    const { engine } = processor;
    const { received, aggregated, late, future, invalid, over_limit } = engine.ledger;
    const nowMs = clock.monotonicMs();
    const now = secondsOf(clock.now());
    const seconds = Math.max((nowMs - this.#beforeMs) / 1000, 0.001);
    const cpu = process.cpuUsage();
    const processing = measurements.takeProcessing();
    const watermark = secondsOf(engine.watermark);
    const total = (of: (part: (typeof deliveries)[number]) => number): number =>
      deliveries.reduce((sum, part) => sum + of(part), 0);
    const values: Record<string, number | undefined> = {
      events_received: received,
      aggregated_events_count: aggregated,
      failed_events_count: late + future + invalid + over_limit,
      events_per_second: (received - this.#receivedBefore) / seconds,
      "processing_time.p50": processing?.p50,
      "processing_time.p99": processing?.p99,
      watermark_lag: Number.isFinite(watermark) ? now - watermark : undefined,
      windows_fired: engine.rules.reduce((sum, rule) => sum + rule.fired, 0),
      rows_written: total((part) => part.written),
      sink_errors: total((part) => part.errors),
      outbox_depth: total((part) => store.outbox.depth(part.name)),
      memory_rss: process.memoryUsage.rss(),
      cpu_seconds: (cpu.user + cpu.system) / 1e6,
      uptime: (nowMs - startedMs) / 1000,
      ...this.#more(),
    };
    this.#receivedBefore = received;
    this.#beforeMs = nowMs;
    const metrics: Metric[] = [];
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) continue;
      metrics.push({ name: OWN_METRIC_PREFIX + name, value, timestamp: now, id: randomUUID() });
    }
    return metrics;
  }
}
