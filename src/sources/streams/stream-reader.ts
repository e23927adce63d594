import { FatalError } from "../../core/errors.ts";
import { countLineFeeds, LineCutter, type LineRegion, refusalOf } from "../../core/lines.ts";
import type { EventBatch, SourceContext, SourceRead, SourceReader } from "../../core/source.ts";

export interface StreamReaderOptions {
  readonly chunks: AsyncIterator<Uint8Array>;
  /** Bytes of the stream to pass over: where the cursor stands. */
  readonly skip: number;
  /** What the end of the stream means: the end of the input, or only that nothing comes any more. */
  readonly atEnd: "end" | "empty";
  readonly context: SourceContext;
  /** Makes an error of the stream one of ours. */
  fail(thrown: unknown): Error;
  /** Frees the stream; called once. */
  release(): void;
}

/** A chunk that was asked for. */
interface AskedChunk {
  /** Undefined: it is still under way. */
  outcome: PromiseSettledResult<IteratorResult<Uint8Array>> | undefined;
}

/**
 * Reads NDJSON out of a stream that cannot be read twice: a pipe, or what comes out of gzip. Its cursor
 * is the offset in bytes; going on there means to pass over all that lies before.
 */
export class StreamReader implements SourceReader {
  readonly #options: StreamReaderOptions;
  readonly #cutter: LineCutter;
  readonly #closing = new AbortController();
  /** The chunk under way: a read that ended without it leaves it to the next one. */
  #asked: AskedChunk | undefined;
  /** What of the last chunk did not fit. */
  #rest: Uint8Array | undefined;
  #skip: number;
  /** Line feeds before `#cutter.next`. */
  #lines = 0;
  #ended = false;
  /** Ends the wait for a chunk; undefined: nobody waits. */
  #wake: (() => void) | undefined;
  #deadline = 0;
  #timing = false;

  constructor(options: StreamReaderOptions) {
    this.#options = options;
    this.#skip = options.skip;
    this.#cutter = new LineCutter({ offset: options.skip });
  }

  async read(signal: AbortSignal): Promise<SourceRead> {
    const { clock, waitMsMax } = this.#options.context;
    const deadline = clock.monotonicMs() + waitMsMax;
    for (;;) {
      signal.throwIfAborted();
      if (this.#closing.signal.aborted) throw new Error("Cannot read: the source is closed");
      if (this.#ended) return await this.#afterEnd(signal);
      const chunk = this.#rest ?? (await this.#nextChunk(deadline, signal));
      if (chunk === "empty") return { kind: "empty" };
      const region = chunk === "end" ? this.#cutter.finish() : this.#take(chunk);
      if (chunk === "end") this.#ended = true;
      if (region !== undefined) return { kind: "batch", batch: this.#batch(region) };
    }
  }

  async ack(): Promise<void> {}

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#wake?.();
    this.#options.release();
  }

  /** The chunk under way, the end, or "empty" when neither came before the deadline. */
  async #nextChunk(deadline: number, signal: AbortSignal): Promise<Uint8Array | "end" | "empty"> {
    const asked = (this.#asked ??= this.#ask());
    const waiting = Promise.withResolvers<void>();
    const wake = (): void => waiting.resolve();
    signal.addEventListener("abort", wake, { once: true });
    this.#wake = wake;
    this.#deadline = deadline;
    this.#startTimer();
    try {
      if (asked.outcome === undefined) await waiting.promise;
      signal.throwIfAborted();
      if (this.#closing.signal.aborted) throw new Error("Cannot read: the source was closed");
      if (asked.outcome === undefined) return "empty";
      if (asked.outcome.status === "rejected") throw asked.outcome.reason;
      this.#asked = undefined;
      const next = asked.outcome.value;
      return next.done === true ? "end" : next.value;
    } catch (thrown) {
      if (signal.aborted || this.#closing.signal.aborted) throw thrown;
      throw this.#options.fail(thrown);
    } finally {
      signal.removeEventListener("abort", wake);
      this.#wake = undefined;
    }
  }

  /** Asks for the next chunk. When nobody waits for it any more, its failure is nobody's. */
  #ask(): AskedChunk {
    const asked: AskedChunk = { outcome: undefined };
    // Once for each chunk, and not by each read: what stays pending keeps something of all who wait for it.
    void Promise.allSettled([this.#options.chunks.next()]).then(([outcome]) => {
      asked.outcome = outcome;
      this.#wake?.();
    });
    return asked;
  }

  /** One timer for all reads: one for each chunk would cost more than the chunk. */
  #startTimer(): void {
    if (this.#timing) return;
    this.#timing = true;
    const { clock } = this.#options.context;
    const waitMs = Math.max(1, this.#deadline - clock.monotonicMs());
    void clock.sleep(waitMs, this.#closing.signal).then(() => {
      this.#timing = false;
      if (this.#wake === undefined) return;
      if (clock.monotonicMs() >= this.#deadline) this.#wake();
      else this.#startTimer();
    });
  }

  #take(chunk: Uint8Array): LineRegion | undefined {
    let fresh = chunk;
    if (this.#skip > 0) {
      const passed = fresh.subarray(0, this.#skip);
      this.#skip -= passed.length;
      this.#lines += countLineFeeds(passed, passed.length);
      fresh = fresh.subarray(passed.length);
    }
    const room = this.#cutter.room();
    const taken = Math.min(room.length, fresh.length);
    room.set(fresh.subarray(0, taken));
    this.#rest = taken < fresh.length ? fresh.subarray(taken) : undefined;
    return this.#cutter.take(taken);
  }

  #batch(region: LineRegion): EventBatch {
    const refusals = [];
    this.#lines += region.passed;
    if (region.oversize !== undefined) {
      refusals.push(refusalOf(region.oversize, `line ${this.#lines}`));
    }
    const first = this.#lines + 1;
    this.#lines += countLineFeeds(region.bytes, region.length);
    return {
      partition: "0",
      bytes: region.bytes,
      length: region.length,
      cursor: String(region.next),
      place: (line) => `line ${first + line}`,
      pending: undefined,
      refusals,
      gap: undefined,
    };
  }

  async #afterEnd(signal: AbortSignal): Promise<SourceRead> {
    if (this.#options.atEnd === "end") {
      if (this.#skip > 0) {
        throw this.#options.fail(
          new Error(`it ends ${this.#skip} bytes before the place where reading stopped`),
        );
      }
      return { kind: "end" };
    }
    const { clock, waitMsMax } = this.#options.context;
    await clock.sleep(waitMsMax, AbortSignal.any([signal, this.#closing.signal]));
    signal.throwIfAborted();
    if (this.#closing.signal.aborted) throw new Error("Cannot read: the source was closed");
    return { kind: "empty" };
  }
}

/** The offset that a cursor of ours names. */
export function offsetOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (!/^\d{1,15}$/.test(cursor)) {
    throw new FatalError(`Cannot go on at cursor "${cursor}": it is no offset in bytes`);
  }
  return Number(cursor);
}
