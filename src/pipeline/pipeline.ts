import type { Clock } from "../core/clock.ts";
import { messageOf, TransientError } from "../core/errors.ts";
import type { EventLog } from "../core/event-log.ts";
import { SHUTDOWN_MS_MAX } from "../core/limits.ts";
import { type Logger, partOf } from "../core/logger.ts";
import type { ResultRow } from "../core/result.ts";
import { type Settings, shareOf } from "../core/settings.ts";
import type { Cursor, EventBatch, SourceRead, SourceReader } from "../core/source.ts";
import { epochMicros, secondsOf } from "../core/time.ts";
import type { State } from "../state/state.ts";
import { Checkpointer } from "./checkpointer.ts";
import { Connection } from "./connection.ts";
import { Delivery } from "./delivery.ts";
import { Departure } from "./departure.ts";
import { EventTap } from "./event-tap.ts";
import { Evictions } from "./evictions.ts";
import { FailureLog } from "./failure-log.ts";
import { Measurements } from "./measurements.ts";
import { CountedBefore } from "./metrics/counted-before.ts";
import { OperationLog } from "./operation-log.ts";
import { PartitionWatch } from "./partition-watch.ts";
import { PauseGate } from "./pause-gate.ts";
import { Processor } from "./processor.ts";
import { readWaitMs } from "./read-wait.ts";
import { RecentResults } from "./recent-results.ts";
import { restoreState } from "./restore-state.ts";
import { unpausedRead } from "./unpaused-read.ts";
import type { PipelineState } from "./view.ts";

/** How long the sinks may take to finish what they are writing when the pipeline is left. */
const LEAVE_MS_MAX = 5_000;

/** How long the source may take to hear of the last checkpoint. */
const LAST_ACK_MS_MAX = 2_000;

/** How long the loop may keep the thread while the source always has more. */
const BREATHE_EVERY_MS = 10;

export interface PipelineOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly state: State;
  /** The journal of the embedded bus; undefined where none is served. */
  readonly log: EventLog | undefined;
  /** Told of rows when they fired. @param watermark Unix seconds by then; infinite at the end of the input. */
  readonly onRows?: (rows: readonly ResultRow[], watermark: number) => void;
  /** Numbers in [0, 1): seeds the name hash, spreads the retries. */
  readonly random: () => number;
  /** The pipeline that this process ran over the same state before; it has ended. */
  readonly former?: Pipeline;
}

/** How `run` went: to its end, or it was left for the next pipeline. */
export type PipelineOutcome = "ended" | "left";

/**
 * One loop from the source to the outbox; one delivery for each sink from there on.
 *
 * `read a batch → decode and add → rows → commit → ack`. A batch is read when the one before it is
 * committed and the outbox has room, so the source is slowed down by the slowest sink, and nothing is
 * ever dropped.
 */
export class Pipeline {
  readonly settings: Settings;
  /** What outlives the process; opened and closed by whoever made the pipeline. */
  readonly store: State;
  readonly checkpointer: Checkpointer;
  readonly deliveries: readonly Delivery[];
  readonly source: Connection<SourceReader>;
  readonly measurements: Measurements;
  readonly countedBefore: CountedBefore;
  readonly processor: Processor;
  /** Tells the log what is done. */
  readonly operations: OperationLog;
  /** What fired lately, for whoever looks. */
  readonly recent: RecentResults;
  /** What passes, for whoever looks. */
  readonly tap: EventTap;
  readonly clock: Clock;
  readonly startedMs: number;
  /** Where the source goes on: behind the last batch that was processed. */
  cursor: Cursor | undefined;
  /** Events known to wait in the source; undefined when it cannot tell. */
  pending: number | undefined;
  /** On the monotonic clock: when the last event came. */
  lastEventMs: number | undefined;
  /** The input has ended: the last checkpoint that holds windows is being made, or was. */
  isEnding = false;
  readonly #options: Omit<PipelineOptions, "former">;
  readonly #evictions: Evictions;
  readonly #gate: PauseGate;
  #phase: Exclude<PipelineState, "paused"> = "starting";
  readonly #departure = new Departure();
  /** A reader that the pipeline before left open, until the first use; or that is left to the next one. */
  #kept: SourceReader | undefined;
  #breathedMs = 0;
  /** The partitions of the reader that is open. */
  #watch: PartitionWatch | undefined;
  #hasEnded = false;
  #openings = 0;
  /** What the source heard of last. */
  #acked: Cursor | undefined;

  constructor(settings: Settings, { former, ...options }: PipelineOptions) {
    const { clock, logger, random, state } = options;
    this.settings = settings;
    this.clock = clock;
    this.store = state;
    this.cursor = state.cursor;
    // What is looked at from outside goes on as if there were one pipeline.
    this.startedMs = former?.startedMs ?? clock.monotonicMs();
    this.measurements = former?.measurements ?? new Measurements();
    this.recent = former?.recent ?? new RecentResults();
    this.tap = former?.tap ?? new EventTap(() => clock.monotonicMs());
    this.lastEventMs = former?.lastEventMs;
    this.pending = former?.pending;
    this.#gate = former === undefined ? new PauseGate(state, clock) : former.#gate;
    this.#kept = former === undefined ? undefined : former.#kept;
    this.#options = options;
    const failures = new FailureLog(logger, () => clock.monotonicMs());
    this.processor = new Processor(settings, {
      seed: Math.floor(random() * 2 ** 32),
      nowMs: clock.monotonicMs(),
      onRefusal: (refusal) => {
        this.measurements.refused(refusal.reason);
        if (this.tap.isOpen) this.tap.refuse(refusal);
        this.checkpointer.refuse(refusal);
      },
      onRowFailure: (detail) => failures.add(detail),
      onLateness: (seconds) => this.measurements.lateness.observe(seconds),
      observer: this.measurements.disorder,
    });
    this.checkpointer = new Checkpointer(settings, {
      state,
      processor: this.processor,
      clock,
      logger: partOf(logger, "state"),
      random,
      onCheckpoint: (made) => {
        this.measurements.checkpoint.observe(made.seconds);
        this.operations.committed(made, (sink) => state.outbox.given(sink));
        for (const delivery of this.deliveries) delivery.stored();
        this.#evictions.look();
      },
      onFailure: () => void this.measurements.checkpointErrors++,
    });
    restoreState(this, { former, logger });
    this.countedBefore = new CountedBefore(this.processor.engine, former?.countedBefore);
    this.operations = new OperationLog(logger, {
      epoch: state.epoch,
      ledger: this.processor.engine.ledger,
      nowMs: clock.monotonicMs(),
      former: former?.operations,
    });
    this.#evictions = new Evictions({
      deadLetters: state.deadLetters,
      engine: this.processor.engine,
      idsMax: settings.dedupe.idsMax,
      logger: partOf(logger, "state"),
    });
    this.source = new Connection({
      label: "source",
      open: (signal) => this.#openSource(signal),
      callMsMax: settings.source.definition.callMsMax?.(settings.source.options),
      onConnected: () => this.processor.engine.restartIdle(clock.monotonicMs()),
      clock,
      logger: partOf(logger, "source"),
      random,
    });
    if (former !== undefined) {
      this.source.errors = former.source.errors;
      this.source.reconnects = former.source.reconnects;
    }
    const { lineage, epoch, generation } = state;
    const share = shareOf(settings.source);
    this.deliveries = settings.sinks.map(
      (sink) =>
        new Delivery(sink, {
          state,
          pipeline: settings.name,
          owner: { share, lineage, epoch },
          generation,
          clock,
          logger,
          operations: this.operations,
          random,
          measurements: this.measurements.sink(sink.name),
          onRefusal: (reason) => this.measurements.refused(reason),
          former: former?.deliveries.find(({ name }) => name === sink.name),
        }),
    );
  }

  get state(): PipelineState {
    const isReading = this.#phase === "starting" || this.#phase === "running";
    return isReading && this.#gate.isClosed ? "paused" : this.#phase;
  }

  /**
   * Runs until the source ends or `stop` aborts, then delivers what is in the outbox; or until it is left.
   *
   * @throws {FatalError} Some part cannot go on, whatever is tried; the others were stopped.
   */
  async run(stop: AbortSignal): Promise<PipelineOutcome> {
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
    const over = AbortSignal.any([stop, failed.signal]);
    await this.#read(over).catch(fail);
    const isLeft = await this.#depart(over, deliveries).catch(fail);
    if (failure === undefined && isLeft !== true && !this.isEnding)
      await this.#ackLast().catch(fail);
    await this.source.close();
    if (failure === undefined && isLeft !== true) await this.#drain(failed.signal).catch(fail);
    delivering.abort();
    await Promise.all(deliveries);
    if (failure !== undefined || isLeft !== true) {
      await this.#kept?.close();
      this.#kept = undefined;
      this.#phase = failure === undefined ? "stopped" : "failed";
    }
    if (failure !== undefined) throw failure;
    return isLeft === true ? "left" : "ended";
  }

  /**
   * Ends the run for another pipeline over the same state: reads nothing more, makes a checkpoint and lets
   * the sinks finish what they are writing. What else is in the outbox stays there.
   *
   * @param options.keepsReader Whether the reader is left open for the next pipeline, for a source that
   *   cannot be read again from a cursor: a read under way is waited for then.
   */
  leave({ keepsReader }: { readonly keepsReader: boolean }): void {
    this.#departure.ask({ keepsReader: keepsReader && this.source.isOpen });
  }

  /**
   * Nothing that the source gives from now on is processed until `resume`, also over a restart. What was read
   * is finished.
   *
   * @throws {TransientError} It is paused, but could not be written down: a restart would read on.
   */
  pause(): void {
    this.#gate.close();
  }

  /** @throws {TransientError} It reads on, but could not write that down: a restart would pause. */
  resume(): void {
    this.#gate.open();
  }

  /**
   * Makes a checkpoint between two reads. The source hears of it with the next one that the loop makes.
   *
   * @throws {TransientError} None can be made now, or the input has ended: its last one was made then.
   */
  async checkpoint(): Promise<void> {
    // Behind the end every window is forgotten; what is stored keeps them, for an input that grows.
    if (this.isEnding)
      throw new TransientError("The input has ended: no checkpoint comes after it");
    // Whoever asks does not wait until there is room on the disk again: the loop does.
    const once = new AbortController();
    const made = this.checkpointer.commit(once.signal);
    once.abort();
    await made;
    if (this.checkpointer.problem !== undefined)
      throw new TransientError(this.checkpointer.problem);
  }

  /**
   * Waits while it is paused, with everything that was processed in a checkpoint.
   *
   * @param underWay A read that ends meanwhile: the source hears of the checkpoint behind it.
   */
  async #passGate(stop: AbortSignal, underWay?: Promise<unknown>): Promise<void> {
    if (!this.#gate.isClosed) return;
    const cursor = await this.checkpointer.commit(stop);
    await underWay;
    // A source that was not opened yet has given nothing.
    if (cursor !== undefined && this.source.isOpen) await this.#ack(cursor, stop);
    await this.#gate.pass(stop);
    // The silence was ours: no window may close for it.
    this.processor.engine.restartIdle(this.clock.monotonicMs());
  }

  async #read(over: AbortSignal): Promise<void> {
    const { checkpointer, clock } = this;
    const stop = AbortSignal.any([over, this.#departure.asked]);
    const reading = AbortSignal.any([over, this.#departure.giveUpReading(clock, over)]);
    while (!stop.aborted) {
      await this.store.outbox.room(stop);
      await this.#passGate(stop);
      if (stop.aborted) return;
      // What was committed meanwhile may have filled it.
      if (this.store.outbox.isFull) continue;
      const read = await unpausedRead(stop, {
        gate: this.#gate,
        read: () => this.#readOnce(reading),
        pass: (underWay) => this.#passGate(stop, underWay),
        openings: () => this.#openings,
        comesAgain: () => this.#comesAgain,
      });
      if (read === undefined) return;
      this.#phase = "running";
      const startMs = clock.monotonicMs();
      if (read.kind === "end") {
        await this.#end(stop);
        return;
      }
      const rows = this.#process(read);
      this.tell(rows);
      checkpointer.processed(rows, read.kind === "batch" ? this.cursor : undefined);
      if (checkpointer.isDue(this.pending === 0)) {
        const cursor = await checkpointer.commit(stop);
        if (cursor !== undefined) await this.#ack(cursor, stop);
      }
      this.measurements.processing((clock.monotonicMs() - startMs) / 1000);
      this.operations.sumUp(clock.monotonicMs(), this.processor.engine.ledger);
      await this.#breathe(stop);
    }
  }

  get #comesAgain(): boolean {
    const { definition, options } = this.settings.source;
    return definition.replay(options) === "cursor" && !this.#departure.keepsReader;
  }

  /** A read that is given up leaves the reader open, to hear of the last checkpoint; but for the next pipeline. */
  async #readOnce(reading: AbortSignal): Promise<SourceRead | undefined> {
    return await this.source.use(async (reader) => {
      try {
        return await reader.read(reading);
      } catch (failure) {
        if (reading.aborted && !this.#departure.keepsReader) return undefined;
        throw failure;
      }
    }, reading);
  }

  /** The input has ended: every window fires, and what is stored waits for more of it. */
  async #end(stop: AbortSignal): Promise<void> {
    this.isEnding = true;
    const cursor = await this.checkpointer.commit(stop);
    if (cursor !== undefined) await this.#ack(cursor, stop);
    if (stop.aborted) return; // the checkpoint may wait for room on the disk still
    this.#hasEnded = true;
    // A start over an input that has not grown since its end has nothing to say twice.
    if (this.store.endedAt === (this.cursor ?? "")) return;
    this.processor.engine.finish();
    const rows = this.processor.rows();
    this.tell(rows);
    this.checkpointer.processed(rows, undefined);
    await this.checkpointer.commitLastRows(stop);
  }

  #process(read: Exclude<SourceRead, { kind: "end" }>): ResultRow[] {
    const nowMs = this.clock.monotonicMs();
    const watch = this.#watch;
    watch?.open();
    watch?.wake();
    if (read.kind === "batch") this.#add(read.batch, nowMs);
    else this.pending = watch?.isCaughtUp === false ? undefined : 0;
    watch?.idle(read, nowMs);
    watch?.hold();
    return this.processor.rows(epochMicros(nowMs * 1000));
  }

  #add(batch: EventBatch, nowMs: number): void {
    const { ledger } = this.processor.engine;
    const from = this.cursor;
    this.operations.reading(ledger);
    this.pending = batch.pending;
    this.cursor = batch.cursor;
    this.measurements.readBytes += batch.length;
    if (batch.length > 0) this.lastEventMs = nowMs;
    if (batch.gap !== undefined) {
      const { detail, events } = batch.gap;
      this.#options.logger.error(`Events are lost: ${detail}`, { gap: events });
    }
    if (this.tap.isOpen) this.tap.look(batch, this.settings.rules);
    this.processor.add(batch, { now: this.clock.now(), nowMs });
    this.operations.read(batch, from, ledger);
  }

  /** Rows fired: whoever looks may know. */
  tell(rows: readonly ResultRow[]): void {
    this.operations.fired(rows);
    this.recent.add(rows);
    this.#options.onRows?.(rows, secondsOf(this.processor.engine.watermark));
  }

  async #ack(cursor: Cursor, stop: AbortSignal): Promise<void> {
    await this.source.use((reader) => reader.ack(cursor, stop), stop);
    if (!stop.aborted) this.#acked = cursor;
  }

  /** The source hears of the last checkpoint, when it is there to hear; what it misses is read again. */
  async #ackLast(): Promise<void> {
    if (!this.source.isOpen) return;
    const once = new AbortController();
    const made = this.checkpointer.commit(once.signal);
    once.abort(); // without room on the disk the drain waits for it
    const cursor = await made;
    if (cursor !== undefined) await this.#ackNow(cursor);
  }

  async #ackNow(cursor: Cursor): Promise<void> {
    if (!this.source.isOpen || cursor === this.#acked) return;
    const over = new AbortController();
    const heard = new AbortController();
    void this.clock.sleep(LAST_ACK_MS_MAX, heard.signal).then(() => over.abort());
    await this.#ack(cursor, over.signal);
    heard.abort();
  }

  /** A source that never waits would keep timers and requests from their turn. */
  async #breathe(stop: AbortSignal): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.#breathedMs < BREATHE_EVERY_MS) return;
    await this.clock.sleep(0, stop);
    this.#breathedMs = this.clock.monotonicMs();
  }

  /** When it is to be left: all that was read is in a checkpoint then. Returns whether it is so. */
  async #depart(over: AbortSignal, deliveries: readonly Promise<void>[]): Promise<boolean> {
    const { asked, keepsReader } = this.#departure;
    if (!asked.aborted || over.aborted || this.#hasEnded) return false;
    this.#phase = "reloading";
    if (keepsReader) this.#kept = this.source.release();
    // Without room on the disk it waits, as it would read nothing otherwise.
    const cursor = await this.checkpointer.commit(over);
    if (this.checkpointer.problem !== undefined) return false;
    if (cursor !== undefined) await this.#ackNow(cursor);
    for (const delivery of this.deliveries) delivery.leave();
    // A sink that is away may stay so: what it did not take is in the outbox.
    const writing = deliveries.filter((_, i) => this.deliveries[i]!.isReached);
    await Promise.race([Promise.all(writing), this.clock.sleep(LEAVE_MS_MAX, over)]);
    return !over.aborted;
  }

  async #drain(failed: AbortSignal): Promise<void> {
    this.#phase = "draining";
    const { logger } = this.#options;
    const { outbox } = this.store;
    const late = new AbortController();
    const over = AbortSignal.any([failed, late.signal]);
    const limitMs = this.settings.state.shutdownMsMax ?? SHUTDOWN_MS_MAX;
    void this.clock.sleep(limitMs, over).then(() => late.abort());
    // Without room on the disk it is given up in the end: the next start reads on from the last one.
    if (!this.#hasEnded) await this.checkpointer.commit(over);
    const open = this.processor.engine.rules.reduce((n, rule) => n + rule.windowCounts().open, 0);
    if (open > 0)
      logger.info("Windows are still open; the next start goes on with them.", { open });
    await outbox.drained(over);
    late.abort();
    if (outbox.isEmpty) return;
    const left = Object.fromEntries(this.deliveries.map(({ name }) => [name, outbox.depth(name)]));
    logger.warn("Some rows are not delivered yet; the next start goes on with them.", { left });
  }

  async #openSource(signal: AbortSignal): Promise<SourceReader> {
    const { source, time } = this.settings;
    const { clock, logger, log } = this.#options;
    const kept = this.#kept;
    this.#kept = undefined;
    const open = async (): Promise<SourceReader> =>
      kept ??
      (await source.definition.open(
        source.options,
        {
          cursor: this.cursor,
          waitMsMax: readWaitMs(this.settings),
          log,
          clock,
          logger,
        },
        signal,
      ));
    const reader = await open();
    this.#openings++;
    const { engine } = this.processor;
    this.#watch = new PartitionWatch({ engine, reader, maxSkew: time.maxPartitionSkew, logger });
    return reader;
  }

  /** Logs an unexpected failure of something that must not stop the pipeline. */
  note(what: string, failure: unknown): void {
    this.#options.logger.warn(what, { error: messageOf(failure) });
  }
}
