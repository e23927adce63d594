import type { RuleSettings } from "../core/settings.ts";
import { millisOf } from "../core/time.ts";

/** How often some rule wants rows of windows that are not over, in milliseconds; Infinity: none does. */
export function earlyEveryMs(rules: readonly RuleSettings[]): number {
  const every = rules.map(({ early }) => (early === undefined ? Infinity : millisOf(early)));
  return Math.min(...every);
}
