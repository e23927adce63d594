import * as v from "valibot";
import { FatalError } from "../core/errors.ts";
import { CursorGoneError, type EventLog, type LogRead } from "../core/event-log.ts";
import { BATCH_EVENTS } from "../core/limits.ts";
import {
  type Cursor,
  defineSource,
  type Gap,
  type SourceContext,
  type SourceRead,
  type SourceReader,
} from "../core/source.ts";

/** Our own bus, in process: the default when no other source is configured. */
export const embedded = defineSource({
  name: "embedded",
  summary: "Reads the service's own bus, which it serves below /vabus, in process.",
  replay: () => "cursor",
  carriesMetrics: true,
  options: v.strictObject({}),
  example: {},
  describe: () => "the embedded bus",
  async open(_options, context) {
    const { log } = context;
    if (log === undefined) {
      throw new FatalError(
        "Cannot read the embedded bus: this command opens none; name another source",
      );
    }
    return new EmbeddedReader(log, context);
  },
});

class EmbeddedReader implements SourceReader {
  readonly #log: EventLog;
  readonly #context: SourceContext;
  readonly #closing = new AbortController();
  #cursor: Cursor | undefined;
  #asked: { readonly signal: AbortSignal; readonly either: AbortSignal } | undefined;
  /** Of the last batch, which nobody looks at any more when the next is read. */
  #memory: Uint8Array | undefined;

  constructor(log: EventLog, context: SourceContext) {
    this.#log = log;
    this.#context = context;
    this.#cursor = context.cursor;
  }

  async read(signal: AbortSignal): Promise<SourceRead> {
    const isFirst = this.#cursor === undefined;
    const { result, gap } = await this.#next(this.#either(signal));
    if (result.events === 0 && gap === undefined) return { kind: "empty" };
    this.#cursor = result.cursor;
    this.#memory = result.bytes;
    return {
      kind: "batch",
      batch: {
        partition: "0",
        bytes: result.bytes,
        length: result.length,
        cursor: result.cursor,
        place: (line) => `cursor ${result.firstSequence + line}`,
        pending: result.pending,
        refusals: [],
        gap,
        startsLate: isFirst && result.firstSequence > 0,
      },
    };
  }

  async ack(cursor: Cursor): Promise<void> {
    this.#log.release(cursor);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("Cannot read the embedded bus: the source is closed"));
  }

  /** Of the same signal the same one, since the loop asks with one signal all its life. */
  #either(signal: AbortSignal): AbortSignal {
    if (this.#asked?.signal !== signal) {
      this.#asked = { signal, either: AbortSignal.any([signal, this.#closing.signal]) };
    }
    return this.#asked.either;
  }

  async #next(signal: AbortSignal): Promise<{ result: LogRead; gap: Gap | undefined }> {
    const { waitMsMax: waitMs } = this.#context;
    const options = { limit: BATCH_EVENTS, waitMs, into: this.#memory };
    try {
      const result = await this.#log.read({ after: this.#cursor, ...options }, signal);
      // What was committed before this process began; now it is known to be a cursor of this journal.
      if (this.#context.cursor !== undefined) this.#log.release(this.#context.cursor);
      return { result, gap: undefined };
    } catch (thrown) {
      if (thrown instanceof RangeError) {
        throw new FatalError(
          `${thrown.message}; the journal and the checkpoint do not belong together: ` +
            "restore both from one backup, or begin with an empty state folder",
          { cause: thrown },
        );
      }
      if (!(thrown instanceof CursorGoneError)) throw thrown;
      const { oldest, lost } = thrown;
      const fields = { cursor: this.#cursor, oldest, lost };
      this.#context.logger.error("The journal no longer holds the events that come next.", fields);
      const detail = `the journal no longer held ${lost} events before cursor ${oldest}`;
      const result = await this.#log.read({ after: oldest, ...options, waitMs: 0 }, signal);
      return { result, gap: { events: lost, detail } };
    }
  }
}
