import { ExponentialBackoff, type IBackoff, noJitterGenerator } from "cockatiel";
import { TransientError } from "../core/errors.ts";
import { RETRY_MS_MAX, RETRY_MS_MIN } from "../core/limits.ts";

const policy = new ExponentialBackoff({
  initialDelay: RETRY_MS_MIN,
  maxDelay: RETRY_MS_MAX,
  generator: noJitterGenerator,
});

/**
 * The pauses between two tries of one thing outside: exponential with full jitter, and at least as long
 * as the other side asked for.
 */
export class Backoff {
  readonly #random: () => number;
  #step: IBackoff<unknown> | undefined;

  /** @param random Gives numbers in [0, 1). */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** How long to wait after this failure, in milliseconds. */
  afterMs(failure: unknown): number {
    this.#step = this.#step === undefined ? policy.next() : this.#step.next(undefined);
    const asked = failure instanceof TransientError ? (failure.retryAfterMs ?? 0) : 0;
    return Math.max(this.#step.duration * this.#random(), asked);
  }

  /** It worked: the next pause is a short one again. */
  reset(): void {
    this.#step = undefined;
  }
}
