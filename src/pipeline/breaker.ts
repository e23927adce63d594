import { ConsecutiveBreaker } from "cockatiel";
import type { Clock } from "../core/clock.ts";
import { TransientError } from "../core/errors.ts";
import { BREAKER_FAILURES } from "../core/limits.ts";
import { Backoff } from "./backoff.ts";

/** `closed`: calls go out; `open`: none does; `half-open`: one is out to see whether it works again. */
export type BreakerState = "closed" | "open" | "half-open";

export interface BreakerOptions {
  readonly clock: Clock;
  /** Gives numbers in [0, 1): spreads the pauses. */
  readonly random: () => number;
  /** So many failures in a row open it. */
  readonly failures?: number;
  /** Told of every change of the state. */
  readonly onChange?: (state: BreakerState) => void;
}

/**
 * Decides whether a call to one thing outside goes out. After a failure there is a pause, a longer one after
 * each; after some in a row, or when the other side asks for patience, it opens: from then on one call at a
 * time is let through, when the pause is over, until one of them succeeds.
 *
 * That of cockatiel goes by `Date.now`, which jumps and which no test can move: of it come the counting and
 * the lengths of the pauses (`docs/decisions/breaker-by-our-clock.md`).
 *
 * Whoever was let through must say how it went, by one of `succeeded`, `failed` and `abandoned`.
 */
export class Breaker {
  readonly #clock: Clock;
  readonly #counter: ConsecutiveBreaker;
  readonly #backoff: Backoff;
  readonly #onChange: (state: BreakerState) => void;
  #state: BreakerState = "closed";
  #nextTryMs = -Infinity;
  /** Aborts when the call that is out alone has come back. */
  #trial = new AbortController();

  constructor({ clock, random, failures = BREAKER_FAILURES, onChange }: BreakerOptions) {
    this.#clock = clock;
    this.#counter = new ConsecutiveBreaker(failures);
    this.#backoff = new Backoff(random);
    this.#onChange = onChange ?? (() => {});
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** On the monotonic clock: no call goes out before. */
  get nextTryMs(): number {
    return this.#nextTryMs;
  }

  /** Whether a call may go out now. */
  admitNow(): boolean {
    if (this.#state === "half-open" || this.#clock.monotonicMs() < this.#nextTryMs) return false;
    if (this.#state === "open") {
      this.#trial = new AbortController();
      this.#become("half-open");
    }
    return true;
  }

  /** Waits until a call may go out. False: `signal` aborted first. */
  async admit(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (this.admitNow()) return true;
      const waits = this.#state === "half-open";
      const ms = waits ? Infinity : this.#nextTryMs - this.#clock.monotonicMs();
      const until = waits ? AbortSignal.any([signal, this.#trial.signal]) : signal;
      await this.#clock.sleep(ms, until);
    }
    return false;
  }

  /** The call came back, with whatever answer: the other side is there. */
  succeeded(): void {
    this.#counter.success();
    this.#backoff.reset();
    this.#nextTryMs = -Infinity;
    this.#decide("closed");
  }

  /** The call failed. Gives how long no other one goes out, in milliseconds. */
  failed(failure: unknown): number {
    const ms = this.#backoff.afterMs(failure);
    this.#nextTryMs = this.#clock.monotonicMs() + ms;
    const isAsked = failure instanceof TransientError && failure.retryAfterMs !== undefined;
    const isEnough = this.#counter.failure();
    this.#decide(isAsked || isEnough || this.#state !== "closed" ? "open" : "closed");
    return ms;
  }

  /** The call was given up, and tells nothing. */
  abandoned(): void {
    if (this.#state === "half-open") this.#decide("open");
  }

  #decide(state: BreakerState): void {
    this.#become(state);
    this.#trial.abort();
  }

  #become(state: BreakerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#onChange(state);
  }
}
