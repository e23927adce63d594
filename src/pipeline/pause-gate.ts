import type { Clock } from "../core/clock.ts";
import { TransientError } from "../core/errors.ts";
import { secondsOf } from "../core/time.ts";
import { Bell } from "./bell.ts";

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
  #isClosed = false;
  /** Rings whenever it opens or closes. */
  readonly #moved = new Bell();

  constructor(store: PauseStore, clock: Pick<Clock, "now">) {
    this.#store = store;
    this.#clock = clock;
    if (store.pausedSince !== undefined) this.#close();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws {TransientError} It is closed, but that could not be written down. */
  close(): void {
    this.#close();
    if (this.#store.pausedSince !== undefined) return;
    this.#keep(secondsOf(this.#clock.now()), "It is paused, but a restart would read on");
  }

  /** @throws {TransientError} It is open, but that could not be written down. */
  open(): void {
    this.#isClosed = false;
    this.#moved.ring();
    if (this.#store.pausedSince === undefined) return;
    this.#keep(undefined, "It reads on, but a restart would be paused");
  }

  #close(): void {
    this.#isClosed = true;
    this.#moved.ring();
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
    await this.#moved.orRung(this.#isClosed ? Promise.race([work, Promise.resolve()]) : work);
  }

  /** Resolves when it is open, or when `signal` aborts. */
  async pass(signal: AbortSignal): Promise<void> {
    // It may be closed again before this goes on.
    while (this.#isClosed && !signal.aborted) {
      const aborted = Promise.withResolvers<void>();
      const done = (): void => aborted.resolve();
      signal.addEventListener("abort", done, { once: true });
      await this.#moved.orRung(aborted.promise);
      signal.removeEventListener("abort", done);
    }
  }
}
