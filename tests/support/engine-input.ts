import { busFunctions as aggregations, byEvent } from "../../src/aggregations/list.ts";
import { EventColumns } from "../../src/core/columns.ts";
import type { RuleSettings } from "../../src/core/settings.ts";
import { durationMicros, epochMicros } from "../../src/core/time.ts";
import { NameTable } from "../../src/decode/name-table.ts";
import { Engine, type EngineOptions, type EngineRefusal } from "../../src/engine/engine.ts";
import type { EngineRow } from "../../src/engine/engine-row.ts";

export const SECOND = 1_000_000;

/** An event for the engine; the time in seconds. */
export interface PlainEvent {
  readonly name?: string;
  readonly value?: number;
  readonly at: number;
  readonly fn?: string;
  readonly id?: string;
}

/** A tumbling rule of the bus's own kind; times in seconds. */
export function ruleOf(
  options: {
    name?: string;
    size?: number;
    offset?: number;
    lateness?: number;
    named?: readonly string[];
    seriesMax?: number;
  } = {},
): RuleSettings {
  const { name = "r", size = 60, offset = 0, lateness = 0, named, seriesMax = 1_000 } = options;
  const functions = (named ?? []).map((key) => ({
    key,
    aggregation: aggregations.find((one) => one.name === key)!,
  }));
  return {
    name,
    window: {
      kind: "tumbling",
      size: durationMicros(size * SECOND),
      offset: durationMicros(offset * SECOND),
    },
    allowedLateness: durationMicros(lateness * SECOND),
    aggregate:
      named === undefined
        ? byEvent
        : { kind: "named", functions },
    to: [],
    seriesMax,
  };
}

/** Puts events into columns. `micros` of an event wins over its seconds. */
export function columnsOf(
  events: readonly (PlainEvent & { readonly micros?: number })[],
  names: NameTable,
): EventColumns {
  const columns = new EventColumns(Math.max(1, events.length));
  for (const { name = "a", value = 1, at, micros, fn = "sum", id } of events) {
    const i = columns.length++;
    columns.received++;
    columns.name[i] = names.intern(name);
    columns.value[i] = value;
    columns.time[i] = micros ?? Math.round(at * SECOND);
    columns.fn[i] = aggregations.findIndex((one) => one.name === fn);
    columns.line[i] = i;
    columns.ids[i] = id;
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
      Pick<EngineOptions, "idleTimeoutMs" | "dedupe">
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
      nowMs: 0,
    });
  }

  /** Adds events as one batch. */
  add(events: readonly PlainEvent[], partition = "0"): EngineRefusal[] {
    return this.engine.add(columnsOf(events, this.names), {
      partition,
      now: epochMicros(this.now * SECOND),
      nowMs: this.nowMs,
    });
  }

  /** Rows of a batch: `name agg_func [start,end) = value (n=count) #revision`. */
  collect(): string[] {
    return this.engine.collect().map(textOf);
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
  const { rule, name, agg_func, start, end, value, count, revision, partial } = row;
  const window = `[${start / SECOND},${end / SECOND})`;
  const mark = partial ? " partial" : "";
  return `${rule} ${name} ${agg_func} ${window} = ${value} (n=${count}) #${revision}${mark}`;
}
