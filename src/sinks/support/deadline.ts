import type { Clock } from "../../core/clock.ts";
import { TransientError } from "../../core/errors.ts";

export interface Deadline {
  /** Begins the message of a failure: `Cannot write to postgres://…`. */
  readonly action: string;
  readonly ms: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * What `work` gives, unless it takes longer than the deadline or the signal aborts. The work itself goes
 * on; whoever calls this then closes what it works on.
 *
 * @throws {TransientError} It took too long, or was stopped.
 */
export async function within<Result>(work: Promise<Result>, deadline: Deadline): Promise<Result> {
  const { action, ms, clock, signal } = deadline;
  const over = new AbortController();
  // With a reason, or an error with a stack would be made for nobody, at each call.
  const stop = (): void => over.abort("over");
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([
      work,
      clock.sleep(ms, over.signal).then(() => {
        const why = signal.aborted ? "it was stopped" : `no answer within ${ms / 1000} s`;
        throw new TransientError(`${action}: ${why}`);
      }),
    ]);
  } finally {
    signal.removeEventListener("abort", stop);
    // Ends the sleep, which nobody waits for any more.
    stop();
  }
}
