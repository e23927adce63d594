import type { Clock } from "../core/clock.ts";

/** How long a read under way is waited for: longer than any that waits for events. */
const READ_MS_MAX = 10_000;

/** That a pipeline is to be left for another one, and how its read under way ends. */
export class Departure {
  readonly #asked = new AbortController();
  #keepsReader = false;

  /** Aborts when it is to be left: nothing more begins. */
  get asked(): AbortSignal {
    return this.#asked.signal;
  }

  /** Whether the reader goes to the next pipeline. */
  get keepsReader(): boolean {
    return this.#keepsReader;
  }

  ask({ keepsReader }: { readonly keepsReader: boolean }): void {
    if (this.#asked.signal.aborted) return;
    this.#keepsReader = keepsReader;
    this.#asked.abort();
  }

  /**
   * Aborts when a read under way is given up: at once where it can be read again from the cursor; else the
   * reader would be closed in the middle, with what it has taken from its source.
   *
   * @param stopped Aborts when nothing is waited for any more.
   */
  giveUpReading(clock: Clock, stopped: AbortSignal): AbortSignal {
    const over = new AbortController();
    const begin = (): void => {
      if (!this.#keepsReader) over.abort();
      else void clock.sleep(READ_MS_MAX, stopped).then(() => over.abort());
    };
    if (this.#asked.signal.aborted) begin();
    else this.#asked.signal.addEventListener("abort", begin, { once: true });
    return over.signal;
  }
}
