import type { DedupeSettings, RuleSettings } from "../../src/core/settings.ts";
import type { EngineRow } from "../../src/engine/engine-row.ts";

/** An event as the oracle keeps it; times in microseconds. */
export interface OracleEvent {
  readonly name: string;
  readonly fn: number;
  readonly value: number;
  readonly time: number;
  readonly id: string | undefined;
}

export interface OracleOptions {
  readonly rules: readonly RuleSettings[];
  readonly outOfOrderness: number;
  readonly idleTimeoutMs: number;
  readonly maxFuture: number | "off";
  readonly dedupe: DedupeSettings;
  readonly nowMs: number;
}

interface Kept extends OracleEvent {
  /** Where the event falls, rule by rule; undefined where it was not taken. */
  readonly starts: readonly (number | undefined)[];
}

interface Partition {
  newest: number;
  arrivedMs: number;
  isIdle: boolean;
}

/**
 * The rules of windows, watermark and lateness, one event at a time: it keeps every event and finds
 * each answer by looking at all of them. It shares types with the engine and no code.
 */
export class Oracle {
  readonly counts = {
    received: 0,
    aggregated: 0,
    filtered: 0,
    duplicate: 0,
    late: 0,
    future: 0,
    invalid: 0,
    over_limit: 0,
    late_partial: 0,
    replayed: 0,
    gaps: 0,
    tombstones: 0,
  };
  readonly ruleCounts: { late: number; over_limit: number; aggregated: number }[];
  watermark = -Infinity;
  evicted = 0;
  readonly #options: OracleOptions;
  readonly #kept: Kept[] = [];
  readonly #partitions = new Map<string, Partition>();
  #ids: { id: string; time: number }[] = [];
  #startedMs: number;
  readonly #gaps: { from: number; to: number }[] = [];

  constructor(options: OracleOptions) {
    this.#options = options;
    this.#startedMs = options.nowMs;
    this.ruleCounts = options.rules.map(() => ({ late: 0, over_limit: 0, aggregated: 0 }));
  }

  openPartition(partition: string, nowMs: number): void {
    if (this.#partitions.has(partition)) return;
    this.#partitions.set(partition, { newest: -Infinity, arrivedMs: nowMs, isIdle: false });
  }

  /** What becomes of an event. */
  add(
    event: OracleEvent,
    arrival: { partition: string; now: number; nowMs: number },
  ): "aggregated" | "duplicate" | "future" | "late" | "over_limit" {
    this.counts.received++;
    const outcome = this.#judge(event, arrival);
    this.counts[outcome]++;
    return outcome;
  }

  #judge(event: OracleEvent, arrival: { partition: string; now: number; nowMs: number }) {
    const { maxFuture, dedupe, rules } = this.#options;
    if (event.id !== undefined) {
      const seen = this.#ids.find(({ id }) => id === event.id);
      if (seen !== undefined && this.watermark < seen.time + dedupe.for) return "duplicate";
    }
    if (maxFuture !== "off" && event.time - arrival.now > maxFuture) return "future";
    this.openPartition(arrival.partition, arrival.nowMs);
    const partition = this.#partitions.get(arrival.partition)!;
    partition.newest = Math.max(partition.newest, event.time);
    partition.arrivedMs = arrival.nowMs;
    partition.isIdle = false;
    this.#advance();

    let wasLate = 0;
    let wasOver = 0;
    const starts = rules.map((rule, index) => {
      const counts = this.ruleCounts[index]!;
      const start = startOf(rule, event.time);
      if (this.#isForgotten(rule, start)) {
        counts.late++;
        wasLate++;
        return undefined;
      }
      if (this.#isOverLimit(index, event)) {
        counts.over_limit++;
        wasOver++;
        return undefined;
      }
      counts.aggregated++;
      return start;
    });
    if (wasLate + wasOver === rules.length) return wasLate > 0 ? "late" : "over_limit";
    if (wasLate > 0) this.counts.late_partial++;
    this.#kept.push({ ...event, starts });
    if (event.id !== undefined) this.#remember(event.id, event.time);
    return "aggregated";
  }

  #remember(id: string, time: number): void {
    const { dedupe } = this.#options;
    this.#ids = [...this.#ids.filter((other) => other.id !== id), { id, time }];
    for (;;) {
      const oldest = this.#ids[0];
      if (oldest === undefined) return;
      const isExpired = this.watermark >= oldest.time + dedupe.for;
      if (!isExpired && this.#ids.length <= dedupe.idsMax) return;
      if (!isExpired) this.evicted++;
      this.#ids = this.#ids.slice(1);
    }
  }

  #isForgotten(rule: RuleSettings, start: number): boolean {
    return this.watermark >= start + rule.window.size + rule.allowedLateness;
  }

  #isOverLimit(index: number, event: OracleEvent): boolean {
    const rule = this.#options.rules[index]!;
    const keyOf = (of: OracleEvent): string =>
      JSON.stringify(rule.aggregate.kind === "event" ? [of.name, of.fn] : [of.name]);
    const live = new Set(
      this.#kept
        .filter(({ starts }) => starts[index] !== undefined)
        .filter(({ starts }) => !this.#isForgotten(rule, starts[index]!))
        .map(keyOf),
    );
    if (live.has(keyOf(event))) return false;
    const each = rule.aggregate.kind === "event" ? 1 : rule.aggregate.functions.length;
    return (live.size + 1) * each > rule.seriesMax;
  }

  #advance(): void {
    const awaited = [...this.#partitions.values()].filter(({ isIdle }) => !isIdle);
    if (awaited.length === 0) return;
    const oldest = Math.min(...awaited.map(({ newest }) => newest));
    this.watermark = Math.max(this.watermark, oldest - this.#options.outOfOrderness);
  }

  idle(nowMs: number): void {
    const { idleTimeoutMs, outOfOrderness, rules } = this.#options;
    const all = [...this.#partitions.values()];
    const quietOf = (one: Partition): number => nowMs - Math.max(one.arrivedMs, this.#startedMs);
    for (const one of all) if (quietOf(one) >= idleTimeoutMs) one.isIdle = true;
    this.#advance();
    if (all.length === 0 || all.some(({ isIdle }) => !isIdle)) return;
    const paced = Math.max(...all.map((one) => one.newest + Math.floor(quietOf(one) * 1000)));
    const ends = rules.flatMap((rule, index) =>
      this.#kept
        .map(({ starts }) => starts[index])
        .filter((start) => start !== undefined)
        .filter((start) => !this.#isForgotten(rule, start))
        .map((start) => start + rule.window.size + rule.allowedLateness),
    );
    const furthest = Math.min(paced - outOfOrderness, Math.max(-Infinity, ...ends));
    this.watermark = Math.max(this.watermark, furthest);
  }

  restartIdle(nowMs: number): void {
    this.#startedMs = nowMs;
    for (const one of this.#partitions.values()) one.isIdle = false;
  }

  finish(): void {
    this.watermark = Infinity;
  }

  markPartial(from: number, to: number): void {
    this.#gaps.push({ from: Math.min(from, to), to: Math.max(from, to) });
  }

  /** The rows of all windows whose end the watermark has passed, as they are by now; revisions aside. */
  rows(): Omit<EngineRow, "revision" | "partial">[] {
    return this.#options.rules.flatMap((rule, index) => {
      const windows = new Map<string, { start: number; events: Kept[] }>();
      for (const event of this.#kept) {
        const start = event.starts[index];
        if (start === undefined || start + rule.window.size > this.watermark) continue;
        const key = JSON.stringify([start, event.name, this.#isByEvent(index) ? event.fn : 0]);
        const window = windows.get(key) ?? { start, events: [] };
        window.events.push(event);
        windows.set(key, window);
      }
      return [...windows.values()].flatMap(({ start, events }) => {
        const { name, fn } = events[0]!;
        const asked =
          rule.aggregate.kind === "event"
            ? [
                {
                  key: rule.aggregate.functions[fn]!.name,
                  does: rule.aggregate.functions[fn]!.name,
                },
              ]
            : rule.aggregate.functions.map(({ key, aggregation }) => ({
                key,
                does: aggregation.name,
              }));
        return asked.map(({ key, does }) => ({
          rule: rule.name,
          name,
          agg_func: key,
          // The oracle's times are plain numbers; the row's type marks them.
          start: start as EngineRow["start"],
          end: (start + rule.window.size) as EngineRow["end"],
          value: aggregate(
            does,
            events.map(({ value }) => value),
          ),
          count: events.length,
        }));
      });
    });
  }

  /** Whether events of this window are known to be missing. */
  isPartial(start: number, end: number): boolean {
    return this.#gaps.some(({ from, to }) => from < end && to >= start);
  }

  #isByEvent(index: number): boolean {
    return this.#options.rules[index]!.aggregate.kind === "event";
  }
}

function startOf(rule: RuleSettings, time: number): number {
  const { size, offset } = rule.window;
  const behind = (((time - offset) % size) + size) % size;
  return time - behind;
}

/** For values whose sums are exact in doubles. */
function aggregate(name: string, values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const results: Record<string, number> = {
    sum,
    avg: sum / values.length,
    min: Math.min(...values),
    max: Math.max(...values),
    count: values.length,
  };
  return results[name]! + 0;
}
