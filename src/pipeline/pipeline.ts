import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { Refusal } from "../core/event.ts";
import type { EventLog } from "../core/event-log.ts";
import { SHUTDOWN_MS_MAX } from "../core/limits.ts";
import type { Logger } from "../core/logger.ts";
import type { ResultRow } from "../core/result.ts";
import type { Settings } from "../core/settings.ts";
import type { Owner } from "../core/sink.ts";
import type { Cursor, EventBatch, SourceRead, SourceReader } from "../core/source.ts";
import { millisOf, secondsOf } from "../core/time.ts";
import type { DeadLetters } from "../state/dead-letters.ts";
import { Outbox } from "../state/outbox.ts";
import { Connection } from "./connection.ts";
import { Delivery } from "./delivery.ts";
import { Measurements } from "./measurements.ts";
import { Processor } from "./processor.ts";

/** How long one read of the source may wait, so that the rest of the pipeline is looked after. */
const READ_WAIT_MS_MAX = 5_000;

/** How long the loop may keep the thread while the source always has more. */
const BREATHE_EVERY_MS = 10;

export interface PipelineOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly deadLetters: DeadLetters;
  /** The journal of the embedded bus; undefined where none is served. */
  readonly log: EventLog | undefined;
  /** Unix seconds at which this state began. */
  readonly generation: number;
  readonly owner: Owner;
  /** Numbers in [0, 1): seeds the name hash, spreads the retries. */
  readonly random: () => number;
}

export type PipelineState = "starting" | "running" | "draining" | "stopped" | "failed";

/**
 * One loop from the source to the outbox; one delivery for each sink from there on.
 *
 * `read a batch → decode and add → rows → commit → ack`. A batch is read when the one before it is
 * committed and the outbox has room, so the source is slowed down by the slowest sink, and nothing is
 * ever dropped.
 */
export class Pipeline {
  readonly settings: Settings;
  readonly outbox: Outbox;
  readonly deliveries: readonly Delivery[];
  readonly source: Connection<SourceReader>;
  readonly measurements = new Measurements();
  readonly processor: Processor;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
  readonly startedMs: number;
  state: PipelineState = "starting";
  /** Where the source goes on: behind the last batch that was committed. */
  cursor: Cursor | undefined;
  /** Events known to wait in the source; undefined when it cannot tell. */
  pending: number | undefined;
  /** On the monotonic clock: when the last event came. */
  lastEventMs: number | undefined;
  readonly #options: PipelineOptions;
  #breathedMs = 0;
  /** Refusals of the batch under way; they are kept when it is committed. */
  #refusals: Refusal[] = [];

  constructor(settings: Settings, options: PipelineOptions) {
    const { clock, logger, random, generation } = options;
    this.settings = settings;
    this.clock = clock;
    this.deadLetters = options.deadLetters;
    this.startedMs = clock.monotonicMs();
    this.#options = options;
    this.outbox = new Outbox(settings.sinks.map(({ name }) => name));
    this.processor = new Processor(settings, {
      seed: Math.floor(random() * 2 ** 32),
      nowMs: this.startedMs,
      onRefusal: (refusal) => this.#refusals.push(refusal),
      onLateness: (seconds) => this.measurements.lateness.observe(seconds),
    });
    this.source = new Connection({
      label: "source",
      open: (signal) => this.#openSource(signal),
      onConnected: () => this.processor.engine.restartIdle(clock.monotonicMs()),
      clock,
      logger,
      random,
    });
    this.deliveries = settings.sinks.map(
      (sink) =>
        new Delivery(sink, {
          outbox: this.outbox,
          pipeline: settings.name,
          owner: options.owner,
          generation,
          clock,
          logger,
          random,
          onRefusal: (refusal) => this.#keep([refusal]),
          onWrite: (seconds) => this.measurements.sinkWrite(sink.name).observe(seconds),
        }),
    );
  }

  /**
   * Runs until the source ends or `stop` aborts, then delivers what is in the outbox.
   *
   * @throws {FatalError} Some part cannot go on, whatever is tried; the others were stopped.
   */
  async run(stop: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const delivering = new AbortController();
    let failure: Error | undefined;
    const fail = (reason: unknown): void => {
      failure ??= reason instanceof Error ? reason : new Error(messageOf(reason));
      failed.abort();
    };
    const deliveries = this.deliveries.map((delivery) =>
      delivery.run(AbortSignal.any([delivering.signal, failed.signal])).catch(fail),
    );
    await this.#read(AbortSignal.any([stop, failed.signal])).catch(fail);
    await this.source.close();
    if (failure === undefined) await this.#drain(failed.signal);
    delivering.abort();
    await Promise.all(deliveries);
    this.state = failure === undefined ? "stopped" : "failed";
    if (failure !== undefined) throw failure;
  }

  async #read(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.outbox.room(stop);
      const read = await this.source.use((reader) => reader.read(stop), stop);
      if (read === undefined) return;
      this.state = "running";
      const startMs = this.clock.monotonicMs();
      const rows = this.#process(read);
      this.#commit(rows, read.kind === "batch" ? read.batch : undefined);
      this.measurements.processing((this.clock.monotonicMs() - startMs) / 1000);
      if (read.kind === "end") return;
      if (read.kind === "batch") await this.#ack(read.batch.cursor, stop);
      await this.#breathe(stop);
    }
  }

  #process(read: SourceRead): ResultRow[] {
    const { engine } = this.processor;
    const nowMs = this.clock.monotonicMs();
    if (read.kind === "end") {
      engine.finish();
    } else if (read.kind === "empty") {
      this.pending = 0;
      engine.idle(nowMs);
    } else {
      const { batch } = read;
      this.pending = batch.pending;
      if (batch.length > 0) this.lastEventMs = nowMs;
      if (batch.gap !== undefined) {
        this.#options.logger.error(`Events are lost: ${batch.gap.detail}`, {
          gap: batch.gap.events,
        });
      }
      this.processor.add(batch, { now: this.clock.now(), nowMs });
    }
    return this.processor.rows();
  }

  /** Rows to the outbox, refusals to the dead letters, the cursor forward: all or nothing. */
  #commit(rows: readonly ResultRow[], batch: EventBatch | undefined): void {
    const refusals = this.#refusals;
    this.#refusals = [];
    this.#keep(refusals);
    for (const { name } of this.settings.sinks) {
      this.outbox.append(
        name,
        rows.filter((row) => this.#goesTo(row.rule, name)),
      );
    }
    if (batch !== undefined) this.cursor = batch.cursor;
  }

  #goesTo(rule: string, sink: string): boolean {
    return this.settings.rules.find(({ name }) => name === rule)?.to.includes(sink) === true;
  }

  #keep(refusals: readonly Refusal[]): void {
    this.deadLetters.append(refusals, secondsOf(this.clock.now()));
  }

  async #ack(cursor: Cursor, stop: AbortSignal): Promise<void> {
    await this.source.use((reader) => reader.ack(cursor, stop), stop);
  }

  /** A source that never waits would keep timers and requests from their turn. */
  async #breathe(stop: AbortSignal): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.#breathedMs < BREATHE_EVERY_MS) return;
    await this.clock.sleep(0, stop);
    this.#breathedMs = this.clock.monotonicMs();
  }

  async #drain(failed: AbortSignal): Promise<void> {
    this.state = "draining";
    const { logger } = this.#options;
    const open = this.processor.engine.rules.reduce((n, rule) => n + rule.windowCounts().open, 0);
    if (open > 0)
      logger.info("Windows are still open; they are not written as if they were whole.", { open });
    const late = new AbortController();
    const over = AbortSignal.any([failed, late.signal]);
    void this.clock.sleep(SHUTDOWN_MS_MAX, over).then(() => late.abort());
    await this.outbox.drained(over);
    late.abort();
    if (this.outbox.isEmpty) return;
    const left = Object.fromEntries(
      this.deliveries.map(({ name }) => [name, this.outbox.depth(name)]),
    );
    logger.error("Some rows could not be delivered before the end.", { left });
  }

  async #openSource(signal: AbortSignal): Promise<SourceReader> {
    const { source, time } = this.settings;
    const idleMs = time.idleTimeout === "off" ? Infinity : millisOf(time.idleTimeout);
    const { clock, logger, log } = this.#options;
    return await source.definition.open(
      source.options,
      // A read ends at half the idle time at the latest, so that the idle rule is looked at in time.
      {
        cursor: this.cursor,
        waitMsMax: Math.min(READ_WAIT_MS_MAX, idleMs / 2),
        log,
        clock,
        logger,
      },
      signal,
    );
  }

  /** Logs an unexpected failure of something that must not stop the pipeline. */
  note(what: string, failure: unknown): void {
    this.#options.logger.warn(what, { error: messageOf(failure) });
  }
}
