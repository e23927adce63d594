import type { Cursor } from "./source.ts";

/** What one read of the log gave. */
export interface LogRead {
  /** NDJSON of whole events in [0, `length`), each ended by a line feed; slack behind it. The reader's own. */
  readonly bytes: Uint8Array;
  readonly length: number;
  /** Events in it; 0 when nothing came within the wait. */
  readonly events: number;
  /** Sequence of its first event: counts up by one an event, over the life of the log, from 0. */
  readonly firstSequence: number;
  /** Pass it back as `after`. */
  readonly cursor: Cursor;
  /** Events behind it. */
  readonly pending: number;
}

export interface LogReadOptions {
  /** Go on after this cursor; undefined: from the oldest event kept; `"latest"`: from the end. */
  readonly after: Cursor | undefined;
  /** Events at most. At least one is given when there is one, whatever its size. */
  readonly limit: number;
  /** How long to wait for a first event, in milliseconds. */
  readonly waitMs: number;
  /** Memory for what is read, where that is enough; undefined: new memory. */
  readonly into?: Uint8Array | undefined;
}

/** The cursor asked for is older than what is kept. */
export class CursorGoneError extends Error {
  override readonly name = "CursorGoneError";
  /** The oldest cursor that can be read from. */
  readonly oldest: Cursor;
  /** Events between the cursor asked for and the oldest one. */
  readonly lost: number;

  constructor(options: { oldest: Cursor; lost: number }) {
    super(`Cannot read the log from there: ${options.lost} events are no longer kept`);
    this.oldest = options.oldest;
    this.lost = options.lost;
  }
}

/** The log holds as much as it may, and nothing of it may go yet. */
export class LogFullError extends Error {
  override readonly name = "LogFullError";
  readonly retryAfterMs: number;

  constructor(message: string, options: { retryAfterMs: number }) {
    super(message);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/**
 * A durable, append-only log of events with one sequence and any number of readers: the journal.
 */
export interface EventLog {
  /**
   * Appends whole events (NDJSON, each ended by a line feed) and resolves when they are on disk. Calls
   * may overlap; those under way together are synced together.
   *
   * @param lines The log's own from now on: nobody else may look at them any more.
   * @param events How many lines they are; the caller is trusted.
   * @returns The cursor behind the last of them.
   * @throws {LogFullError} Nothing was appended.
   */
  append(lines: Uint8Array, events: number): Promise<Cursor>;
  /** @throws {CursorGoneError} `after` is older than what is kept. @throws {RangeError} `after` is no cursor of this log. */
  read(options: LogReadOptions, signal: AbortSignal): Promise<LogRead>;
  /** All up to `cursor` is committed by the reader in this process: retention may remove it. */
  release(cursor: Cursor): void;
  /** Size on disk in bytes, events held, and the bound. */
  usage(): { readonly bytes: number; readonly events: number; readonly bytesMax: number };
  close(): Promise<void>;
}
