import type { CalendarWindow } from "../../../src/core/window.ts";
import type { Span } from "./types.ts";

const HOUR = 3_600_000_000;
const DAY_MS = 86_400_000;
const QUARTER_HOUR_MS = 900_000;

const formats = new Map<string, Intl.DateTimeFormat>();
const firsts = new Map<string, number>();

/** The window of the calendar that holds an instant, found by looking at clocks on walls. */
export function calendarWindowOf({ unit, zone, weekStart }: CalendarWindow, time: number): Span {
  if (unit === "hour") {
    const start = Math.floor(time / HOUR) * HOUR;
    return { start, end: start + HOUR };
  }
  let first = firstDay(civilDay(zone, Math.floor(time / 1_000)), { unit, weekStart });
  // The wall may show a date before or after the window's: where midnight is repeated.
  while (firstInstant(zone, first) > time) first = firstDay(first - 1, { unit, weekStart });
  for (;;) {
    const next = dayAfter(first, { unit, weekStart });
    if (firstInstant(zone, next) > time) {
      return { start: firstInstant(zone, first), end: firstInstant(zone, next) };
    }
    first = next;
  }
}

/** The date that a wall calendar in the zone shows, as days since 1970-01-01. */
function civilDay(zone: string, ms: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      calendar: "gregory",
      numberingSystem: "latn",
      year: "numeric",
      month: "numeric",
      day: "numeric",
    });
    formats.set(zone, format);
  }
  const [month, day, year] = format.format(ms).split("/").map(Number);
  return Date.UTC(year!, month! - 1, day) / DAY_MS;
}

/** The first instant at which the wall shows this date, or a later one where it shows it never. */
function firstInstant(zone: string, day: number): number {
  const key = `${zone} ${day}`;
  const known = firsts.get(key);
  if (known !== undefined) return known;
  let reached = day * DAY_MS - 27 * 4 * QUARTER_HOUR_MS;
  while (civilDay(zone, reached) < day) reached += QUARTER_HOUR_MS;
  let before = reached - QUARTER_HOUR_MS;
  while (reached - before > 1) {
    const middle = Math.floor((before + reached) / 2);
    if (civilDay(zone, middle) < day) before = middle;
    else reached = middle;
  }
  firsts.set(key, reached * 1_000);
  return reached * 1_000;
}

type Unit = Pick<CalendarWindow, "unit" | "weekStart">;

/** The first day of the week, month, … that a day is in. */
function firstDay(day: number, { unit, weekStart }: Unit): number {
  let first = day;
  while (!isFirst(first, { unit, weekStart })) first--;
  return first;
}

function dayAfter(first: number, { unit, weekStart }: Unit): number {
  let day = first + 1;
  while (!isFirst(day, { unit, weekStart })) day++;
  return day;
}

function isFirst(day: number, { unit, weekStart }: Unit): boolean {
  const date = new Date(day * DAY_MS);
  const isFirstOfMonth = date.getUTCDate() === 1;
  if (unit === "week") return (date.getUTCDay() || 7) === weekStart;
  if (unit === "month") return isFirstOfMonth;
  if (unit === "quarter") return isFirstOfMonth && date.getUTCMonth() % 3 === 0;
  if (unit === "year") return isFirstOfMonth && date.getUTCMonth() === 0;
  return true;
}
