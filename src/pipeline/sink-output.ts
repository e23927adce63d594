import { FatalError } from "../core/errors.ts";
import { SINK_BATCH_ROWS_MAX } from "../core/limits.ts";
import type { ResultRow } from "../core/result.ts";
import type { SinkSettings } from "../core/settings.ts";
import type { SinkContext, SinkWriter } from "../core/sink.ts";
import { Connection } from "./connection.ts";

/** Writes rows straight to one sink, batch by batch, trying again while it is away: for `replay --to`. */
export class SinkOutput {
  readonly #connection: Connection<SinkWriter>;
  readonly #stop: AbortSignal;
  readonly #label: string;
  #sequence = 0;

  constructor(
    sink: SinkSettings,
    options: Omit<SinkContext, "sink"> & { random: () => number; stop: AbortSignal },
  ) {
    const { pipeline, generation, clock, logger, random, stop } = options;
    this.#stop = stop;
    this.#label = `sink ${sink.name}`;
    const { owner } = options;
    const context = { sink: sink.name, pipeline, owner, generation, clock, logger };
    this.#connection = new Connection({
      label: this.#label,
      open: (signal) => sink.definition.open(sink.options, context, signal),
      callMsMax: sink.definition.callMsMax?.(sink.options),
      clock,
      logger,
      random,
    });
  }

  /** @throws {FatalError} The sink refuses a row, or trying again cannot help. */
  async write(rows: readonly ResultRow[]): Promise<void> {
    for (let at = 0; at < rows.length; at += SINK_BATCH_ROWS_MAX) {
      const part = rows.slice(at, at + SINK_BATCH_ROWS_MAX);
      const batch = { rows: part, through: this.#sequence + part.length };
      const write = (writer: SinkWriter, signal: AbortSignal): ReturnType<SinkWriter["write"]> =>
        writer.write(batch, signal);
      const outcome = await this.#connection.use(write, this.#stop);
      if (outcome === undefined) this.#stop.throwIfAborted();
      const refused = outcome?.refused[0];
      if (refused !== undefined) {
        const row = batch.rows[refused.index]!;
        throw new FatalError(`${this.#label} refuses row ${row.id}: ${refused.reason}`);
      }
      this.#sequence += batch.rows.length;
    }
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}
