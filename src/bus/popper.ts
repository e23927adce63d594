import type { Clock } from "../core/clock.ts";
import { CursorGoneError, type EventLog, type LogRead } from "../core/event-log.ts";
import type { Logger } from "../core/logger.ts";
import { PopCursor } from "./pop-cursor.ts";

export interface PopperOptions {
  readonly log: EventLog;
  /** File of the cursor, made when it is missing. */
  readonly cursorPath: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Waiter {
  readonly done: PromiseWithResolvers<Uint8Array | undefined>;
  readonly signal: AbortSignal;
  /** Whether the log was looked into for it: even who does not wait at all is owed one look. */
  looked: boolean;
  /** Its time is over, but for that look. */
  expired: boolean;
}

/** How long one look at the log waits; afterwards it looks again for who still waits. */
const LOOK_MS = 60_000;

/**
 * Takes events away, one for each who asks, in the order of the log. The cursor is on disk before an
 * event is handed out, so that none is given twice: a crash loses those on their way. Who asks together
 * shares one write.
 */
export class Popper {
  readonly #options: PopperOptions;
  readonly #cursor: PopCursor;
  readonly #waiters = new Set<Waiter>();
  /** Taken already for someone who went away meanwhile. */
  readonly #returned: Uint8Array[] = [];
  #look: AbortController | undefined;
  #running = false;

  constructor(options: PopperOptions) {
    this.#options = options;
    this.#cursor = new PopCursor(options.cursorPath);
  }

  /** The next event as a line; undefined when none came within `waitMs`, or `signal` aborted. */
  async take(waitMs: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const done = Promise.withResolvers<Uint8Array | undefined>();
    // While the log is being looked into it is empty: that look counts.
    const waiter: Waiter = { done, signal, looked: this.#look !== undefined, expired: false };
    this.#waiters.add(waiter);
    const settled = new AbortController();
    if (!this.#running) void this.#run();
    void this.#options.clock
      .sleep(waitMs, AbortSignal.any([signal, settled.signal]))
      .then(() => this.#giveUp(waiter));
    try {
      return await waiter.done.promise;
    } finally {
      settled.abort();
    }
  }

  /** Who is being served already gets the event all the same. */
  #giveUp(waiter: Waiter): void {
    waiter.expired = true;
    if (!waiter.looked && !waiter.signal.aborted) return;
    if (!this.#waiters.delete(waiter)) return;
    waiter.done.resolve(undefined);
    if (this.#waiters.size === 0) this.#look?.abort();
  }

  /** Runs while someone waits. */
  async #run(): Promise<void> {
    this.#running = true;
    // Who asks in the same turn of the event loop is served together.
    await Promise.resolve();
    while (this.#waiters.size > 0) {
      const served = [...this.#waiters].slice(0, this.#returned.length);
      for (const waiter of served) this.#serve(waiter, this.#returned.shift()!); // as many as there are
      if (this.#waiters.size === 0) break;
      try {
        await this.#serveFromLog();
      } catch (thrown) {
        for (const waiter of this.#waiters) waiter.done.reject(thrown);
        this.#waiters.clear();
      }
    }
    this.#running = false;
  }

  async #serveFromLog(): Promise<void> {
    const read = await this.#read();
    if (read === undefined) return;
    const waiters = [...this.#waiters].slice(0, read.events);
    if (waiters.length === 0) return;
    for (const waiter of waiters) this.#waiters.delete(waiter);
    const lines = linesOf(read, waiters.length);
    try {
      // A sequence is a cursor, and the other way round.
      await this.#cursor.moveTo(String(read.firstSequence + waiters.length));
    } catch (thrown) {
      for (const waiter of waiters) waiter.done.reject(thrown);
      return;
    }
    for (const [i, waiter] of waiters.entries()) this.#serve(waiter, lines[i]!); // one for each
  }

  #serve(waiter: Waiter, line: Uint8Array): void {
    this.#waiters.delete(waiter);
    if (waiter.signal.aborted) {
      this.#returned.push(line);
      waiter.done.resolve(undefined);
    } else {
      waiter.done.resolve(line);
    }
  }

  /** Undefined: nothing yet, or nobody waits any more. */
  async #read(): Promise<LogRead | undefined> {
    const { log, logger } = this.#options;
    const look = new AbortController();
    try {
      const options = { after: this.#cursor.current, limit: this.#waiters.size };
      const read = await log.read({ ...options, waitMs: 0 }, look.signal);
      if (read.events > 0) return read;
      for (const waiter of this.#waiters) {
        waiter.looked = true;
        if (waiter.expired) this.#giveUp(waiter);
      }
      if (this.#waiters.size === 0) return undefined;
      this.#look = look;
      // The cursor that this look gave: without one it would begin at the oldest event again.
      await log.read({ after: read.cursor, limit: 1, waitMs: LOOK_MS }, look.signal);
      return undefined;
    } catch (thrown) {
      if (look.signal.aborted) return undefined;
      if (!(thrown instanceof CursorGoneError)) throw thrown;
      const { lost, oldest } = thrown;
      logger.error("Events went by their age or size before anyone took them.", { lost, oldest });
      await this.#cursor.moveTo(oldest);
      return undefined;
    } finally {
      this.#look = undefined;
    }
  }
}

/** The first `count` lines, without their line feeds. */
function linesOf(read: LogRead, count: number): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const end = read.bytes.indexOf(10, at);
    lines.push(new Uint8Array(read.bytes.subarray(at, end)));
    at = end + 1;
  }
  return lines;
}
