import { durationMicros } from "../core/time.ts";
import type { WindowRule } from "../core/window.ts";
import { interval } from "./literals.ts";

/** The windows of a view as a table function of Flink, or why there is none. */
export type FlinkWindow =
  | { readonly sql: string; readonly note?: string }
  | { readonly missing: string };

const HOUR = durationMicros(3_600_000_000);
const DAY = durationMicros(86_400_000_000);
const WEEK = durationMicros(7 * 86_400_000_000);

/** The epoch was a Thursday. */
const THURSDAY = 4;

/**
 * @param view Where the events are.
 * @param keys Columns that tell series apart, for sessions.
 */
export function flinkWindow(
  window: WindowRule,
  { view, keys }: { readonly view: string; readonly keys: readonly string[] },
): FlinkWindow {
  const time = "DESCRIPTOR(`event_time`)";
  if (window.kind === "session") {
    const gap = interval(window.gap);
    if (gap === undefined) return FINE;
    return {
      sql: `SESSION(TABLE ${view} PARTITION BY (${keys.join(", ")}), ${time}, ${gap})`,
      note: "events exactly a gap apart share a session there, and are two here",
    };
  }
  if (window.kind === "hopping") {
    const { size, every, offset } = window;
    if (size % every !== 0) return { missing: "its size must be a multiple of every there" };
    return tableFunction("HOP", `TABLE ${view}, ${time}`, [every, size, offset]);
  }
  if (window.kind === "tumbling") {
    return tableFunction("TUMBLE", `TABLE ${view}, ${time}`, [window.size, window.offset]);
  }
  const { unit, zone, weekStart } = window;
  const table = `TABLE ${view}, ${time}`;
  const none = durationMicros(0);
  if (unit === "hour") return tableFunction("TUMBLE", table, [HOUR, none]);
  if (zone !== "UTC")
    return { missing: `it knows no calendar windows, and the days of ${zone} are not all alike` };
  if (unit === "day") return tableFunction("TUMBLE", table, [DAY, none]);
  if (unit !== "week")
    return { missing: "it knows no calendar windows, and these are not all alike" };
  const offset = durationMicros(((weekStart - THURSDAY + 7) % 7) * DAY);
  return tableFunction("TUMBLE", table, [WEEK, offset]);
}

const FINE: FlinkWindow = { missing: "it knows no time below a millisecond" };

/** The last duration is the offset, which is left out when there is none. */
function tableFunction(
  called: string,
  table: string,
  durations: readonly Parameters<typeof interval>[0][],
): FlinkWindow {
  const given = durations.at(-1) === 0 ? durations.slice(0, -1) : durations;
  const intervals = given.map(interval);
  if (intervals.includes(undefined)) return FINE;
  return { sql: `${called}(${table}, ${intervals.join(", ")})` };
}
