import { expect, test } from "bun:test";
import { durationMicros, parseDuration } from "../../src/core/time.ts";
import type { WindowRule } from "../../src/core/window.ts";
import { windowText } from "../../src/core/window-text.ts";

const micros = (text: string) => parseDuration(text)!;
const none = durationMicros(0);

test.each<[string, WindowRule]>([
  ['tumbling("1m")', { kind: "tumbling", size: micros("60s"), offset: none }],
  [
    'tumbling("1d", { offset: "6h" })',
    { kind: "tumbling", size: micros("1d"), offset: micros("6h") },
  ],
  [
    'hopping("5m", { every: "1m" })',
    { kind: "hopping", size: micros("5m"), every: micros("1m"), offset: none },
  ],
  [
    'hopping("5m", { every: "1m", offset: "1500ms" })',
    { kind: "hopping", size: micros("5m"), every: micros("1m"), offset: micros("1.5s") },
  ],
  ['session("30m")', { kind: "session", gap: micros("30m") }],
  ['calendar("day")', { kind: "calendar", unit: "day", zone: "UTC", weekStart: 1 }],
  [
    'calendar("month", { zone: "Europe/Berlin" })',
    { kind: "calendar", unit: "month", zone: "Europe/Berlin", weekStart: 7 },
  ],
  [
    'calendar("week", { zone: "America/New_York", weekStart: "sunday" })',
    { kind: "calendar", unit: "week", zone: "America/New_York", weekStart: 7 },
  ],
  ['calendar("hour")', { kind: "calendar", unit: "hour", zone: "Asia/Tokyo", weekStart: 1 }],
])("windowText() writes %s", (text, window) => {
  expect(windowText(window)).toBe(text);
});
