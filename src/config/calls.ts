import type { CalendarUnit, Weekday } from "../core/window.ts";
import type { DurationText } from "./duration.ts";
import type { Configurable } from "./env.ts";

/** What {@link tumbling} makes. */
export interface TumblingCall {
  readonly kind: "tumbling";
  readonly size: DurationText;
  readonly offset?: DurationText | undefined;
}

/** What {@link hopping} makes. */
export interface HoppingCall {
  readonly kind: "hopping";
  readonly size: DurationText;
  readonly every: DurationText;
  readonly offset?: DurationText | undefined;
}

/** What {@link session} makes. */
export interface SessionCall {
  readonly kind: "session";
  readonly gap: DurationText;
}

/** What {@link calendar} makes. */
export interface CalendarCall {
  readonly kind: "calendar";
  readonly unit: CalendarUnit;
  readonly zone?: string | undefined;
  readonly weekStart?: Weekday | undefined;
}

/** How a rule cuts time. */
export type WindowCall = TumblingCall | HoppingCall | SessionCall | CalendarCall;

/**
 * Adjacent windows of one size, aligned to the epoch.
 *
 * @example
 * ```ts
 * tumbling("1d", { offset: "6h" }).size; // => "1d", from 06:00 UTC to 06:00 UTC
 * ```
 */
export function tumbling(
  size: Configurable<DurationText>,
  options: { readonly offset?: Configurable<DurationText> } = {},
): Configurable<TumblingCall> {
  // All options are passed on, so that the check sees a misspelt one.
  return { ...options, kind: "tumbling", size };
}

/**
 * Overlapping windows of one size: one begins `every` so often, at most `size`, and an event is part of all
 * that it lies in.
 *
 * @example
 * ```ts
 * hopping("5m", { every: "1m" }).every; // => "1m": the last five minutes, each minute
 * ```
 */
export function hopping(
  size: Configurable<DurationText>,
  options: {
    readonly every: Configurable<DurationText>;
    readonly offset?: Configurable<DurationText>;
  },
): Configurable<HoppingCall> {
  return { ...options, kind: "hopping", size };
}

/**
 * One window as long as events of a series keep coming closer than `gap` to each other; it ends `gap` after
 * the last.
 */
export function session(gap: Configurable<DurationText>): Configurable<SessionCall> {
  return { kind: "session", gap };
}

/**
 * Hours, days, weeks, months, quarters or years of the calendar in a zone of the IANA database, UTC unless
 * said; a day lasts 23 or 25 hours where the clocks change. Weeks begin on Monday unless said.
 *
 * @example
 * ```ts
 * calendar("day", { zone: "Europe/Berlin" }).unit; // => "day"
 * ```
 */
export function calendar(
  unit: "week",
  options?: {
    readonly zone?: Configurable<string>;
    readonly weekStart?: Configurable<Weekday>;
  },
): Configurable<CalendarCall>;
export function calendar(
  unit: Configurable<CalendarUnit>,
  options?: { readonly zone?: Configurable<string> },
): Configurable<CalendarCall>;
export function calendar(
  unit: Configurable<CalendarUnit>,
  options: { readonly zone?: Configurable<string> } = {},
): Configurable<CalendarCall> {
  return { ...options, kind: "calendar", unit };
}
