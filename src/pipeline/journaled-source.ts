import type { EventLog } from "../core/event-log.ts";
import type { SourceSettings } from "../core/settings.ts";
import {
  type Cursor,
  defineSource,
  type EventBatch,
  type SourceContext,
  type SourceRead,
  type SourceReader,
} from "../core/source.ts";
import { embedded } from "../sources/embedded.ts";

const LINE_FEED = 10;

/**
 * Makes a source that hands every event over once one that can be read again: what it hands over goes to
 * the journal first, is acknowledged when it is on disk, and is read from there. A crash loses no more than
 * what was handed over and not yet written.
 */
export function journaled(inner: SourceSettings, journal: EventLog): SourceSettings {
  const { definition, options } = inner;
  return {
    options,
    definition: defineSource<unknown, unknown>({
      ...definition,
      replay: () => "cursor",
      async open(_options, context, signal) {
        const source = await definition.open(options, { ...context, cursor: undefined }, signal);
        const log = await embedded.open({}, { ...context, log: journal, waitMsMax: 0 }, signal);
        return new JournaledReader({ source, log, journal, context });
      },
    }),
  };
}

class JournaledReader implements SourceReader {
  readonly #source: SourceReader;
  readonly #log: SourceReader;
  readonly #journal: EventLog;
  /** Behind what was read from the journal; a journal that nothing was ever read from begins at 0. */
  #cursor: Cursor;

  constructor(parts: {
    source: SourceReader;
    log: SourceReader;
    journal: EventLog;
    context: SourceContext;
  }) {
    this.#source = parts.source;
    this.#log = parts.log;
    this.#journal = parts.journal;
    this.#cursor = parts.context.cursor ?? "0";
  }

  async read(signal: AbortSignal): Promise<SourceRead> {
    // What is in the journal already comes first: after a restart that is what had not been committed.
    const written = await this.#readLog(signal);
    if (written.kind === "batch") return written;
    const handed = await this.#source.read(signal);
    if (handed.kind !== "batch") return handed;
    const { batch } = handed;
    await this.#write(batch);
    await this.#source.ack(batch.cursor, signal);
    const read = await this.#readLog(signal);
    const { refusals, gap } = batch;
    if (read.kind === "batch") return { kind: "batch", batch: { ...read.batch, refusals, gap } };
    // There was nothing to write; what the source told beside is not lost.
    const nothing = { ...batch, length: 0, cursor: this.#cursor };
    return refusals.length > 0 || gap !== undefined
      ? { kind: "batch", batch: nothing }
      : { kind: "empty" };
  }

  async ack(cursor: Cursor, signal: AbortSignal): Promise<void> {
    await this.#log.ack(cursor, signal);
  }

  async close(): Promise<void> {
    await this.#source.close();
    await this.#log.close();
  }

  async #readLog(signal: AbortSignal): Promise<SourceRead> {
    const read = await this.#log.read(signal);
    if (read.kind === "batch") this.#cursor = read.batch.cursor;
    return read;
  }

  async #write({ bytes, length }: EventBatch): Promise<void> {
    if (length === 0) return;
    let lines = new Uint8Array(bytes.subarray(0, length));
    if (lines[length - 1] !== LINE_FEED) {
      lines = new Uint8Array(length + 1);
      lines.set(bytes.subarray(0, length));
      lines[length] = LINE_FEED;
    }
    let events = 0;
    for (const byte of lines) if (byte === LINE_FEED) events++;
    await this.#journal.append(lines, events);
  }
}
