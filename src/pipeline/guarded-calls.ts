import type { Clock } from "../core/clock.ts";
import { TransientError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { OutsideCalls } from "../core/outside-calls.ts";
import { within } from "../sinks/support/deadline.ts";
import { Breaker } from "./breaker.ts";

export interface GuardedCallsOptions {
  /** How messages call what is called: `backup s3://plant/aggregator`. */
  readonly label: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/**
 * Calls to one place outside, each with a time limit, behind one breaker. A call is tried again until the
 * breaker opens; from then on each call is one try, when the pause is over.
 */
export class GuardedCalls implements OutsideCalls {
  readonly breaker: Breaker;
  readonly #clock: Clock;

  constructor({ label, clock, logger, random }: GuardedCallsOptions) {
    this.#clock = clock;
    this.breaker = new Breaker({
      clock,
      random,
      onChange: (state) => {
        // It flaps between open and half-open for as long as the place is away.
        if (state === "half-open") logger.debug(`The circuit breaker of ${label} is half-open.`);
        else logger.info(`The circuit breaker of ${label} is ${state}.`);
      },
    });
  }

  async call<Result>(
    work: (signal: AbortSignal) => Promise<Result>,
    limit: {
      readonly action: string;
      readonly ms: number;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<Result> {
    const { breaker } = this;
    const signal = limit.signal ?? new AbortController().signal;
    while (await breaker.admit(signal)) {
      try {
        return await this.once(work, { ...limit, signal });
      } catch (failure) {
        if (signal.aborted) break;
        if (!(failure instanceof TransientError) || breaker.state === "open") throw failure;
      }
    }
    signal.throwIfAborted();
    throw new Error("Invariant broken: a call was not let through");
  }

  /** One try of a call that the breaker has let through. */
  async once<Result>(
    work: (signal: AbortSignal) => Promise<Result>,
    {
      action,
      ms,
      signal,
    }: { readonly action: string; readonly ms: number; readonly signal: AbortSignal },
  ): Promise<Result> {
    const givenUp = new AbortController();
    try {
      const going = work(AbortSignal.any([signal, givenUp.signal]));
      const result = await within(going, { action, ms, clock: this.#clock, signal });
      this.breaker.succeeded();
      return result;
    } catch (failure) {
      givenUp.abort();
      if (signal.aborted) this.breaker.abandoned();
      else if (failure instanceof TransientError) this.breaker.failed(failure);
      // It answered, though not as we would like.
      else this.breaker.succeeded();
      throw failure;
    }
  }
}
