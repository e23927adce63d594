import type { Clock } from "../core/clock.ts";
import { TransientError } from "../core/errors.ts";
import type { Refusal } from "../core/event.ts";
import { SINK_BATCH_ROWS_MAX } from "../core/limits.ts";
import { type Logger, partOf } from "../core/logger.ts";
import { rowToJson } from "../core/result-json.ts";
import type { SinkSettings } from "../core/settings.ts";
import type { Owner, RowBatch, SinkWriter } from "../core/sink.ts";
import { secondsOf } from "../core/time.ts";
import type { State } from "../state/state.ts";
import { Backoff } from "./backoff.ts";
import { Connection } from "./connection.ts";
import type { SinkMeasurements } from "./measurements.ts";
import { OutboxAge } from "./metrics/outbox-age.ts";
import type { OperationLog } from "./operation-log.ts";
import type { SinkStatus } from "./view.ts";

/** What the place of a refused row begins with. */
const PLACE = "sink ";

/** The sink that refused a row; undefined: an event was refused. */
export function sinkOfRefusal({ reason, at }: Refusal): string | undefined {
  return reason === "refused" ? at.slice(PLACE.length) : undefined;
}

export interface DeliveryOptions {
  readonly state: State;
  readonly pipeline: string;
  readonly owner: Owner;
  readonly generation: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** Told of each delivery. */
  readonly operations?: OperationLog;
  /** What is measured of it. */
  readonly measurements: SinkMeasurements;
  /** Told of every row that the sink refused, why. */
  readonly onRefusal?: (reason: Refusal["reason"]) => void;
  /** The one that carried rows to a sink of this name before; its counts go on. */
  readonly former?: Delivery | undefined;
}

/** Carries the rows of one sink from the outbox to it, at the sink's own pace. */
export class Delivery {
  readonly name: string;
  readonly #sink: SinkSettings;
  readonly #options: Omit<DeliveryOptions, "former">;
  readonly #connection: Connection<SinkWriter>;
  /** Nothing more is begun. */
  readonly #leaving = new AbortController();
  readonly #age: OutboxAge;
  #written: number;

  constructor(sink: SinkSettings, { former, ...options }: DeliveryOptions) {
    this.name = sink.name;
    this.#sink = sink;
    this.#options = options;
    this.#written = former?.written ?? 0;
    this.#age = former === undefined ? new OutboxAge() : former.#age;
    const { pipeline, owner, generation, clock, random } = options;
    const logger = partOf(options.logger, "sink");
    const context = { sink: sink.name, pipeline, owner, generation, clock, logger };
    this.#connection = new Connection({
      label: `sink ${sink.name}`,
      open: async (signal) =>
        this.#checked(await sink.definition.open(sink.options, context, signal)),
      callMsMax: sink.definition.callMsMax?.(sink.options),
      clock,
      logger,
      random,
    });
    this.#connection.errors = former?.errors ?? 0;
    this.#connection.reconnects = former?.reconnects ?? 0;
    this.stored();
  }

  /** Whether the sink was reached at least once. */
  get wasConnected(): boolean {
    return this.#connection.wasOpen;
  }

  /** Whether the sink was reached, and is not away by now. */
  get isReached(): boolean {
    return this.wasConnected && this.problem === undefined;
  }

  get problem(): string | undefined {
    return this.#connection.problem;
  }

  get written(): number {
    return this.#written;
  }

  get errors(): number {
    return this.#connection.errors;
  }

  get reconnects(): number {
    return this.#connection.reconnects;
  }

  /** A checkpoint was made: there may be new rows. */
  stored(): void {
    const { state, clock } = this.#options;
    this.#age.stored(state.outbox.given(this.name), clock.monotonicMs());
    this.#age.confirmed(state.outbox.confirmed(this.name));
  }

  /** Finishes what is under way, and takes no more. */
  leave(): void {
    this.#leaving.abort();
  }

  /** Delivers until `signal` aborts, or it is left. @throws {FatalError} Trying again cannot help. */
  async run(signal: AbortSignal): Promise<void> {
    const { outbox } = this.#options.state;
    const over = AbortSignal.any([signal, this.#leaving.signal]);
    try {
      // Opened before the first row, so that a wrong address shows at once and not a window later.
      await this.#connection.use(async () => {}, signal);
      while (!over.aborted) {
        await outbox.rowsFor(this.name, over);
        if (!over.aborted) await this.#deliver(signal);
      }
    } finally {
      await this.#connection.close();
    }
  }

  status(): SinkStatus {
    const { problem, lastError } = this.#connection;
    return {
      name: this.name,
      kind: this.#sink.definition.name,
      description: this.#sink.definition.describe(this.#sink.options),
      connected: this.#connection.isOpen,
      breaker: this.#connection.breaker,
      outbox: this.#options.state.outbox.depth(this.name),
      written: this.#written,
      outbox_bytes: this.#options.state.outbox.bytes(this.name),
      outbox_bytes_max: this.#options.state.outbox.bytesMax,
      outbox_age_seconds: this.#age.ageMs(this.#options.clock.monotonicMs()) / 1000,
      errors: this.#connection.errors,
      ...(lastError === undefined ? {} : { last_error: lastError }),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  /** A sink that is ahead of our state must not be written to. */
  async #checked(writer: SinkWriter): Promise<SinkWriter> {
    const { progress } = writer;
    if (progress === undefined) return writer;
    try {
      this.#options.state.outbox.checkProgress(this.name, progress);
      return writer;
    } catch (failure) {
      await writer.close();
      throw failure;
    }
  }

  async #deliver(signal: AbortSignal): Promise<void> {
    const { state, clock, measurements } = this.#options;
    const next = await this.#patiently(
      () => state.outbox.peek(this.name, SINK_BATCH_ROWS_MAX),
      signal,
    );
    if (next === undefined) return;
    let attempts = 0;
    const outcome = await this.#connection.use(async (writer) => {
      attempts++;
      const startMs = clock.monotonicMs();
      // Asked again at each try: the writer may be a new one, which has some of these rows.
      const batch = knownPart(next, writer.progress) ?? next;
      const { refused } = await writer.write(batch, signal);
      const ms = clock.monotonicMs() - startMs;
      measurements.write.observe(ms / 1000);
      return { batch, refused, ms };
    }, signal);
    if (outcome === undefined) return; // stopped: the rows are still in the outbox
    const { rows, through } = outcome.batch;
    const refusals = outcome.refused.map(({ index, reason }): Refusal => {
      const event = rowToJson(rows[index]!);
      return { reason: "refused", detail: reason, event, at: `${PLACE}${this.name}` };
    });
    this.#written += rows.length - refusals.length;
    measurements.refused += refusals.length;
    const isRefused = new Set(outcome.refused.map(({ index }) => index));
    const delivered = rows.filter((_, index) => !isRefused.has(index));
    measurements.delivered(delivered, secondsOf(clock.now()));
    for (const { reason } of refusals) this.#options.onRefusal?.(reason);
    const told = { rows, through, refused: refusals.length, attempts, ms: outcome.ms };
    this.#options.operations?.delivered(this.name, told);
    // The rows are delivered; that they are waits for the disk if it must.
    await this.#patiently(() => this.#confirm(through, refusals), signal);
  }

  #confirm(through: number, refusals: readonly Refusal[]): void {
    const { state, clock } = this.#options;
    state.confirm(this.name, through, { refusals, refusedAt: secondsOf(clock.now()) });
    this.#age.confirmed(through);
  }

  /** Does something with the state, again and again while that is full or locked. Undefined: stopped. */
  async #patiently<Result>(work: () => Result, signal: AbortSignal): Promise<Result | undefined> {
    const backoff = new Backoff(this.#options.random);
    for (;;) {
      try {
        return work();
      } catch (failure) {
        if (!(failure instanceof TransientError)) throw failure;
        await this.#options.clock.sleep(backoff.afterMs(failure), signal);
        if (signal.aborted) return undefined;
      }
    }
  }
}

/**
 * The rows up to `progress`, when it lies within the batch: alone, the sink knows them, does not write them
 * again, and still says which of them it refused.
 */
function knownPart(batch: RowBatch, progress: number | undefined): RowBatch | undefined {
  if (progress === undefined || progress >= batch.through) return undefined;
  const known = progress - (batch.through - batch.rows.length);
  return known > 0 ? { rows: batch.rows.slice(0, known), through: progress } : undefined;
}
