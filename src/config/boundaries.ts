import { commonDivisor } from "../core/common-divisor.ts";
import { type DurationMicros, durationMicros, formatDuration } from "../core/time.ts";
import type { CalendarUnit, CalendarWindow, TumblingWindow, WindowRule } from "../core/window.ts";
import { paneOf } from "./window.ts";

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;

/** By then the rules that the database knows repeat themselves. */
const LAST_YEAR = 2100;

/** Of which units a larger one is composed, besides the days of UTC and hours. */
const COMPOSED_OF: Readonly<Record<CalendarUnit, readonly CalendarUnit[]>> = {
  hour: [],
  day: ["day"],
  week: ["day", "week"],
  month: ["day", "month"],
  quarter: ["day", "month", "quarter"],
  year: ["day", "month", "quarter", "year"],
};

/** Windows of one length: those of a multiple of it, too, begin at multiples of `step` from `offset` on. */
interface Even {
  readonly step: DurationMicros;
  readonly offset: number;
}

/**
 * Why the boundaries of a rule's windows are not among those of the rule that it reads; undefined: they are.
 * Zones are looked at from 1970 on: before, many of them were off by odd minutes and seconds.
 */
export function boundaryFault(
  lower: TumblingWindow | CalendarWindow,
  upper: Exclude<WindowRule, { readonly kind: "session" }>,
): string | undefined {
  const below = evenOf(lower);
  const above = evenOf(upper);
  if (below !== undefined && above !== undefined) {
    if (above.step % below.step !== 0) {
      return `${upper.kind === "hopping" ? "size and every" : "size"} must be a multiple of ${formatDuration(below.step)}`;
    }
    return (above.offset - below.offset) % below.step === 0
      ? undefined
      : `offsets must differ by a multiple of ${formatDuration(below.step)}`;
  }
  if (upper.kind !== "calendar")
    return "a calendar in a zone cannot be put together to even lengths";
  if (below !== undefined) {
    const step = stepOf(upper.zone);
    if (step % below.step !== 0) {
      return `days in ${upper.zone} begin at multiples of ${formatDuration(step)}, which the size must divide`;
    }
    return below.offset === 0 ? undefined : "windows of a calendar have no offset";
  }
  // What is not even is of a calendar.
  const { unit, zone, weekStart } = lower as CalendarWindow;
  if (!COMPOSED_OF[upper.unit].includes(unit))
    return `no ${upper.unit} is composed of whole ${unit}s`;
  if (zone !== upper.zone) return `zone must be "${zone}"`;
  return unit === "week" && weekStart !== upper.weekStart
    ? "weekStart must be the same"
    : undefined;
}

function evenOf(window: Exclude<WindowRule, { readonly kind: "session" }>): Even | undefined {
  if (window.kind === "tumbling") return { step: window.size, offset: window.offset };
  if (window.kind === "hopping") return { step: paneOf(window), offset: window.offset };
  if (window.unit === "hour") return { step: durationMicros(HOUR), offset: 0 };
  return window.unit === "day" && stepOf(window.zone) === DAY
    ? { step: durationMicros(DAY), offset: 0 }
    : undefined;
}

/** The length of which every beginning of a day in a zone is a multiple, since the epoch. */
function stepOf(zone: string): DurationMicros {
  let at = Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
  let step = commonDivisor(DAY, offsetOf(at));
  for (;;) {
    const next = at.getTimeZoneTransition("next");
    if (next === null || next.year > LAST_YEAR) return durationMicros(step);
    const [before, after] = [offsetOf(at), offsetOf(next)];
    const time = next.epochMilliseconds * 1000;
    // A day whose midnight is left out begins when the clocks change.
    const skips = Math.ceil((time + before) / DAY) < Math.ceil((time + after) / DAY);
    step = commonDivisor(commonDivisor(step, after), skips ? time : 0);
    at = next;
  }
}

function offsetOf(time: Temporal.ZonedDateTime): number {
  return time.offsetNanoseconds / 1000;
}
