import { commonDivisor } from "../core/common-divisor.ts";
import { assert } from "../core/errors.ts";
import { type EpochMicros, epochMicros } from "../core/time.ts";
import type { WindowRule } from "../core/window.ts";
import { calendarLayout } from "./calendar-layout.ts";

/**
 * How time is cut into panes, and windows composed of them. Panes are numbered by ordinals, so that they
 * need not be of one length. `startOf(ordinalOf(t)) <= t < startOf(ordinalOf(t) + 1)` for every instant;
 * an infinite one has an infinite ordinal. Window `k` is made of the `span` panes from `k * every` on.
 */
export interface PaneLayout {
  ordinalOf(time: EpochMicros): number;
  startOf(ordinal: number): EpochMicros;
  readonly every: number;
  readonly span: number;
}

/** The panes of any kind of window but sessions. */
export function paneLayoutOf(window: WindowRule): PaneLayout {
  assert(window.kind !== "session", "sessions have no panes");
  if (window.kind === "calendar") return { ...calendarLayout(window), every: 1, span: 1 };
  if (window.kind === "tumbling") return evenLayout(window.size, window.offset, 1, 1);
  const { size, every, offset } = window;
  const pane = commonDivisor(size, every);
  return evenLayout(pane, offset, every / pane, size / pane);
}

/**
 * How many panes are held at a time when all goes as usual.
 *
 * @param held For how long after its end a window may be held.
 */
export function panesHeld(window: WindowRule, layout: PaneLayout, held: number): number {
  const pane = layout.startOf(1) - layout.startOf(0);
  return Math.ceil(held / pane) + layout.span + (window.kind === "hopping" ? layout.every : 0) + 1;
}

/**
 * The first boundary of a kind of windows after an instant: where another meaning may begin when events came
 * up to there. One at the instant itself would begin a window without the events that came for it.
 */
export function boundaryAfter(window: WindowRule, time: EpochMicros): EpochMicros {
  // What came is the old meaning's, to the last of it.
  if (window.kind === "session") return epochMicros(time + 1);
  const layout = paneLayoutOf(window);
  const last = Math.floor(layout.ordinalOf(time) / layout.every);
  const start = layout.startOf(last * layout.every);
  return start > time ? start : layout.startOf((last + 1) * layout.every);
}

/** Rounds after which windows count as having no boundary in common. */
const ROUNDS_MAX = 10_000;

/**
 * The first boundary of all these kinds of windows after an instant. Where they have none in common within
 * reason, the last of their own: then what one of them holds begins late.
 */
export function commonBoundary(windows: readonly WindowRule[], time: EpochMicros): EpochMicros {
  let boundary = epochMicros(time);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const from = epochMicros(round === 0 ? boundary : boundary - 1);
    const next = Math.max(...windows.map((window) => boundaryAfter(window, from)));
    if (next === boundary) return boundary;
    boundary = epochMicros(next);
  }
  return boundary;
}

function evenLayout(size: number, offset: number, every: number, span: number): PaneLayout {
  return {
    // Both divisions are of whole numbers below 2^53, so the floor is exact.
    ordinalOf: (time) => Math.floor((time - offset) / size),
    startOf: (ordinal) => epochMicros(ordinal * size + offset),
    every,
    span,
  };
}
