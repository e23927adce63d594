import type { RuleSettings } from "../../src/core/settings.ts";
import type { FinalRow } from "./expected.ts";

/** An event of the input; microseconds. */
export interface TimedEvent {
  readonly name: string;
  readonly value: number;
  readonly time: number;
}

/** A meaning of a rule, and from when on it is in force: windows that begin in [since, next since). */
export interface EraOfRule {
  readonly rule: RuleSettings;
  readonly since: number;
}

/** Where a meaning begins that comes into force when `newest` is the newest event. */
export function boundaryBehind(rule: RuleSettings, newest: number): number {
  const { window } = rule;
  if (newest === -Infinity) return -Infinity;
  if (window.kind === "session") return newest + 1;
  if (window.kind === "calendar") throw new Error("not told here");
  const step = window.kind === "tumbling" ? window.size : window.every;
  return (Math.floor((newest - window.offset) / step) + 1) * step + window.offset;
}

/** The final rows of a rule that had these meanings one after the other. Knows nothing of the engine. */
export function rowsOfEras(eras: readonly EraOfRule[], events: readonly TimedEvent[]): FinalRow[] {
  return eras.flatMap(({ rule, since }, i) => {
    // A meaning that never came into force before the next one did has no windows.
    const until = Math.min(...eras.slice(i + 1).map((era) => era.since));
    return windowsOf(rule, events, { since, until }).flatMap(({ start, end, name, values }) =>
      rule.aggregate.functions.map(({ key, aggregation }): FinalRow => {
        return {
          rule: rule.name,
          name,
          agg_func: key,
          window_start: start / 1e6,
          window_end: end / 1e6,
          value: aggregation.name === "count" ? values.length : valueOf(aggregation.name, values),
          count: values.length,
        };
      }),
    );
  });
}

interface TimedWindow {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  readonly values: number[];
}

function windowsOf(
  { window }: RuleSettings,
  events: readonly TimedEvent[],
  { since, until }: { since: number; until: number },
): TimedWindow[] {
  const found = new Map<string, TimedWindow>();
  if (window.kind === "session") {
    const ours = events.filter(({ time }) => time >= since && time < until);
    const sessions: (TimedWindow & { end: number })[] = [];
    for (const { name, time, value } of ours.toSorted((a, b) => a.time - b.time)) {
      const last = sessions.findLast((one) => one.name === name);
      if (last !== undefined && time < last.end) {
        last.values.push(value);
        last.end = time + window.gap;
      } else sessions.push({ start: time, end: time + window.gap, name, values: [value] });
    }
    return sessions;
  }
  if (window.kind === "calendar") throw new Error("not told here");
  const step = window.kind === "tumbling" ? window.size : window.every;
  for (const { name, time, value } of events) {
    const last = Math.floor((time - window.offset) / step) * step + window.offset;
    for (let start = last; start + window.size > time; start -= step) {
      if (start < since || start >= until) continue;
      const key = `${start} ${name}`;
      const one = found.get(key) ?? { start, end: start + window.size, name, values: [] };
      one.values.push(value);
      found.set(key, one);
    }
  }
  return [...found.values()];
}

function valueOf(name: string, values: readonly number[]): number {
  if (name === "sum") return values.reduce((sum, value) => sum + value, 0);
  if (name === "max") return Math.max(...values);
  throw new Error(`not told here: ${name}`);
}
