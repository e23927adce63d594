import type { Clock } from "../core/clock.ts";
import { TIMER_MS_MAX } from "../core/limits.ts";
import { epochMicros } from "../core/time.ts";

/** The clocks of this machine. */
export const realClock: Clock = {
  now: () => epochMicros(Date.now() * 1000),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    const end = performance.now() + ms;
    // A timer that is set for longer than it can count goes off at once: long waits are split.
    let left = ms;
    do {
      await pause(Math.min(Math.max(left, 0), TIMER_MS_MAX), signal);
      left = end - performance.now();
    } while (left > 0 && signal?.aborted !== true);
  },
};

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}
