import type { Clock } from "../../src/core/clock.ts";
import { type EpochMicros, epochMicros } from "../../src/core/time.ts";

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is moved. Sleepers wake in the order of their times. */
export class VirtualClock implements Clock {
  #ms = 0;
  #wallOffsetMicros: number;
  readonly #sleepers = new Set<Sleeper>();

  constructor(startSeconds = 1_700_000_000) {
    this.#wallOffsetMicros = startSeconds * 1e6;
  }

  now(): EpochMicros {
    return epochMicros(this.#wallOffsetMicros + Math.floor(this.#ms * 1000));
  }

  monotonicMs(): number {
    return this.#ms;
  }

  /** The wall clock alone jumps. */
  jumpWall(seconds: number): void {
    this.#wallOffsetMicros += seconds * 1e6;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const wake = (): void => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper: Sleeper = { atMs: this.#ms + Math.max(ms, 0), wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }

  /** How many wait. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** Moves on by `ms`, waking whoever is due on the way and letting it run. */
  async advance(ms: number): Promise<void> {
    const target = this.#ms + ms;
    for (;;) {
      await settle();
      const next = [...this.#sleepers].sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > target) break;
      this.#ms = Math.max(this.#ms, next.atMs);
      next.wake();
    }
    this.#ms = target;
    await settle();
  }
}

/** Lets everything run that needs no time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
