import type { Clock } from "../core/clock.ts";
import { FatalError, messageOf, TransientError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { Backoff } from "./backoff.ts";

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
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/**
 * One thing outside that may go away: opens it, and after a {@link TransientError} closes it, waits and
 * opens it again, for ever. The one place where anything is tried again.
 */
export class Connection<Resource extends Closable> {
  readonly #options: ConnectionOptions<Resource>;
  readonly #backoff: Backoff;
  #resource: Resource | undefined;
  /** Failures since it started. */
  errors = 0;
  /** Whether it was ever open. */
  wasOpen = false;
  /** What is wrong, and on which monotonic millisecond the next try is. */
  #problem: { readonly message: string; readonly nextTryMs: number } | undefined;

  constructor(options: ConnectionOptions<Resource>) {
    this.#options = options;
    this.#backoff = new Backoff(options.random);
  }

  get isOpen(): boolean {
    return this.#resource !== undefined && this.#problem === undefined;
  }

  /** `open`: waiting for the next try; `half-open`: trying; `closed`: all is well. */
  get breaker(): "closed" | "open" | "half-open" {
    if (this.#problem === undefined) return "closed";
    return this.#problem.nextTryMs > this.#options.clock.monotonicMs() ? "open" : "half-open";
  }

  /** What is wrong, for people; undefined when nothing is. */
  get problem(): string | undefined {
    if (this.#problem === undefined) return undefined;
    const { message, nextTryMs } = this.#problem;
    const seconds = Math.ceil((nextTryMs - this.#options.clock.monotonicMs()) / 1000);
    return seconds > 0 ? `${message}, next try in ${seconds} s` : `${message}, trying again`;
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
    while (!signal.aborted) {
      try {
        this.#resource ??= await this.#open(signal);
        const result = await work(this.#resource, signal);
        this.#recovered();
        return result;
      } catch (failure) {
        await this.close();
        if (signal.aborted) return undefined;
        if (!(failure instanceof TransientError)) throw this.#named(failure);
        await this.#wait(failure, signal);
      }
    }
    return undefined;
  }

  async close(): Promise<void> {
    const resource = this.#resource;
    this.#resource = undefined;
    try {
      await resource?.close();
    } catch (failure) {
      const { label, logger } = this.#options;
      logger.debug(`Closing ${label} failed`, { error: messageOf(failure) });
    }
  }

  async #open(signal: AbortSignal): Promise<Resource> {
    const resource = await this.#options.open(signal);
    this.wasOpen = true;
    return resource;
  }

  async #wait(failure: TransientError, signal: AbortSignal): Promise<void> {
    const { clock, label, logger } = this.#options;
    this.errors++;
    const ms = this.#backoff.afterMs(failure);
    const fields = { error: failure.message, next_try_ms: Math.round(ms) };
    // The first failure is news, the next ones are details.
    if (this.#problem === undefined)
      logger.warn(`The ${label} is away; it is tried again.`, fields);
    else logger.debug(`The ${label} is still away.`, fields);
    this.#problem = { message: failure.message, nextTryMs: clock.monotonicMs() + ms };
    await clock.sleep(ms, signal);
  }

  #recovered(): void {
    this.#backoff.reset();
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.#options.logger.info(`The ${this.#options.label} is back.`);
    this.#options.onConnected?.();
  }

  #named(failure: unknown): unknown {
    if (!(failure instanceof FatalError)) return failure;
    return new FatalError(`${this.#options.label}: ${failure.message}`, { cause: failure });
  }
}
