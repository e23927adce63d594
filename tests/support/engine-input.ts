import {
  busFunctions as aggregations,
  byEvent,
  functionDefinitions,
} from "../../src/aggregations/list.ts";
import type { Aggregation } from "../../src/core/aggregation.ts";
import { EventColumns, type LabelPairs } from "../../src/core/columns.ts";
import type { FillSettings, RuleSettings } from "../../src/core/settings.ts";
import { type DurationMicros, durationMicros, epochMicros } from "../../src/core/time.ts";
import type { CalendarUnit, WindowRule } from "../../src/core/window.ts";
import { NameTable } from "../../src/decode/name-table.ts";
import { Engine, type EngineOptions } from "../../src/engine/engine.ts";
import type { EngineRow } from "../../src/engine/engine-row.ts";
import type { EngineRefusal } from "../../src/engine/refusals.ts";

export const SECOND = 1_000_000;

/** An event for the engine; the time in seconds. */
export interface PlainEvent {
  readonly name?: string;
  readonly value?: number;
  readonly at: number;
  readonly fn?: string;
  readonly id?: string;
  readonly labels?: LabelPairs;
}

/** Adjacent windows; times in seconds, as of all that follow. */
export function tumbling(size: number, offset = 0): WindowRule {
  return { kind: "tumbling", size: micros(size), offset: micros(offset) };
}

export function hopping(size: number, every: number, offset = 0): WindowRule {
  return { kind: "hopping", size: micros(size), every: micros(every), offset: micros(offset) };
}

export function session(gap: number): WindowRule {
  return { kind: "session", gap: micros(gap) };
}

export function calendar(unit: CalendarUnit, zone = "UTC", weekStart = 1): WindowRule {
  return { kind: "calendar", unit, zone, weekStart };
}

function micros(seconds: number): DurationMicros {
  return durationMicros(Math.round(seconds * SECOND));
}

/** A rule of the bus's own kind, tumbling unless it has another window; times in seconds. */
export function ruleOf(
  options: {
    name?: string;
    window?: WindowRule;
    size?: number;
    offset?: number;
    lateness?: number;
    named?: readonly string[];
    seriesMax?: number;
    early?: number;
    fill?: { with: FillSettings["with"]; for: number };
  } & Pick<RuleSettings, "from" | "match" | "where" | "map" | "groupBy" | "emit"> = {},
): RuleSettings {
  const { name = "r", size = 60, offset = 0, lateness = 0, named, seriesMax = 1_000 } = options;
  const { window = tumbling(size, offset), early, fill } = options;
  const { from, match, where, map, groupBy, emit } = options;
  const functions = (named ?? []).map((key) => ({ key, aggregation: aggregationOf(key) }));
  return {
    name,
    window,
    allowedLateness: micros(lateness),
    aggregate: named === undefined ? byEvent : { kind: "named", functions },
    to: [],
    seriesMax,
    from,
    match,
    where,
    map,
    groupBy,
    emit,
    early: early === undefined ? undefined : micros(early),
    fill: fill === undefined ? undefined : { with: fill.with, for: micros(fill.for) },
  };
}

function aggregationOf(name: string): Aggregation {
  const definition = functionDefinitions.find((one) => one.name === name);
  if (definition?.parameter !== undefined || definition === undefined) {
    throw new Error(`No function without a parameter is called ${name}`);
  }
  return definition.make();
}

/** Puts events into columns. `micros` of an event wins over its seconds. */
export function columnsOf(
  events: readonly (PlainEvent & { readonly micros?: number })[],
  names: NameTable,
): EventColumns {
  const columns = new EventColumns(Math.max(1, events.length));
  for (const { name = "a", value = 1, at, micros: time, fn = "sum", id, labels } of events) {
    const i = columns.length++;
    columns.received++;
    columns.name[i] = names.intern(name);
    columns.value[i] = value;
    columns.time[i] = time ?? Math.round(at * SECOND);
    columns.newest = Math.max(columns.newest, columns.time[i]);
    columns.fn[i] = aggregations.findIndex((one) => one.name === fn);
    columns.line[i] = i;
    columns.ids[i] = id;
    columns.labels[i] = labels;
    if (labels !== undefined) columns.labelCount++;
    if (id !== undefined) columns.idCount++;
  }
  return columns;
}

/** An engine with its names, and clocks that the test sets; times in seconds. */
export class Bench {
  readonly names = new NameTable({ seed: 11 });
  readonly engine: Engine;
  nowMs = 0;
  /** The wall clock. */
  now = 0;

  constructor(
    rules: readonly RuleSettings[] = [ruleOf()],
    options: { outOfOrderness?: number; maxFuture?: number } & Partial<
      Pick<EngineOptions, "idleTimeoutMs" | "dedupe" | "onRowFailure">
    > = {},
  ) {
    this.engine = new Engine({
      rules,
      names: this.names,
      outOfOrderness: durationMicros((options.outOfOrderness ?? 0) * SECOND),
      idleTimeoutMs: options.idleTimeoutMs ?? 10_000,
      maxFuture:
        options.maxFuture === undefined ? "off" : durationMicros(options.maxFuture * SECOND),
      dedupe: options.dedupe ?? { for: durationMicros(3600 * SECOND), idsMax: 1_000 },
      ...(options.onRowFailure === undefined ? {} : { onRowFailure: options.onRowFailure }),
      nowMs: 0,
    });
  }

  /** Adds events as one batch. */
  add(events: readonly PlainEvent[], partition = "0"): EngineRefusal[] {
    return this.#add(events, partition);
  }

  /** Adds events that come back from the dead letters. */
  addReturned(events: readonly PlainEvent[]): EngineRefusal[] {
    return this.#add(events, undefined);
  }

  #add(events: readonly PlainEvent[], partition: string | undefined): EngineRefusal[] {
    return this.engine.add(columnsOf(events, this.names), {
      partition,
      now: epochMicros(this.now * SECOND),
      nowMs: this.nowMs,
    });
  }

  /** Rows of a batch: `rule name{label=value} agg_func [start,end) = value (n=count) #revision marks`. */
  collect(earlyNow?: number): string[] {
    const now = earlyNow === undefined ? undefined : epochMicros(earlyNow * SECOND);
    return this.engine.collect(now).map(textOf);
  }

  /** The source is caught up, `seconds` after the last call. */
  idle(seconds: number): string[] {
    this.nowMs += seconds * 1_000;
    this.engine.idle(this.nowMs);
    return this.collect();
  }

  finish(): string[] {
    this.engine.finish();
    return this.collect();
  }

  /** Seconds. */
  get watermark(): number {
    return this.engine.watermark / SECOND;
  }
}

export function textOf(row: EngineRow): string {
  const { rule, name, labels, agg_func, start, end, value, count, revision } = row;
  const window = `[${start / SECOND},${end / SECOND})`;
  const told = labels.map(([label, text]) => `{${label}=${text}}`).join("");
  const marks = (["partial", "overflow", "filled", "withdrawn"] as const)
    .filter((mark) => row[mark])
    .map((mark) => ` ${mark}`);
  const result = `${value} (n=${count}) #${revision}${marks.join("")}`;
  return `${rule} ${name}${told} ${agg_func} ${window} = ${result}`;
}
