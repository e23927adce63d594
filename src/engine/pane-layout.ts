import { type EpochMicros, epochMicros } from "../core/time.ts";
import type { TumblingWindow, WindowRule } from "../core/window.ts";

/**
 * How time is cut into panes. Panes are numbered by ordinals, so that they need not be of one length.
 * `startOf(ordinalOf(t)) <= t < startOf(ordinalOf(t) + 1)` for every instant.
 */
export interface PaneLayout {
  ordinalOf(time: EpochMicros): number;
  startOf(ordinal: number): EpochMicros;
}

export function paneLayoutOf(window: WindowRule): PaneLayout {
  const { size, offset } = window as TumblingWindow;
  return {
    // Both divisions are of whole numbers below 2^53, so the floor is exact.
    ordinalOf: (time) => Math.floor((time - offset) / size),
    startOf: (ordinal) => epochMicros(ordinal * size + offset),
  };
}
