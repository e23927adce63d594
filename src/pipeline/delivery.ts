import type { Clock } from "../core/clock.ts";
import type { Refusal } from "../core/event.ts";
import { SINK_BATCH_ROWS_MAX } from "../core/limits.ts";
import type { Logger } from "../core/logger.ts";
import type { SinkSettings } from "../core/settings.ts";
import type { Owner, SinkWriter } from "../core/sink.ts";
import type { Outbox } from "../state/outbox.ts";
import { Connection } from "./connection.ts";
import type { SinkStatus } from "./view.ts";

export interface DeliveryOptions {
  readonly outbox: Outbox;
  readonly pipeline: string;
  readonly owner: Owner;
  readonly generation: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** Takes every row that the sink refused for good. */
  readonly onRefusal: (refusal: Refusal) => void;
  /** Takes how long a batch took, in seconds. */
  readonly onWrite?: (seconds: number) => void;
}

/** Carries the rows of one sink from the outbox to it, at the sink's own pace. */
export class Delivery {
  readonly name: string;
  readonly #sink: SinkSettings;
  readonly #options: DeliveryOptions;
  readonly #connection: Connection<SinkWriter>;
  #written = 0;

  constructor(sink: SinkSettings, options: DeliveryOptions) {
    this.name = sink.name;
    this.#sink = sink;
    this.#options = options;
    const { pipeline, owner, generation, clock, logger, random } = options;
    const context = { sink: sink.name, pipeline, owner, generation, clock, logger };
    this.#connection = new Connection({
      label: `sink ${sink.name}`,
      open: (signal) => sink.definition.open(sink.options, context, signal),
      clock,
      logger,
      random,
    });
  }

  /** Whether the sink was reached at least once. */
  get wasConnected(): boolean {
    return this.#connection.wasOpen;
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

  /** Delivers until `signal` aborts. @throws {FatalError} Trying again cannot help. */
  async run(signal: AbortSignal): Promise<void> {
    const { outbox } = this.#options;
    try {
      // Opened before the first row, so that a wrong address shows at once and not a window later.
      await this.#connection.use(async () => {}, signal);
      while (!signal.aborted) {
        await outbox.rowsFor(this.name, signal);
        if (!signal.aborted) await this.#deliver(signal);
      }
    } finally {
      await this.#connection.close();
    }
  }

  status(): SinkStatus {
    const { problem } = this.#connection;
    return {
      name: this.name,
      kind: this.#sink.definition.name,
      description: this.#sink.definition.describe(this.#sink.options),
      connected: this.#connection.isOpen,
      breaker: this.#connection.breaker,
      outbox: this.#options.outbox.depth(this.name),
      written: this.#written,
      errors: this.#connection.errors,
      ...(problem === undefined ? {} : { problem }),
    };
  }

  async #deliver(signal: AbortSignal): Promise<void> {
    const { outbox, clock, onRefusal, onWrite } = this.#options;
    const batch = outbox.peek(this.name, SINK_BATCH_ROWS_MAX);
    const outcome = await this.#connection.use(async (writer) => {
      const startMs = clock.monotonicMs();
      const written = await writer.write(batch, signal);
      onWrite?.((clock.monotonicMs() - startMs) / 1000);
      return written;
    }, signal);
    if (outcome === undefined) return; // stopped: the rows are still in the outbox
    for (const { index, reason } of outcome.refused) {
      const row = batch.rows[index]!;
      const event = JSON.stringify(row);
      onRefusal({ reason: "refused", detail: reason, event, at: `sink ${this.name}` });
    }
    this.#written += batch.rows.length - outcome.refused.length;
    outbox.confirm(this.name, batch.rows.length);
  }
}
