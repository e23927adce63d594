import { xoshiro128 } from "../bench/generate.ts";
import type { Installed } from "../support/executable.ts";
import { urlOf } from "../support/service.ts";

export interface CrashOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** How many times it is killed. */
  readonly kills: number;
  /** How long it runs before it is killed, at the most. */
  readonly lifeMsMax: number;
  readonly seed: number;
  /** Called with each service that can be reached, as long as it lives: feeds it, say. */
  readonly onUp?: (url: string) => void;
  /** Whether the last service, which nobody kills, has done all. Not asked of one that ends by itself. */
  readonly isDone: (url: string) => Promise<boolean>;
}

/**
 * Runs the service, kills it (`kill -9`) after random times, starts it again on the same state, and lets
 * the last one do its work to the end.
 *
 * @returns What the services said, and how many of them were killed at work (one may have ended before).
 */
export async function runWithCrashes(
  aggregator: Installed,
  options: CrashOptions,
): Promise<{ readonly said: string; readonly killed: number }> {
  const { env = {}, kills, lifeMsMax, seed, onUp, isDone } = options;
  const random = xoshiro128(seed);
  let said = "";
  let killed = 0;
  for (let i = 0; i < kills; i++) {
    const running = aggregator.spawn(["run"], { env });
    if (onUp !== undefined) void urlOf(running).then(onUp, () => {});
    const ended = await Promise.race([
      running.finished.then(() => true),
      Bun.sleep(random() * lifeMsMax).then(() => false),
    ]);
    const { code, stderr } = await running.stop("SIGKILL");
    said += stderr;
    if (ended && code !== 0) throw new Error(`It failed after ${i} kills:\n${stderr}`);
    if (!ended) killed++;
  }
  const last = aggregator.spawn(["run"], { env });
  const url = await urlOf(last);
  onUp?.(url);
  const ended = last.finished.then(() => true);
  for (;;) {
    if (await Promise.race([ended, Bun.sleep(50).then(() => false)])) break;
    if (await isDone(url).catch(() => false)) break;
  }
  const { code, stderr } = await last.stop();
  if (code !== 0) throw new Error(`The last service ended with ${code}:\n${stderr}`);
  return { said: said + stderr, killed };
}
