import type { Clock } from "../core/clock.ts";
import { FatalError, messageOf, TransientError } from "../core/errors.ts";
import { CALL_MS_MAX, CLOSE_MS_MAX, OPEN_MS_MAX } from "../core/limits.ts";
import type { Logger } from "../core/logger.ts";
import { within } from "../sinks/support/deadline.ts";
import { Breaker, type BreakerState } from "./breaker.ts";

/** What {@link Connection} keeps open. */
export interface Closable {
  close(): Promise<void>;
}

export interface ConnectionOptions<Resource extends Closable> {
  /** How messages call it: `sink warehouse`. */
  readonly label: string;
  readonly open: (signal: AbortSignal) => Promise<Resource>;
  /** Told whenever it comes (back) after having been away. */
  readonly onConnected?: () => void;
  /** How long a call may take, in milliseconds; absent: `CALL_MS_MAX`. */
  readonly callMsMax?: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/**
 * One thing outside that may go away: opens it, and after a {@link TransientError} closes it, waits and
 * opens it again, for ever. A breaker decides when; what gives no answer is given up.
 */
export class Connection<Resource extends Closable> {
  readonly #options: ConnectionOptions<Resource>;
  readonly #breaker: Breaker;
  #resource: Resource | undefined;
  /** Failures since it started. */
  errors = 0;
  /** Times that it came back. */
  reconnects = 0;
  /** What the last failure was, also after it was overcome. */
  lastError: string | undefined;
  /** Whether it was ever open. */
  wasOpen = false;
  /** What is wrong. */
  #problem: string | undefined;

  constructor(options: ConnectionOptions<Resource>) {
    const { clock, random } = options;
    this.#options = options;
    this.#breaker = new Breaker({ clock, random });
  }

  get isOpen(): boolean {
    return this.#resource !== undefined && this.#problem === undefined;
  }

  get breaker(): BreakerState {
    return this.#breaker.state;
  }

  /** What is wrong, for people; undefined when nothing is. */
  get problem(): string | undefined {
    if (this.#problem === undefined) return undefined;
    const leftMs = this.#breaker.nextTryMs - this.#options.clock.monotonicMs();
    const seconds = Math.ceil(leftMs / 1000);
    return `${this.#problem}, ${seconds > 0 ? `next try in ${seconds} s` : "trying again"}`;
  }

  /**
   * Does `work` with the open resource; while that fails for now, again from the start with a fresh one.
   * Undefined when `signal` ended it first.
   *
   * @throws Whatever is not a {@link TransientError}.
   */
  async use<Result>(
    work: (resource: Resource, signal: AbortSignal) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result | undefined> {
    while (await this.#breaker.admit(signal)) {
      try {
        this.#resource ??= await this.#open(signal);
        const result = await this.#within(work(this.#resource, signal), "use");
        this.#recovered();
        return result;
      } catch (failure) {
        await this.close();
        if (!signal.aborted && failure instanceof TransientError) {
          this.#failed(failure);
          continue;
        }
        this.#breaker.abandoned();
        if (signal.aborted) return undefined;
        throw this.#named(failure);
      }
    }
    return undefined;
  }

  /** Gives it away, as it is: who has it now closes it. Undefined when it is not open. */
  release(): Resource | undefined {
    const resource = this.#resource;
    this.#resource = undefined;
    return resource;
  }

  async close(): Promise<void> {
    const resource = this.#resource;
    this.#resource = undefined;
    if (resource !== undefined) await this.#close(resource);
  }

  async #close(resource: Resource): Promise<void> {
    try {
      await this.#within(resource.close(), "close");
    } catch (failure) {
      const { label, logger } = this.#options;
      logger.debug(`Closing ${label} failed`, { error: messageOf(failure) });
    }
  }

  async #open(signal: AbortSignal): Promise<Resource> {
    const givenUp = new AbortController();
    const opening = this.#options.open(AbortSignal.any([signal, givenUp.signal]));
    try {
      const resource = await this.#within(opening, "open");
      this.wasOpen = true;
      return resource;
    } catch (failure) {
      givenUp.abort();
      // It may come after all, when nobody waits for it any more.
      void opening.then((late) => this.#close(late)).catch(() => {});
      throw failure;
    }
  }

  /** Whoever is stopped ends by itself; this is for whoever never ends. */
  async #within<Result>(work: Promise<Result>, what: "open" | "use" | "close"): Promise<Result> {
    const { label, clock, callMsMax = CALL_MS_MAX } = this.#options;
    const ms = { open: OPEN_MS_MAX, use: callMsMax, close: CLOSE_MS_MAX }[what];
    if (ms === Infinity) return await work;
    const { signal } = new AbortController();
    return await within(work, { action: `Cannot ${what} the ${label}`, ms, clock, signal });
  }

  #failed(failure: TransientError): void {
    const { label, logger } = this.#options;
    this.errors++;
    this.lastError = failure.message;
    const before = this.#breaker.state;
    const ms = this.#breaker.failed(failure);
    const fields = { error: failure.message, next_try_ms: Math.round(ms) };
    // The first failure is news, the next ones are details.
    if (this.#problem === undefined) {
      logger.warn(`The ${label} is away; it is tried again.`, fields);
    } else if (before === "closed" && this.#breaker.state === "open") {
      logger.warn(`The ${label} stays away; its circuit breaker is open.`, fields);
    } else logger.debug(`The ${label} is still away.`, fields);
    this.#problem = failure.message;
  }

  #recovered(): void {
    this.#breaker.succeeded();
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.reconnects++;
    this.#options.logger.info(`The ${this.#options.label} is back.`);
    this.#options.onConnected?.();
  }

  #named(failure: unknown): unknown {
    if (!(failure instanceof FatalError)) return failure;
    return new FatalError(`${this.#options.label}: ${failure.message}`, { cause: failure });
  }
}
