import type { Settings } from "../core/settings.ts";
import { millisOf } from "../core/time.ts";
import { earlyEveryMs } from "./early-every.ts";

/** How long one read of the source may wait, so that the rest of the pipeline is looked after. */
const READ_WAIT_MS_MAX = 5_000;

/**
 * How long a read may wait for events, in milliseconds: half the idle time at the most, so that the idle rule is
 * looked at in time, and no longer than until some rule wants rows of windows that are not over.
 */
export function readWaitMs({ time, rules }: Pick<Settings, "time" | "rules">): number {
  const idleMs = time.idleTimeout === "off" ? Infinity : millisOf(time.idleTimeout);
  return Math.min(READ_WAIT_MS_MAX, idleMs / 2, earlyEveryMs(rules));
}
