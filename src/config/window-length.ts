import { type DurationMicros, durationMicros } from "../core/time.ts";
import type { CalendarUnit, WindowRule } from "../core/window.ts";

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;

/** A clock that changes makes a day, and whatever begins and ends with one, an hour shorter or longer. */
const LENGTHS: Readonly<Record<CalendarUnit, readonly [shortest: number, longest: number]>> = {
  hour: [HOUR, HOUR],
  day: [DAY - HOUR, DAY + HOUR],
  week: [7 * DAY - HOUR, 7 * DAY + HOUR],
  month: [28 * DAY - HOUR, 31 * DAY + HOUR],
  quarter: [90 * DAY - HOUR, 92 * DAY + HOUR],
  year: [365 * DAY, 366 * DAY],
};

/** How long the shortest and the longest window last; undefined: as long as their events come. */
export function windowLength(
  window: WindowRule,
): { readonly shortest: DurationMicros; readonly longest: DurationMicros } | undefined {
  if (window.kind === "session") return undefined;
  if (window.kind !== "calendar") return { shortest: window.size, longest: window.size };
  const [shortest, longest] = LENGTHS[window.unit];
  return { shortest: durationMicros(shortest), longest: durationMicros(longest) };
}

/** How long after one window the next one begins, at the most. Undefined: as events come. */
export function windowStep(window: WindowRule): DurationMicros | undefined {
  return window.kind === "hopping" ? window.every : windowLength(window)?.longest;
}
