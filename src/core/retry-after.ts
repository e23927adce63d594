/** Whoever wants longer is asked once an hour whether it has changed its mind. */
const RETRY_AFTER_MS_MAX = 3_600_000;

/**
 * How long a `Retry-After` asks us to stay away, in milliseconds: seconds, or a date (0 when it is
 * past). Undefined: nothing, or nothing that can be read.
 *
 * @param nowMs The wall clock.
 */
export function retryAfterMs(text: string | null, nowMs: number): number | undefined {
  if (text === null) return undefined;
  const trimmed = text.trim();
  const ms = /^\d+$/.test(trimmed) ? Number(trimmed) * 1000 : Date.parse(trimmed) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX);
}
