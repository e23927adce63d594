import type { Clock } from "../../core/clock.ts";
import {
  ATTEMPT_CLIENTS_MAX,
  ATTEMPT_EVERY_MS,
  ATTEMPTS_AT_ONCE,
  ATTEMPTS_WAITING_MAX,
  WELCOME_MAX,
} from "../../core/limits.ts";
import type { Logger } from "../../core/logger.ts";

/** A line of the log at most so often, however many wrong tokens are shown. */
const LOG_EVERY_MS = 10_000;

interface Client {
  /** Until when its wrong tokens are paid for, each with {@link ATTEMPT_EVERY_MS}. Monotonic. */
  paidUntilMs: number;
  waiting: number;
}

/**
 * Slows down who shows wrong tokens. Some are answered at once, then each waits for its turn, before
 * anybody looks whether it is right: a token cannot be guessed by asking fast. One client does not slow
 * another; and a token that was right from a client does not wait behind the wrong ones from there,
 * since many may be behind one address.
 */
export class Attempts {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** The one that was quiet longest first. */
  readonly #clients = new Map<string, Client>();
  /** The one that was unused longest first. */
  readonly #welcome = new Set<string>();
  #failures = 0;
  #unsaid = 0;
  #saidAtMs = -Infinity;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Wrong tokens since the start. */
  get failures(): number {
    return this.#failures;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /**
   * Waits for the turn of a client. Undefined: it need not wait.
   *
   * @param key Tells the token that it shows.
   * @returns Resolves with how long it should stay away when too many wait already, in milliseconds.
   */
  turn(client: string, key: string): Promise<number | undefined> | undefined {
    const known = this.#clients.get(client);
    if (known === undefined) return undefined;
    const nowMs = this.#clock.monotonicMs();
    const ownMs = known.waiting * ATTEMPT_EVERY_MS;
    const waitMs = known.paidUntilMs + ownMs - nowMs - (ATTEMPTS_AT_ONCE - 1) * ATTEMPT_EVERY_MS;
    if (waitMs <= 0 || this.#welcome.has(`${client} ${key}`)) return undefined;
    if (known.waiting >= ATTEMPTS_WAITING_MAX) return Promise.resolve(waitMs);
    return this.#wait(known, waitMs);
  }

  /** A wrong token was shown. */
  failed(client: string): void {
    this.#failures++;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#clients.get(client) ?? { paidUntilMs: nowMs, waiting: 0 };
    known.paidUntilMs = Math.max(known.paidUntilMs, nowMs) + ATTEMPT_EVERY_MS;
    this.#clients.delete(client);
    this.#clients.set(client, known);
    if (this.#clients.size > ATTEMPT_CLIENTS_MAX) {
      this.#clients.delete(this.#clients.keys().next().value!);
    }
    this.#say(client, nowMs);
  }

  /** A right token was shown. */
  succeeded(client: string, key: string): void {
    const pair = `${client} ${key}`;
    if (this.#welcome.has(pair)) return;
    this.#welcome.add(pair);
    if (this.#welcome.size > WELCOME_MAX) {
      this.#welcome.delete(this.#welcome.keys().next().value!);
    }
  }

  async #wait(client: Client, ms: number): Promise<undefined> {
    client.waiting++;
    await this.#clock.sleep(ms);
    client.waiting--;
  }

  #say(client: string, nowMs: number): void {
    this.#unsaid++;
    if (nowMs - this.#saidAtMs < LOG_EVERY_MS) return;
    this.#logger.warn("A wrong token was shown.", {
      client,
      since_last_said: this.#unsaid,
      since_start: this.#failures,
    });
    this.#saidAtMs = nowMs;
    this.#unsaid = 0;
  }
}
