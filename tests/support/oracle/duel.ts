import { expect } from "bun:test";
import { busFunctions } from "../../../src/aggregations/list.ts";
import { isBalanced } from "../../../src/core/ledger.ts";
import { PageCollector, StoredPages } from "../../../src/core/stored.ts";
import { durationMicros, epochMicros } from "../../../src/core/time.ts";
import { NameTable } from "../../../src/decode/name-table.ts";
import { Engine, type EngineOptions } from "../../../src/engine/engine.ts";
import type { EngineRow } from "../../../src/engine/engine-row.ts";
import { columnsOf } from "../engine-input.ts";
import { PageMemory } from "../page-memory.ts";
import { Fold } from "./fold.ts";
import { Oracle } from "./oracle.ts";
import type { Scenario, Step } from "./scenario.ts";
import type { OracleEvent } from "./types.ts";

const SECOND = 1_000_000;
/** What an event may come to without being refused. */
const SILENT = new Set(["aggregated", "duplicate", "filtered"]);

export interface Course {
  /** Events of one call of `add`; Infinity: a batch is one call. */
  readonly cut?: number;
  /** Whether rows are collected after each of these calls, not only where the scenario says so. */
  readonly eager?: boolean;
  /** Whether the state is stored and read back after each of these calls. */
  readonly restarts?: boolean;
}

/** Runs engine and oracle side by side, and compares them after every step. */
export class Duel {
  #names = new NameTable({ seed: 3 });
  #engine: Engine;
  readonly #oracle: Oracle;
  readonly #fold: Fold;
  readonly #memory = new PageMemory();
  readonly #options: Omit<EngineOptions, "names" | "nowMs">;
  readonly #scenario: Scenario;
  #nowMs = 1_000;
  /** The clock when the engine was last told it. */
  #told = 1_000;
  /** Event time of the last event. */
  #time: number;
  /** The wall clock, in microseconds. */
  #now: number;
  #watermark = -Infinity;

  constructor(scenario: Scenario) {
    const { rules, origin, maxFuture } = scenario;
    this.#scenario = scenario;
    this.#options = {
      rules,
      outOfOrderness: durationMicros(scenario.outOfOrderness),
      idleTimeoutMs: 10_000,
      dedupe: { for: durationMicros(scenario.dedupeFor * SECOND), idsMax: scenario.idsMax },
      maxFuture: maxFuture === "off" ? "off" : durationMicros(maxFuture * SECOND),
    };
    this.#oracle = new Oracle({ ...this.#options, nowMs: this.#nowMs });
    this.#fold = new Fold(this.#oracle);
    this.#engine = this.#start();
    this.#time = origin * SECOND;
    this.#now = origin * SECOND;
  }

  /** What a sink holds in the end. */
  get rows(): EngineRow[] {
    return this.#fold.rows;
  }

  /** What was met: kinds of windows and of rows, and what became of events. */
  get met(): ReadonlySet<string> {
    return this.#fold.met;
  }

  run(course: Course = {}): void {
    for (const one of this.#scenario.steps) {
      this.#step(one, course);
      this.#compare();
    }
    if (this.#oracle.counts.late_partial > 0) this.#fold.met.add("late_partial");
    this.#engine.finish();
    this.#oracle.finish();
    this.#collect();
    this.#compare();
    expect(this.#engine.windows()).toEqual([]);
    expect(this.#engine.collect()).toEqual([]);
  }

  #start(): Engine {
    return new Engine({ ...this.#options, names: this.#names, nowMs: this.#nowMs });
  }

  #step(one: Step, course: Course): void {
    const engine = this.#engine;
    const oracle = this.#oracle;
    if (one.kind === "batch") this.#add(one, course);
    else if (one.kind === "wait") {
      this.#nowMs += one.ms;
      this.#now += one.ms * 1_000;
    } else if (one.kind === "collect") this.#collect();
    else if (one.kind === "idle") this.#idle();
    else if (one.kind === "away") {
      this.#told = this.#nowMs;
      engine.restartIdle(this.#nowMs);
      oracle.restartIdle(this.#nowMs);
    } else if (one.kind === "restart") this.#restart();
    else if (one.kind === "renumber") {
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

  /** Windows that were merged out of others hold data only then: it takes a call for each floor. */
  #idle(): void {
    this.#told = this.#nowMs;
    const floors = 1 + this.#scenario.rules.filter(({ from }) => from !== undefined).length;
    for (let floor = 0; floor < floors; floor++) {
      this.#engine.idle(this.#nowMs);
      const { least, most } = this.#oracle.idle(this.#nowMs);
      const { watermark } = this.#engine;
      expect<number>(watermark).toBeGreaterThanOrEqual(least);
      expect<number>(watermark).toBeLessThanOrEqual(most);
      this.#oracle.settle(watermark);
      this.#collect();
    }
  }

  #restart(): void {
    this.#collect();
    const names = new PageCollector();
    this.#names.changes(names);
    this.#memory.apply(names);
    this.#memory.apply(this.#engine.changes());
    this.#names = new NameTable({ seed: 4 });
    this.#engine = this.#start();
    const pages = new StoredPages(this.#memory.pages);
    this.#names.restore(pages);
    this.#engine.restore(pages);
    this.#told = this.#nowMs;
    this.#oracle.restartIdle(this.#nowMs);
    this.#fold.restarted();
  }

  #add(batch: Step & { kind: "batch" }, { cut = Infinity, eager, restarts }: Course): void {
    const events = batch.events.map(({ step: by, aside, ...rest }): OracleEvent => {
      // Within what an event's time may be: the years 1900 to 2200.
      const next = this.#time + by;
      this.#time = Math.abs(next) > 2.2e15 ? next - 2 * by : next;
      return { ...rest, time: this.#time + aside };
    });
    this.#told = this.#nowMs;
    for (let from = 0; from < events.length; from += cut) {
      this.#addPart(batch.partition, events.slice(from, Math.min(events.length, from + cut)));
      if (eager === true) {
        this.#collect();
        this.#compare();
      }
      if (restarts === true) this.#restart();
    }
  }

  #addPart(partition: string, events: readonly OracleEvent[]): void {
    const arrival = { partition, now: epochMicros(this.#now), nowMs: this.#nowMs };
    const columns = columnsOf(
      events.map(({ fn, time, id, labels, ...rest }) => ({
        ...rest,
        at: 0,
        micros: time,
        fn: busFunctions[fn]!.name,
        ...(id !== undefined && { id }),
        ...(labels !== undefined && { labels }),
      })),
      this.#names,
    );
    const refused = this.#engine.add(columns, arrival);
    const wanted: string[] = events.flatMap((one, index) => {
      const outcome = this.#oracle.add(one, arrival);
      this.#fold.met.add(outcome);
      return SILENT.has(outcome) ? [] : [`${index} ${outcome}`];
    });
    const got = refused
      .toSorted((a, b) => a.index - b.index)
      .map(({ index, reason }) => `${index} ${reason}`);
    expect(got).toEqual(wanted);
    for (const { reason, bySeconds } of refused) {
      if (reason === "late" || reason === "future") expect(bySeconds).toBeGreaterThanOrEqual(0);
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
    for (const [i, { ledger }] of engine.rules.entries()) {
      const { received, ...counts } = this.#oracle.rules[i]!.counts;
      const isUpper = this.#scenario.rules[i]!.from !== undefined;
      expect(ledger).toMatchObject(isUpper ? { received, ...counts } : counts);
      expect(isBalanced(ledger)).toBe(true);
    }
    this.#compareHeld("session");
  }

  /** @param exempt Of these a window that is forgotten may be shown until rows are collected. */
  #compareHeld(exempt?: "session"): void {
    for (const held of this.#engine.windows()) {
      const { settings, lag } = this.#oracle.rules.find((one) => one.settings.name === held.rule)!;
      if (settings.window.kind === exempt) continue;
      const forgottenAt = held.end + settings.allowedLateness + lag;
      expect(forgottenAt).toBeGreaterThan(this.#engine.watermark);
    }
  }

  #collect(): void {
    const isWall = this.#scenario.earlyClock === "wall";
    const earlyNow = isWall ? epochMicros(Math.floor(this.#now)) : undefined;
    this.#fold.collected(this.#engine.collect(earlyNow), earlyNow);
    this.#fold.compare();
    this.#compareHeld();
  }
}
