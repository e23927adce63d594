import type { SessionWindow, WindowRule } from "../../../src/core/window.ts";
import { calendarWindowOf } from "./calendar.ts";
import type { Span } from "./types.ts";

/** Windows that are there before any event: all but sessions. */
export type GridWindow = Exclude<WindowRule, SessionWindow>;

/** The windows that hold an instant, the oldest first. */
export function windowsOf(window: GridWindow, time: number): Span[] {
  if (window.kind === "calendar") return [calendarWindowOf(window, time)];
  const { size, offset } = window;
  const every = window.kind === "hopping" ? window.every : size;
  const behind = (((time - offset) % every) + every) % every;
  const windows: Span[] = [];
  for (let start = time - behind; start + size > time; start -= every) {
    windows.unshift({ start, end: start + size });
  }
  return windows;
}

/** The window that begins next. */
export function windowAfter(window: GridWindow, { start, end }: Span): Span {
  if (window.kind === "calendar") return calendarWindowOf(window, end);
  const next = window.kind === "hopping" ? start + window.every : end;
  return { start: next, end: next + window.size };
}
