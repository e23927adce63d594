import type { Clock } from "../../core/clock.ts";

/** A bus that answers "nothing" at once is asked twice a second. */
const EMPTY_EVERY_MS = 500;

/** Keeps empty answers apart: a bus that does not hold them back must not be asked in a circle. */
export class Pace {
  readonly #clock: Clock;
  #notBefore = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits until the next request may go out; gives the time of it. */
  async wait(signal: AbortSignal): Promise<number> {
    const ms = this.#notBefore - this.#clock.monotonicMs();
    if (ms > 0) await this.#clock.sleep(ms, signal);
    signal.throwIfAborted();
    return this.#clock.monotonicMs();
  }

  /** The request that went out at `startMs` came back empty. */
  empty(startMs: number): void {
    this.#notBefore = startMs + EMPTY_EVERY_MS;
  }
}

/** What `promise` gives, unless the signal aborts first: it is left to itself then. */
export async function unlessAborted<Result>(
  promise: Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  // The reason of an abort is whatever its owner gave it.
  const stop = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
