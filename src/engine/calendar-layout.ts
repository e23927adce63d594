import { type EpochMicros, epochMicros } from "../core/time.ts";
import type { CalendarWindow } from "../core/window.ts";

const HOUR = 3_600_000_000;
const DAYS_MAX = 4096;

/** 1970-01-01 was a Thursday: day 4 of a week from Monday (1) on. */
const EPOCH_WEEKDAY = 4;

interface CalendarCut {
  ordinalOf(time: EpochMicros): number;
  startOf(ordinal: number): EpochMicros;
}

/**
 * The civil calendar of a zone, by Temporal: day `n` is `n` civil days after 1970-01-01 and begins at its
 * first instant, so a day lasts 23, 24 or 25 hours where the clocks change, and a date that a zone left
 * out lasts no time. Hours are absolute: those of the epoch.
 */
export function calendarLayout({ unit, zone, weekStart }: CalendarWindow): CalendarCut {
  if (unit === "hour") {
    return {
      ordinalOf: (time) => Math.floor(time / HOUR),
      startOf: (ordinal) => epochMicros(ordinal * HOUR),
    };
  }
  const days = new CivilDays(zone);
  if (unit === "day") {
    return { ordinalOf: (time) => days.dayOf(time), startOf: (day) => days.startOf(day) };
  }
  if (unit === "week") {
    const first = weekStart - EPOCH_WEEKDAY;
    return {
      ordinalOf: (time) => Math.floor((days.dayOf(time) - first) / 7),
      startOf: (week) => days.startOf(week * 7 + first),
    };
  }
  const months = { month: 1, quarter: 3, year: 12 }[unit];
  return {
    ordinalOf: (time) => Math.floor(monthOf(days.dayOf(time)) / months),
    startOf: (ordinal) => days.startOf(firstDayOf(ordinal * months)),
  };
}

/** Days of a zone by their number. What was looked up last is kept: events come near each other. */
class CivilDays {
  readonly #zone: string;
  readonly #starts = new Map<number, EpochMicros>();

  constructor(zone: string) {
    this.#zone = zone;
  }

  dayOf(time: EpochMicros): number {
    if (!Number.isFinite(time)) return time;
    const instant = Temporal.Instant.fromEpochMilliseconds(Math.floor(time / 1000));
    const { year, month, day } = instant.toZonedDateTimeISO(this.#zone);
    let ordinal = utcDays(year, month, day);
    // Where the clock goes back over midnight, the date alone does not tell on which side it is.
    while (time >= this.startOf(ordinal + 1)) ordinal++;
    while (time < this.startOf(ordinal)) ordinal--;
    return ordinal;
  }

  /** The first instant of a day: midnight, the earlier of two, or what comes first where there is none. */
  startOf(day: number): EpochMicros {
    if (!Number.isFinite(day)) return epochMicros(day);
    const known = this.#starts.get(day);
    if (known !== undefined) return known;
    const date = new Temporal.PlainDate(1970, 1, 1).add({ days: day });
    const start = epochMicros(date.toZonedDateTime(this.#zone).epochMilliseconds * 1000);
    if (this.#starts.size >= DAYS_MAX) this.#starts.clear();
    this.#starts.set(day, start);
    return start;
  }
}

/** Days from 1970-01-01, for years that `Date.UTC` would take for others too. */
function utcDays(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime() / 86_400_000;
}

/** Months since January 1970 of a day. */
function monthOf(day: number): number {
  if (!Number.isFinite(day)) return day;
  const date = new Date(day * 86_400_000);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

function firstDayOf(month: number): number {
  if (!Number.isFinite(month)) return month;
  const year = 1970 + Math.floor(month / 12);
  return utcDays(year, month - (year - 1970) * 12 + 1, 1);
}
