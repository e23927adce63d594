import type { Clock } from "../core/clock.ts";
import { assert, FatalError, messageOf, TransientError } from "../core/errors.ts";
import {
  CursorGoneError,
  type EventLog,
  LogFullError,
  type LogRead,
  type LogReadOptions,
} from "../core/event-log.ts";
import type { Logger } from "../core/logger.ts";
import type { Cursor } from "../core/source.ts";
import { LineBlock } from "./line-block.ts";
import { RecentLines } from "./recent-lines.ts";
import { HEADER_BYTES } from "./record.ts";
import { RecordSeal } from "./record-seal.ts";
import { RECORD_BYTES_MAX } from "./record-window.ts";
import { plainSeal, type Seal } from "./seal.ts";
import { SegmentFolder } from "./segment-folder.ts";

const LINE_FEED = 10;

/** Lines written and synced together: long enough that the sync is shared, short enough to be soon done. */
const GROUP_BYTES_MAX = 1024 * 1024;

/** Lines that wait to be written; beyond it producers are asked for patience. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;

/** What one read gives: as much as an answer should hold. */
const READ_BYTES_MAX = 1024 * 1024;

/** A file that retention removes at once: a twentieth of a usual journal. */
const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;

/** Lines kept in memory: some milliseconds of a very busy stream, an hour of a quiet one. */
const RECENT_BYTES_MAX = 4 * 1024 * 1024;

/** When to come again to a full journal: the reader commits every few seconds. */
const FULL_RETRY_MS = 1_000;

export interface JournalOptions {
  /** Made when it is missing; this process alone may use it. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The bound of its size on disk. */
  readonly bytesMax: number;
  /** How long events are kept at least; they go when the size or the age is reached. */
  readonly retentionMs: number;
  /** `"in-process"`: nothing goes before it was released. `"none"`: size and age alone decide. */
  readonly reader: "in-process" | "none";
  /** Size of one file. */
  readonly segmentBytes?: number;
  /** Bytes of the lines appended last that are kept in memory for who reads right behind. */
  readonly recentBytes?: number;
  /** How lines are protected on disk; left out: as they are, with a checksum. */
  readonly seal?: Seal;
}

interface Append {
  readonly lines: Uint8Array;
  readonly events: number;
  readonly done: PromiseWithResolvers<Cursor>;
}

/**
 * Opens the journal in a folder.
 *
 * @throws {FatalError} Another process holds it, it is damaged, or sealed with another key.
 *
 * @example
 * ```ts
 * const journal = await openJournal({ folder, clock, logger, bytesMax: 1e9, retentionMs: 86_400_000, reader: "none" });
 * await journal.append(new TextEncoder().encode('{"name":"cpu","value":1,"timestamp":0}\n'), 1); // => "1"
 * ```
 */
export async function openJournal(options: JournalOptions): Promise<EventLog> {
  const { folder, logger } = options;
  const seal = new RecordSeal(options.seal ?? plainSeal);
  return new Journal(options, { seal, files: await SegmentFolder.open(folder, { seal, logger }) });
}

class Journal implements EventLog {
  readonly #options: JournalOptions;
  readonly #seal: RecordSeal;
  readonly #segmentBytes: number;
  readonly #files: SegmentFolder;
  /** The in-process reader has committed all before this. */
  #released = 0;
  readonly #recent: RecentLines;
  #group: Uint8Array | undefined;
  readonly #waiting: Append[] = [];
  #waitingBytes = 0;
  #writer: Promise<void> | undefined;
  readonly #sleepers = new Set<AbortController>();
  #closed = false;
  /** After a failure that leaves a file in an unknown state nothing is written any more. */
  #broken: FatalError | undefined;

  constructor(
    options: JournalOptions,
    { seal, files }: { seal: RecordSeal; files: SegmentFolder },
  ) {
    this.#options = options;
    this.#seal = seal;
    const { bytesMax, segmentBytes = SEGMENT_BYTES_MAX, recentBytes = RECENT_BYTES_MAX } = options;
    // Only whole files go, so there must be several of them.
    this.#segmentBytes = Math.min(segmentBytes, Math.ceil(bytesMax / 8));
    this.#files = files;
    this.#recent = new RecentLines(recentBytes);
  }

  async append(lines: Uint8Array, events: number): Promise<Cursor> {
    if (this.#closed) throw closedError();
    if (events === 0) return String(this.#next);
    assert(lines.at(-1) === LINE_FEED, "lines are whole");
    assert(lines.length <= RECORD_BYTES_MAX, `one append has at most ${RECORD_BYTES_MAX} bytes`);
    if (this.#waitingBytes + lines.length > WAITING_BYTES_MAX) {
      throw full("more waits to be written than memory may hold");
    }
    const done = Promise.withResolvers<Cursor>();
    this.#waiting.push({ lines, events, done });
    this.#waitingBytes += lines.length;
    this.#writer ??= this.#write();
    return done.promise;
  }

  async read(options: LogReadOptions, signal: AbortSignal): Promise<LogRead> {
    signal.throwIfAborted();
    let from = this.#sequenceOf(options.after);
    if (from === this.#next && options.waitMs > 0) {
      await this.#sleep(options.waitMs, signal);
      signal.throwIfAborted();
      // While we waited it may have come and gone.
      from = Math.max(from, options.after === undefined ? this.#oldest : 0);
      this.#sequenceOf(String(from));
    }
    if (this.#closed) throw closedError();
    const { limit, into } = options;
    const block = new LineBlock({ eventsMax: limit, bytesMax: READ_BYTES_MAX, into });
    if (this.#recent.has(from)) this.#recent.read(from, block);
    else this.#readFiles(from, block);
    const behind = from + block.events;
    return {
      bytes: block.bytes,
      length: block.length,
      events: block.events,
      firstSequence: from,
      cursor: String(behind),
      pending: this.#next - behind,
    };
  }

  #readFiles(from: number, block: LineBlock): void {
    for (const segment of this.#files.all) {
      if (segment.nextSequence <= from) continue;
      if (block.full) break;
      segment.read(from + block.events, block);
    }
  }

  release(cursor: Cursor): void {
    this.#released = Math.max(this.#released, parseCursor(cursor));
  }

  usage(): { readonly bytes: number; readonly events: number; readonly bytesMax: number } {
    const events = this.#next - this.#oldest;
    return { bytes: this.#files.bytes, events, bytesMax: this.#options.bytesMax };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake();
    await this.#writer;
    await this.#files.close();
  }

  get #next(): number {
    return this.#files.active.nextSequence;
  }

  get #oldest(): number {
    return this.#files.oldest.firstSequence;
  }

  /** The one writer: runs while something waits. */
  async #write(): Promise<void> {
    // What is appended in the same turn of the event loop goes into the same group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      try {
        let cursor = await this.#commit(group);
        for (const { lines, events, done } of group) {
          this.#recent.add({ firstSequence: cursor, events, lines });
          cursor += events;
          done.resolve(String(cursor));
        }
        this.#wake();
      } catch (thrown) {
        if (thrown instanceof FatalError) this.#broken = thrown;
        for (const { done } of group) done.reject(failureOf(thrown));
      }
    }
    this.#writer = undefined;
  }

  #takeGroup(): Append[] {
    let count = 0;
    let bytes = 0;
    while (count < this.#waiting.length) {
      const { length } = this.#waiting[count]!.lines;
      if (count > 0 && bytes + length > GROUP_BYTES_MAX - HEADER_BYTES) break;
      bytes += length;
      count++;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  /** Writes and syncs a group as one record; gives the sequence of its first event. */
  async #commit(group: readonly Append[]): Promise<number> {
    if (this.#broken !== undefined) throw this.#broken;
    const length = group.reduce((sum, { lines }) => sum + lines.length, HEADER_BYTES);
    await this.#makeRoom(length + this.#seal.extraBytes);
    const plain = this.#groupOf(length);
    let at = HEADER_BYTES;
    let events = 0;
    for (const append of group) {
      plain.set(append.lines, at);
      at += append.lines.length;
      events += append.events;
    }
    const firstSequence = this.#next;
    const start = { events, firstSequence, timeMs: this.#now() };
    await this.#files.append(this.#seal.pack(plain, start));
    return firstSequence;
  }

  /** Memory for a group: that of the group before, which is written. */
  #groupOf(length: number): Uint8Array {
    if (length > GROUP_BYTES_MAX) return new Uint8Array(length); // one huge append
    this.#group ??= new Uint8Array(GROUP_BYTES_MAX);
    return this.#group.subarray(0, length);
  }

  /** Removes what may go, and begins a new file when the last is long or old enough. */
  async #makeRoom(needed: number): Promise<void> {
    const { bytesMax, retentionMs } = this.#options;
    const files = this.#files;
    const { length, firstTimeMs = Infinity } = files.active;
    const isOld = this.#now() - firstTimeMs > retentionMs / 8;
    if (length > 0 && (isOld || length + needed > this.#segmentBytes)) await files.roll();
    while (files.all.length > 1 && this.#mayGo() && this.#isExpired()) await files.removeOldest();
    while (files.bytes + needed > bytesMax) {
      if (files.bytes === 0 || !this.#mayGo()) throw full(`it holds ${files.bytes} bytes`);
      if (files.all.length === 1) await files.roll();
      await files.removeOldest();
    }
  }

  #mayGo(): boolean {
    return this.#options.reader === "none" || this.#files.oldest.nextSequence <= this.#released;
  }

  #isExpired(): boolean {
    const { lastTimeMs = 0 } = this.#files.oldest;
    return this.#now() - lastTimeMs > this.#options.retentionMs;
  }

  /** Waits for an append. */
  async #sleep(waitMs: number, signal: AbortSignal): Promise<void> {
    const sleeper = new AbortController();
    this.#sleepers.add(sleeper);
    await this.#options.clock.sleep(waitMs, AbortSignal.any([signal, sleeper.signal]));
    this.#sleepers.delete(sleeper);
  }

  #wake(): void {
    // With a reason, or an error with a stack would be made for nobody, at each append.
    for (const sleeper of this.#sleepers) sleeper.abort("woken");
  }

  #sequenceOf(after: Cursor | undefined): number {
    if (after === undefined) return this.#oldest;
    if (after === "latest") return this.#next;
    const sequence = parseCursor(after);
    if (sequence > this.#next) {
      throw new RangeError(
        `Cannot read after ${after}: the log ends at ${this.#next}; the cursor is of another log`,
      );
    }
    const oldest = this.#oldest;
    if (sequence < oldest) {
      throw new CursorGoneError({ oldest: String(oldest), lost: oldest - sequence });
    }
    return sequence;
  }

  #now(): number {
    return this.#options.clock.now() / 1000;
  }
}

function parseCursor(cursor: Cursor): number {
  if (!/^(?:0|[1-9]\d{0,15})$/.test(cursor)) {
    throw new RangeError(`Cannot read after ${JSON.stringify(cursor)}: it is no cursor of a log`);
  }
  return Number(cursor);
}

function full(detail: string): LogFullError {
  return new LogFullError(`Cannot take events: the journal is full (${detail})`, {
    retryAfterMs: FULL_RETRY_MS,
  });
}

/** What a failed write means to who asked for it. */
function failureOf(thrown: unknown): Error {
  if (thrown instanceof LogFullError || thrown instanceof FatalError) return thrown;
  const { code } = thrown as NodeJS.ErrnoException; // undefined on any other error
  if (code === "ENOSPC" || code === "EDQUOT") return full("no space is left on the disk");
  return new TransientError(`Cannot write the journal: ${messageOf(thrown)}`, { cause: thrown });
}

function closedError(): Error {
  return new Error("Cannot use the journal: it is closed");
}
