import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { boundaryFault } from "../../src/config/boundaries.ts";
import { durationMicros, epochMicros, parseDuration } from "../../src/core/time.ts";
import {
  CALENDAR_UNITS,
  type CalendarWindow,
  type HoppingWindow,
  type TumblingWindow,
} from "../../src/core/window.ts";
import { windowText } from "../../src/core/window-text.ts";
import { paneLayoutOf } from "../../src/engine/pane-layout.ts";
import { check } from "../support/effort.ts";

type Lower = TumblingWindow | CalendarWindow;
type Upper = Lower | HoppingWindow;

function micros(text: string): TumblingWindow["size"] {
  return parseDuration(text)!;
}

function tumbling(size: string, offset = "0s"): TumblingWindow {
  return { kind: "tumbling", size: micros(size), offset: micros(offset) };
}

function hopping(size: string, every: string): HoppingWindow {
  return { kind: "hopping", size: micros(size), every: micros(every), offset: durationMicros(0) };
}

function calendar(unit: CalendarWindow["unit"], zone = "UTC", weekStart = 1): CalendarWindow {
  return { kind: "calendar", unit, zone, weekStart };
}

const FITTING: readonly (readonly [Lower, Upper])[] = [
  [tumbling("1m"), tumbling("1h")],
  [tumbling("1m"), tumbling("1m")],
  [tumbling("1h", "10m"), tumbling("1d", "190m")],
  [tumbling("1m"), hopping("1h", "5m")],
  [tumbling("1h"), calendar("day")],
  [tumbling("1h"), calendar("year", "Europe/Berlin")],
  [tumbling("15m"), calendar("day", "Asia/Kathmandu")],
  [tumbling("30m"), calendar("day", "Australia/Lord_Howe")],
  [calendar("hour"), tumbling("6h")],
  [calendar("hour", "Asia/Tokyo"), calendar("day", "Europe/Berlin")],
  [calendar("day"), tumbling("7d")],
  [calendar("day"), calendar("week")],
  [calendar("day", "Europe/Berlin"), calendar("quarter", "Europe/Berlin")],
  [calendar("quarter", "Europe/Berlin"), calendar("year", "Europe/Berlin")],
  [calendar("week", "Europe/Berlin", 7), calendar("week", "Europe/Berlin", 7)],
];

const UNFIT: readonly (readonly [Lower, Upper])[] = [
  [tumbling("1h"), tumbling("1m")],
  [tumbling("1h"), hopping("1h", "5m")],
  [tumbling("2h"), calendar("day", "Europe/Berlin")],
  [tumbling("1h"), calendar("day", "Asia/Kathmandu")],
  [tumbling("7d"), calendar("week")],
  [calendar("week"), calendar("year")],
  [calendar("month", "Europe/Berlin"), calendar("day", "Europe/Berlin")],
  [calendar("day", "Europe/Berlin"), calendar("day", "America/New_York")],
];

const named = (pairs: typeof FITTING): (readonly [string, Lower, Upper])[] =>
  pairs.map(([lower, upper]) => [`${windowText(lower)} in ${windowText(upper)}`, lower, upper]);

describe("boundaryFault()", () => {
  test.each(named(FITTING))("finds none for %s", (_, lower, upper) => {
    expect(boundaryFault(lower, upper)).toBeUndefined();
  });

  test.each(named(UNFIT))("finds one for %s", (_, lower, upper) => {
    expect(boundaryFault(lower, upper)).toBeString();
  });

  test("finds none only where every boundary is one below, as the engine cuts", () => {
    const zone = fc.constantFrom(
      "UTC",
      "Europe/Berlin",
      "America/Sao_Paulo",
      "Asia/Kolkata",
      "Asia/Beirut",
      "Australia/Lord_Howe",
      "Pacific/Apia",
      "Africa/Casablanca",
    );
    const calendars = fc
      .tuple(fc.constantFrom(...CALENDAR_UNITS), zone, fc.constantFrom(1, 7))
      .map(([unit, inZone, weekStart]) => calendar(unit, inZone, weekStart));
    const size = fc.constantFrom("1m", "7m", "15m", "30m", "1h", "2h", "6h", "1d", "7d");
    const tumblings = fc
      .tuple(size, fc.constantFrom("0s", "30s", "15m"))
      .filter(([text, offset]) => micros(offset) < micros(text))
      .map(([text, offset]) => tumbling(text, offset));
    const windows = fc.oneof(calendars, tumblings);
    // From 1970 on: what was before is not looked at.
    const time = fc.integer({ min: 86_400 * 400, max: 86_400 * 365 * 100 });
    check(
      fc.tuple(windows, windows, fc.array(time, { minLength: 5 })),
      2000,
      ([low, up, times]) => {
        if (boundaryFault(low, up) !== undefined) return;
        const [lower, upper] = [paneLayoutOf(low), paneLayoutOf(up)];
        for (const seconds of times) {
          const start = upper.startOf(upper.ordinalOf(epochMicros(seconds * 1e6)));
          expect(Number(lower.startOf(lower.ordinalOf(start)))).toBe(Number(start));
        }
      },
    );
  });
});
