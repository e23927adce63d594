import type { Logger } from "../core/logger.ts";

/** Failures that are told one by one; of those behind them only how many there were. */
const TOLD_MAX = 10;

/** How long after that the next ones are told again. */
const AGAIN_MS = 60_000;

/** Tells of functions of the configuration that threw: each, while they are few, so that no log is flooded. */
export class FailureLog {
  readonly #logger: Logger;
  readonly #monotonicMs: () => number;
  #told = 0;
  #untold = 0;
  #sinceMs = -Infinity;

  constructor(logger: Logger, monotonicMs: () => number) {
    this.#logger = logger;
    this.#monotonicMs = monotonicMs;
  }

  /** @param detail Which rule, which function, for what, and what it threw. */
  add(detail: string): void {
    const nowMs = this.#monotonicMs();
    if (nowMs - this.#sinceMs >= AGAIN_MS) {
      this.flush();
      this.#sinceMs = nowMs;
      this.#told = 0;
    }
    if (this.#told >= TOLD_MAX) {
      this.#untold++;
      return;
    }
    this.#told++;
    this.#logger.error("A function of the configuration failed.", { detail });
  }

  /** Tells how many were not told. */
  flush(): void {
    if (this.#untold === 0) return;
    this.#logger.error("Functions of the configuration failed more often than is told here.", {
      more: this.#untold,
    });
    this.#untold = 0;
  }
}
