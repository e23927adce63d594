import type { RuleSettings } from "../core/settings.ts";
import { epochMicros } from "../core/time.ts";
import type { WindowRule } from "../core/window.ts";
import type { Engine } from "../engine/engine.ts";
import type { HeldWindow } from "../engine/windows.ts";

/** Windows of one rule: a glance, not a list. */
const WINDOWS_MAX = 12;

/** Lengths of windows before the watermark from which on they are shown. */
const LENGTHS_BEFORE = 4;

const DAY = 86_400_000_000;

/** For each rule some windows around the watermark, oldest first; those that are over have often fired. */
export function windowsAround(engine: Engine, rules: readonly RuleSettings[]): HeldWindow[] {
  return rules.flatMap(({ name, window }) => {
    const from = engine.watermark - reachOf(window);
    const after = { rule: name, start: epochMicros(from) };
    return engine.windowPage(after, WINDOWS_MAX).filter(({ rule }) => rule === name);
  });
}

/** How far before the watermark the windows begin that are worth a look, in microseconds. */
function reachOf(window: WindowRule): number {
  switch (window.kind) {
    case "tumbling":
      return LENGTHS_BEFORE * window.size;
    case "hopping":
      return window.size + LENGTHS_BEFORE * window.every;
    case "session":
      // One may go on for ever.
      return Infinity;
    case "calendar":
      return LENGTHS_BEFORE * DAY_COUNTS[window.unit] * DAY;
  }
}

const DAY_COUNTS = { hour: 1 / 24, day: 1, week: 7, month: 31, quarter: 92, year: 366 } as const;
