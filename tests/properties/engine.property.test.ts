import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { busFunctions as aggregations, byEvent } from "../../src/aggregations/list.ts";
import type { Aggregation } from "../../src/core/aggregation.ts";
import { isBalanced } from "../../src/core/ledger.ts";
import type { RuleSettings } from "../../src/core/settings.ts";
import { durationMicros, epochMicros } from "../../src/core/time.ts";
import { NameTable } from "../../src/decode/name-table.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { EngineRow } from "../../src/engine/engine-row.ts";
import { check, TIMEOUT_MS } from "../support/effort.ts";
import { columnsOf, SECOND } from "../support/engine-input.ts";
import { Oracle, type OracleEvent, type OracleOptions } from "../support/oracle.ts";

setDefaultTimeout(TIMEOUT_MS);

const NAMES = ["a", "b", "c", "__proto__", "\u00e9", "e\u0301"];

const namedOf = (aggregation: Aggregation) => ({ key: aggregation.name, aggregation });

const rule: fc.Arbitrary<Omit<RuleSettings, "name">> = fc
  .record({
    size: fc.constantFrom(1, 7, 10, 60, 86_400),
    offset: fc.constantFrom(0, 0, 3, -4),
    lateness: fc.constantFrom(0, 0, 1, 15, 90),
    named: fc.option(fc.uniqueArray(fc.nat(aggregations.length - 1), { minLength: 1 })),
    seriesMax: fc.constantFrom(1, 3, 6, 100, 100),
  })
  .map(({ size, offset, lateness, named, seriesMax }) => ({
    window: {
      kind: "tumbling",
      size: durationMicros(size * SECOND),
      offset: durationMicros(offset * SECOND),
    },
    allowedLateness: durationMicros(lateness * SECOND),
    aggregate:
      named === null
        ? byEvent
        : { kind: "named", functions: named.map((i) => namedOf(aggregations[i]!)) },
    to: [],
    seriesMax,
  }));

const event = fc.record({
  name: fc.constantFrom(...NAMES),
  fn: fc.nat(aggregations.length - 1),
  // Quarters: their sums are exact. -0 must not be seen.
  value: fc.oneof(
    fc.integer({ min: -4_000, max: 4_000 }).map((n) => n / 4),
    fc.constant(-0),
  ),
  /** Microseconds from the event before. */
  step: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -8 * SECOND, max: 12 * SECOND }) },
    { weight: 3, arbitrary: fc.integer({ min: -3, max: 5 }).map((n) => n * SECOND) },
    { weight: 1, arbitrary: fc.constantFrom(-120, 300, 86_400).map((n) => n * SECOND) },
    { weight: 1, arbitrary: fc.constantFrom(-3e8, 3e8, 9e8).map((n) => n * SECOND) },
  ),
  id: fc.option(fc.constantFrom("1", "2", "3", "4", "5"), { nil: undefined, freq: 4 }),
});

type Step =
  | { readonly kind: "batch"; readonly partition: string; readonly events: readonly StepEvent[] }
  | { readonly kind: "collect" | "idle" | "restart" | "renumber" | "partial" | "open" }
  | { readonly kind: "wait"; readonly ms: number };
type StepEvent = typeof event extends fc.Arbitrary<infer E> ? E : never;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("batch" as const),
      partition: fc.constantFrom("0", "0", "0", "", "p1"),
      events: fc.array(event, { minLength: 1, maxLength: 12 }),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: "collect" as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: "idle" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.constantFrom(0.5, 3_000, 9_999, 10_000, 70_000, 100_000_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "restart" as const,
        "renumber" as const,
        "partial" as const,
        "open" as const,
      ),
    }),
  },
);

const scenario = fc.record({
  rules: fc
    .array(rule, { minLength: 1, maxLength: 3 })
    .map((rules) => rules.map((one, i): RuleSettings => ({ ...one, name: `r${2 - i}` }))),
  outOfOrderness: fc.constantFrom(0, 0, 2, 5, 30).map((n) => durationMicros(n * SECOND)),
  maxFuture: fc.constantFrom(0, 60, "off" as const, "off" as const),
  idsMax: fc.constantFrom(1, 2, 100),
  dedupeFor: fc.constantFrom(0, 1, 20, 3_600),
  origin: fc.constantFrom(0, -5, -1_000_000, 1_700_000_000),
  steps: fc.array(step, { maxLength: 25 }),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer S> ? S : never;

/** Runs engine and oracle side by side, and compares them after every step. */
class Duel {
  readonly #names = new NameTable({ seed: 3 });
  readonly #engine: Engine;
  readonly #oracle: Oracle;
  readonly #rules: readonly RuleSettings[];
  #nowMs = 1_000;
  #told = 1_000;
  #time: number;
  #now: number;
  #watermark = -Infinity;
  /** The last row of each series and window. */
  readonly final = new Map<string, EngineRow>();
  readonly #firings = new Map<string, number>();
  readonly #forgotten = new Set<string>();

  constructor(options: Scenario) {
    const { rules, outOfOrderness, origin } = options;
    const all = {
      rules,
      outOfOrderness,
      idleTimeoutMs: 10_000,
      dedupe: { for: durationMicros(options.dedupeFor * SECOND), idsMax: options.idsMax },
      nowMs: 1_000,
    };
    const maxFuture =
      options.maxFuture === "off" ? "off" : durationMicros(options.maxFuture * SECOND);
    const oracleOptions: OracleOptions = { ...all, maxFuture };
    this.#rules = rules;
    this.#engine = new Engine({ ...all, maxFuture, names: this.#names });
    this.#oracle = new Oracle(oracleOptions);
    this.#time = origin * SECOND;
    this.#now = origin * SECOND;
  }

  /** @param cut Events of one call of `add`; Infinity: a batch is one call. */
  run(steps: readonly Step[], cut = Infinity): void {
    for (const one of steps) {
      this.#step(one, cut);
      this.#compare();
    }
    this.#engine.finish();
    this.#oracle.finish();
    this.#collect();
    this.#compare();
    expect(this.#engine.windows()).toEqual([]);
  }

  #step(one: Step, cut: number): void {
    const engine = this.#engine;
    const oracle = this.#oracle;
    if (one.kind === "batch") this.#add(one, cut);
    else if (one.kind === "wait") {
      this.#nowMs += one.ms;
      this.#now += one.ms * 1_000;
    } else if (one.kind === "collect") this.#collect();
    else if (one.kind === "idle") {
      this.#told = this.#nowMs;
      engine.idle(this.#nowMs);
      oracle.idle(this.#nowMs);
      this.#collect();
    } else if (one.kind === "restart") {
      this.#told = this.#nowMs;
      engine.restartIdle(this.#nowMs);
      oracle.restartIdle(this.#nowMs);
    } else if (one.kind === "renumber") {
      engine.renumber(this.#names.retain(engine.namesInUse(this.#names.size)));
    } else if (one.kind === "open") {
      engine.openPartition("p2");
      oracle.openPartition("p2", this.#told);
    } else {
      this.#collect(); // a row that waits to be collected was made before
      const [from, to] = [epochMicros(this.#time - 3 * SECOND), epochMicros(this.#time)];
      engine.markPartial(from, to);
      oracle.markPartial(from, to);
    }
  }

  #add(batch: Step & { kind: "batch" }, cut: number): void {
    const events = batch.events.map(({ step: by, ...rest }): OracleEvent => {
      // Within what an event's time may be: the years 1900 to 2200.
      const next = this.#time + by;
      this.#time = Math.abs(next) > 2.2e15 ? next - 2 * by : next;
      return { ...rest, time: this.#time };
    });
    this.#told = this.#nowMs;
    const arrival = { partition: batch.partition, now: epochMicros(this.#now), nowMs: this.#nowMs };
    for (let from = 0; from < events.length; from += cut) {
      const part = events.slice(from, Math.min(events.length, from + cut));
      const columns = columnsOf(
        part.map(({ name, fn, value, time, id }) => ({
          name,
          value,
          at: 0,
          micros: time,
          fn: aggregations[fn]!.name,
          ...(id === undefined ? {} : { id }),
        })),
        this.#names,
      );
      const refused = this.#engine.add(columns, arrival);
      const wanted = part.flatMap((one, index) => {
        const reason = this.#oracle.add(one, arrival);
        return reason === "aggregated" || reason === "duplicate" ? [] : [{ index, reason }];
      });
      const got = refused.map(({ index, reason }) => ({ index, reason }));
      expect(got.toSorted((a, b) => a.index - b.index)).toEqual(wanted as typeof got);
      for (const { reason, bySeconds } of refused) {
        if (reason !== "over_limit") expect(bySeconds).toBeGreaterThanOrEqual(0);
      }
    }
  }

  #compare(): void {
    const engine = this.#engine;
    const { watermark } = engine;
    expect<number>(watermark).toBe(this.#oracle.watermark);
    expect<number>(watermark).toBeGreaterThanOrEqual(this.#watermark);
    this.#watermark = watermark;
    expect(engine.ledger).toEqual(this.#oracle.counts);
    expect(isBalanced(engine.ledger)).toBe(true);
    expect(engine.idsEvicted).toBe(this.#oracle.evicted);
    for (const [i, one] of engine.rules.entries()) {
      expect(one.ledger).toMatchObject(this.#oracle.ruleCounts[i]!);
      expect(isBalanced(one.ledger)).toBe(true);
      expect(one.series.size).toBeLessThanOrEqual(this.#rules[i]!.seriesMax);
    }
    for (const held of engine.windows()) {
      const { allowedLateness } = this.#rules.find(({ name }) => name === held.rule)!;
      expect<number>(held.end + allowedLateness).toBeGreaterThan(watermark);
    }
  }

  #collect(): void {
    const { watermark } = this.#engine;
    const rows = this.#engine.collect();
    const ordered = rows.toSorted(
      (a, b) =>
        a.end - b.end ||
        order(a.rule, b.rule) ||
        order(a.name, b.name) ||
        order(a.agg_func, b.agg_func),
    );
    expect(rows).toEqual(ordered);
    const fired = new Set<string>();
    for (const row of rows) {
      const window = JSON.stringify([row.rule, row.start]);
      expect<number>(row.end).toBeLessThanOrEqual(watermark);
      expect(this.#forgotten.has(window)).toBe(false);
      expect(row.revision).toBe(this.#firings.get(window) ?? 0);
      expect(row.partial).toBe(this.#oracle.isPartial(row.start, row.end));
      expect(Object.is(row.value, -0)).toBe(false);
      fired.add(window);
      const key = keyOf(row);
      const last = this.final.get(key);
      if (last !== undefined) expect(row.count).toBeGreaterThan(last.count);
      this.final.set(key, row);
    }
    for (const window of fired) this.#firings.set(window, (this.#firings.get(window) ?? 0) + 1);
    for (const { rule: name, start, end } of rows) {
      const { allowedLateness } = this.#rules.find((one) => one.name === name)!;
      if (end + allowedLateness <= watermark) this.#forgotten.add(JSON.stringify([name, start]));
    }
    // After a collect, the last row of every window that ended is what its events give.
    const wanted = new Map(this.#oracle.rows().map((row) => [keyOf(row), row]));
    const got = new Map(
      [...this.final].map(([key, { revision: _, partial: __, ...row }]) => [key, row]),
    );
    expect(got).toEqual(wanted);
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function keyOf(row: Omit<EngineRow, "revision" | "partial">): string {
  return JSON.stringify([row.rule, row.start, row.name, row.agg_func]);
}

describe("Engine", () => {
  test("equals the naive oracle for any stream, any rules and any course of a day", () => {
    check(scenario, 2_000, (options) => new Duel(options).run(options.steps));
  });

  test("gives final rows that do not depend on how batches were cut", () => {
    check(fc.tuple(scenario, fc.integer({ min: 1, max: 4 })), 500, ([options, cut]) => {
      const finals = [Infinity, cut, 1].map((size) => {
        const duel = new Duel(options);
        duel.run(options.steps, size);
        return [...duel.final.values()].map((row) => ({ ...row, key: keyOf(row), revision: 0 }));
      });
      const sorted = finals.map((rows) => rows.toSorted((a, b) => order(a.key, b.key)));
      expect(sorted[1]).toEqual(sorted[0]);
      expect(sorted[2]).toEqual(sorted[0]);
    });
  });
});
