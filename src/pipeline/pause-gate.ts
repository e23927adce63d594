import type { Clock } from "../core/clock.ts";
import { TransientError } from "../core/errors.ts";
import { secondsOf } from "../core/time.ts";

/** Where it is written down that nothing is to be read. */
export interface PauseStore {
  /** Unix seconds; undefined: it is read. */
  readonly pausedSince: number | undefined;
  /** @throws {TransientError} The disk is full. */
  setPaused(since: number | undefined): void;
}

/** A gate in front of the source: closed while an operator has paused the pipeline, also over a restart. */
export class PauseGate {
  readonly #store: PauseStore;
  readonly #clock: Pick<Clock, "now">;
  #opened: PromiseWithResolvers<void> | undefined;
  /** Wakes those who wait for it to close. */
  readonly #waiting = new Set<() => void>();

  constructor(store: PauseStore, clock: Pick<Clock, "now">) {
    this.#store = store;
    this.#clock = clock;
    if (store.pausedSince !== undefined) this.#close();
  }

  get isClosed(): boolean {
    return this.#opened !== undefined;
  }

  /** @throws {TransientError} It is closed, but that could not be written down. */
  close(): void {
    this.#close();
    if (this.#store.pausedSince !== undefined) return;
    this.#keep(secondsOf(this.#clock.now()), "It is paused, but a restart would read on");
  }

  /** @throws {TransientError} It is open, but that could not be written down. */
  open(): void {
    if (this.#opened !== undefined) {
      this.#opened.resolve();
      this.#opened = undefined;
    }
    if (this.#store.pausedSince === undefined) return;
    this.#keep(undefined, "It reads on, but a restart would be paused");
  }

  #close(): void {
    this.#opened ??= Promise.withResolvers<void>();
    for (const wake of this.#waiting) wake();
  }

  #keep(since: number | undefined, otherwise: string): void {
    try {
      this.#store.setPaused(since);
    } catch (failure) {
      if (!(failure instanceof TransientError)) throw failure;
      throw new TransientError(`${otherwise}: ${failure.message}`, { cause: failure });
    }
  }

  /** Resolves when `work` has ended or it is closed, whichever comes first. Rejects as `work` does. */
  async closedDuring(work: Promise<unknown>): Promise<void> {
    // One of its own for each call: a promise holds on to every race over it, and to what that gave, for as long
    // as it is pending.
    const closed = Promise.withResolvers<void>();
    if (this.isClosed) closed.resolve();
    this.#waiting.add(closed.resolve);
    try {
      await Promise.race([work, closed.promise]);
    } finally {
      this.#waiting.delete(closed.resolve);
    }
  }

  /** Resolves when it is open, or when `signal` aborts. */
  async pass(signal: AbortSignal): Promise<void> {
    if (this.#opened === undefined || signal.aborted) return;
    const aborted = Promise.withResolvers<void>();
    const done = (): void => aborted.resolve();
    signal.addEventListener("abort", done, { once: true });
    await Promise.race([this.#opened.promise, aborted.promise]);
    signal.removeEventListener("abort", done);
    // Closed again meanwhile.
    return await this.pass(signal);
  }
}
