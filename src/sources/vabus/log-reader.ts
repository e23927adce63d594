import { FatalError, TransientError } from "../../core/errors.ts";
import type {
  Cursor,
  EventBatch,
  Gap,
  SourceContext,
  SourceRead,
  SourceReader,
} from "../../core/source.ts";
import type { Answer, BusClient } from "./bus-client.ts";
import type { VabusOptions } from "./options.ts";
import { Pace, unlessAborted } from "./pace.ts";
import { fieldAt, recordsOf } from "./records.ts";

/** The cursor of a bus that has none: it only says that something was read. */
const NO_CURSOR = "none";

/** Memory of an answer that is kept for the next but one: a usual batch, not the largest possible. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Reads by cursor: what was not committed is asked for again. The next batch is fetched while the last
 * one is being added; there is never more than one ahead.
 */
export class LogReader implements SourceReader {
  readonly #client: BusClient;
  readonly #options: VabusOptions;
  readonly #context: SourceContext;
  readonly #pace: Pace;
  readonly #closing = new AbortController();
  #next: Promise<SourceRead> | undefined;
  /** Where the next request goes on; undefined: where `from` says. */
  #after: Cursor | undefined;
  #gap: Gap | undefined;
  /** Of the batch that was read before, whose memory is free, and of the one that is fetched or looked at. */
  #memory: readonly (Uint8Array<ArrayBuffer> | undefined)[] = [];

  constructor(client: BusClient, options: VabusOptions, context: SourceContext) {
    this.#client = client;
    this.#options = options;
    this.#context = context;
    this.#pace = new Pace(context.clock);
    this.#after = context.cursor;
  }

  async read(signal: AbortSignal): Promise<SourceRead> {
    if (this.#next === undefined) this.#fetchAhead();
    const read = await unlessAborted(this.#next!, signal); // just set
    this.#next = undefined;
    // A bus without cursors gives each event once: what is fetched ahead would be lost by an error.
    if (read.kind === "batch" && this.#options.cursor !== "none") this.#fetchAhead();
    return read;
  }

  async ack(): Promise<void> {}

  async close(): Promise<void> {
    this.#closing.abort(new Error(`Cannot read from ${this.#client.place}: the source is closed`));
  }

  #fetchAhead(): void {
    this.#next = this.#fetch();
    // Its failure is told to whoever reads; when nobody does, it is nobody's.
    this.#next.catch(() => {});
  }

  async #fetch(): Promise<SourceRead> {
    const { signal } = this.#closing;
    const startMs = await this.#pace.wait(signal);
    let answer = await this.#ask(signal);
    if (answer.status === 410) {
      this.#goOnAtOldest(answer);
      answer = await this.#ask(signal);
      if (answer.status === 410) {
        throw new TransientError(
          `Cannot read from ${this.#client.place}: the bus no longer keeps even its oldest cursor`,
        );
      }
    }
    const batch = this.#batchOf(answer);
    const kept = answer.bytes.length > KEPT_BYTES_MAX ? undefined : answer.bytes;
    // A batch is looked at until the next one is asked for, which is fetched meanwhile.
    this.#memory = batch === undefined ? [kept, this.#memory[1]] : [this.#memory[1], kept];
    if (batch !== undefined) return { kind: "batch", batch };
    this.#pace.empty(startMs);
    return { kind: "empty" };
  }

  #ask(signal: AbortSignal): Promise<Answer> {
    const { query, limit, method, paths, timeout, from, wait } = this.#options;
    const waitMs = Math.min(wait, this.#context.waitMsMax);
    const after = this.#after ?? (from === "latest" ? "latest" : undefined);
    return this.#client.send(
      {
        action: "read from",
        path: paths.events,
        method,
        query: [
          [query.after, this.#options.cursor === "none" ? undefined : after],
          [query.limit, String(limit)],
          [query.wait, String(waitMs / 1000)],
        ],
        headers: { Accept: "application/x-ndjson, application/json;q=0.9" },
        timeoutMs: waitMs + timeout,
        into: this.#memory[0],
      },
      signal,
    );
  }

  /** Undefined: the answer holds nothing. */
  #batchOf(answer: Answer): EventBatch | undefined {
    const { place } = this.#client;
    const after = this.#after;
    const nameOf = (record: number): string => `cursor ${after ?? "oldest"}, record ${record + 1}`;
    const records = recordsOf(answer, this.#options, nameOf);
    const isEmpty = records.refusals.length === 0 && isBlank(records.bytes, records.length);
    const cursor = this.#cursorOf(answer, records.cursor);
    if (isEmpty && (cursor === undefined || cursor === after)) return undefined;
    if (cursor === undefined) {
      throw new FatalError(
        `Cannot read from ${place}: the answer has no cursor; say where it stands with the option ` +
          'cursor, or use mode "pop" or cursor "none" for a bus that has none',
      );
    }
    if (cursor === after && this.#options.cursor !== "none") {
      throw new FatalError(
        `Cannot read from ${place}: the bus gave events and the cursor ${after} that it was asked ` +
          "for, so that they would come again for ever; check the options cursor and query.after",
      );
    }
    this.#after = cursor;
    const gap = this.#gap;
    this.#gap = undefined;
    const pending = answer.headers.get("VaBus-Pending") ?? "";
    return {
      partition: "0",
      bytes: records.bytes,
      // A batch without events moves the cursor, so that a start at the latest event is kept.
      length: isEmpty ? 0 : records.length,
      cursor,
      place: nameOf,
      pending: /^\d{1,15}$/.test(pending) ? Number(pending) : undefined,
      refusals: records.refusals,
      gap,
      startsLate: after === undefined && this.#options.from === "latest",
    };
  }

  #cursorOf(answer: Answer, inJson: string | undefined): Cursor | undefined {
    const { cursor } = this.#options;
    if (cursor === "none") return answer.length === 0 ? this.#after : NO_CURSOR;
    return "header" in cursor ? (answer.headers.get(cursor.header) ?? undefined) : inJson;
  }

  #goOnAtOldest(answer: Answer): void {
    const body = jsonOf(answer);
    const oldest = fieldAt(body, "oldest");
    const lost = fieldAt(body, "lost");
    const events = typeof lost === "number" && Number.isSafeInteger(lost) ? lost : undefined;
    const { place } = this.#client;
    this.#context.logger.error(
      "The bus no longer holds the events that come next: they are lost.",
      {
        bus: place,
        cursor: this.#after,
        oldest,
        lost: events,
      },
    );
    const detail = `the bus no longer held what came after cursor ${this.#after ?? "oldest"}`;
    this.#gap = { events, detail };
    this.#after =
      typeof oldest === "string" || typeof oldest === "number" ? String(oldest) : undefined;
  }
}

function jsonOf({ bytes, length }: Answer): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes.subarray(0, length)));
  } catch {
    return undefined;
  }
}

function isBlank(bytes: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (![9, 10, 13, 32].includes(bytes[i]!)) return false;
  }
  return true;
}
