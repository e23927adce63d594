import type { DurationMicros } from "./time.ts";

/** Adjacent windows of one length, aligned to the epoch: [k·size + offset, (k+1)·size + offset). */
export interface TumblingWindow {
  readonly kind: "tumbling";
  readonly size: DurationMicros;
  readonly offset: DurationMicros;
}

/** Overlapping windows of one length: all [k·every + offset, k·every + offset + size). */
export interface HoppingWindow {
  readonly kind: "hopping";
  readonly size: DurationMicros;
  /** At most `size`. */
  readonly every: DurationMicros;
  /** Less than `every`. */
  readonly offset: DurationMicros;
}

/** Per series: events closer than `gap` share a window [first, last + gap). */
export interface SessionWindow {
  readonly kind: "session";
  readonly gap: DurationMicros;
}

export const CALENDAR_UNITS = ["hour", "day", "week", "month", "quarter", "year"] as const;
export type CalendarUnit = (typeof CALENDAR_UNITS)[number];

/** Days of the week from 1 on, as ISO 8601 counts them. */
export const WEEKDAYS = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Adjacent windows of the civil calendar in a zone; `hour` is an absolute hour. */
export interface CalendarWindow {
  readonly kind: "calendar";
  readonly unit: CalendarUnit;
  /** A zone of the IANA database, such as `Europe/Berlin`. */
  readonly zone: string;
  /** Of weeks: 1 is Monday, 7 is Sunday. */
  readonly weekStart: number;
}

/** A closed union: the engine sizes its ring by it. A new kind is engine work. */
export type WindowRule = TumblingWindow | HoppingWindow | SessionWindow | CalendarWindow;
