import { SCAN_SLACK_BYTES } from "../../core/limits.ts";
import type { SourceContext, SourceRead, SourceReader } from "../../core/source.ts";
import type { Answer, BusClient } from "./bus-client.ts";
import type { VabusOptions } from "./options.ts";
import { Pace, unlessAborted } from "./pace.ts";
import { recordsOf } from "./records.ts";

/** There is nothing to go on at: what was read is gone from the bus. */
const CURSOR = "pop";

/**
 * Takes single events away, `inFlight` requests at a time. An event that came is handed over before any
 * failure is told, since the bus will not give it again.
 */
export class PopReader implements SourceReader {
  readonly #client: BusClient;
  readonly #options: VabusOptions;
  readonly #context: SourceContext;
  readonly #pace: Pace;
  readonly #closing = new AbortController();
  /** Requests under way. Their promises never reject. */
  readonly #underWay = new Set<Promise<void>>();
  readonly #answers: Answer[] = [];
  #failure: Error | undefined;
  /** The last answer was empty: one request at a time finds out when that changes. */
  #quiet = false;
  #sawEmpty = false;
  /** Events handed over so far, for their places. */
  #count = 0;

  constructor(client: BusClient, options: VabusOptions, context: SourceContext) {
    this.#client = client;
    this.#options = options;
    this.#context = context;
    this.#pace = new Pace(context.clock);
  }

  async read(signal: AbortSignal): Promise<SourceRead> {
    this.#sawEmpty = false;
    for (;;) {
      signal.throwIfAborted();
      this.#closing.signal.throwIfAborted();
      this.#launch();
      // No further request until this is written down, which the next read tells: a crash in between
      // loses what was handed over and what is under way, together `inFlight` at most.
      if (this.#answers.length > 0) return this.#batch();
      if (this.#failure !== undefined && this.#underWay.size === 0) {
        const failure = this.#failure;
        this.#failure = undefined;
        throw failure;
      }
      if (this.#failure === undefined && this.#sawEmpty) return { kind: "empty" };
      await unlessAborted(Promise.race(this.#underWay), signal);
    }
  }

  async ack(): Promise<void> {}

  async close(): Promise<void> {
    this.#closing.abort(new Error(`Cannot read from ${this.#client.place}: the source is closed`));
  }

  /** What is under way and what waits to be handed over are together at most `inFlight`. */
  #launch(): void {
    if (this.#failure !== undefined) return;
    const max = this.#quiet ? 1 : this.#options.inFlight;
    while (this.#underWay.size + this.#answers.length < max) {
      const request = this.#take().finally(() => this.#underWay.delete(request));
      this.#underWay.add(request);
    }
  }

  async #take(): Promise<void> {
    const { method, paths, query, timeout, wait } = this.#options;
    const { signal } = this.#closing;
    const waitMs = Math.min(wait, this.#context.waitMsMax);
    try {
      const startMs = await this.#pace.wait(signal);
      const answer = await this.#client.send(
        {
          action: "read from",
          path: paths.event,
          method,
          query: [[query.wait, String(waitMs / 1000)]],
          headers: { Accept: "application/json" },
          timeoutMs: waitMs + timeout,
        },
        signal,
      );
      this.#quiet = answer.length === 0;
      this.#sawEmpty ||= this.#quiet;
      if (this.#quiet) this.#pace.empty(startMs);
      else this.#answers.push(answer);
    } catch (thrown) {
      this.#failure ??= thrown instanceof Error ? thrown : new Error(String(thrown));
    }
  }

  #batch(): SourceRead {
    const first = this.#count + 1;
    const nameOf = (record: number): string => `event ${first + record} taken from the bus`;
    const parts = this.#answers.splice(0).map((answer, i) => {
      const options = { ...this.#options, cursor: "none" } as const;
      return recordsOf(oneLine(answer), options, (record) => nameOf(i + record));
    });
    this.#count += parts.length;
    const length = parts.reduce((sum, part) => sum + part.length + 1, 0);
    const bytes = new Uint8Array(length + SCAN_SLACK_BYTES);
    let at = 0;
    for (const part of parts) {
      bytes.set(part.bytes.subarray(0, part.length), at);
      at += part.length;
      if (at === 0 || bytes[at - 1] !== 10) bytes[at++] = 10;
    }
    return {
      kind: "batch",
      batch: {
        partition: "0",
        bytes,
        length: at,
        cursor: CURSOR,
        place: nameOf,
        pending: undefined,
        refusals: parts.flatMap(({ refusals }) => refusals),
        gap: undefined,
      },
    };
  }
}

/** An event may be written over several lines: between its tokens a line feed is a space. */
function oneLine(answer: Answer): Answer {
  for (let i = 0; i < answer.length; i++) {
    // Inside a text JSON writes a line feed as \n.
    if (answer.bytes[i] === 10 || answer.bytes[i] === 13) answer.bytes[i] = 32;
  }
  return answer;
}
