import type { Refusal } from "../../core/event.ts";
import type { LedgerCounts } from "../../core/ledger.ts";
import { BATCH_EVENTS } from "../../core/limits.ts";
import type { ResultRow } from "../../core/result.ts";
import type { Settings } from "../../core/settings.ts";
import type { EventBatch } from "../../core/source.ts";
import { type EpochMicros, epochMicros, millisOf } from "../../core/time.ts";
import type { EngineRow } from "../../engine/engine-row.ts";
import { Processor } from "../processor.ts";
import { FinalRows } from "./final-rows.ts";
import { PageMemory } from "./page-memory.ts";
import type { Pause, RunOutcome, TestCase } from "./test-case.ts";

/** A source that is caught up says so about once a second; long pauses are told in as many looks. */
const IDLE_LOOK_MS = 1000;
const IDLE_LOOKS_MAX = 500;

/** Names are hashed by it: any number does. */
const SEED = 7;

/** Looks on while a case runs. Times are microseconds; the watermark is infinite behind the end. */
export interface RunWatcher {
  /** Rows fired. */
  rows(rows: readonly ResultRow[], watermark: number): void;
  /** @param at.now Our clock; infinite where the case does not say. */
  look(at: {
    readonly watermark: number;
    readonly now: number;
    readonly ledger: Readonly<LedgerCounts>;
  }): void;
}

/** How a run deals with the lines of a case. */
export interface RunPlan {
  /** Indices of the lines, in the order in which they come; undefined: as they stand. */
  readonly order?: readonly number[];
  /** How many lines the next batch may have. */
  readonly batchLines: () => number;
  /** The process dies after every so many lines, and goes on with its state; undefined: it never does. */
  readonly crashEvery?: number;
  /** Looks at rows as they fire, and at what is known behind each batch and look. */
  readonly watcher?: RunWatcher;
  /** Told of every batch when it is in. */
  readonly onBatch?: (processor: Processor, lines: { from: number; to: number }) => void;
}

/** Runs a case once, from the first line to the last. */
export function runCase(testCase: TestCase, plan: RunPlan): RunOutcome {
  const run = new CaseRun(testCase, plan);
  const { lines, pauses, ends } = testCase;
  let at = 0;
  for (const pause of pauses) {
    run.addLines(at, pause.after);
    run.pause(pause);
    at = pause.after;
  }
  run.addLines(at, lines.length);
  if (ends) run.end();
  return run.outcome();
}

class CaseRun {
  readonly #case: TestCase;
  readonly #plan: RunPlan;
  readonly #settings: Settings;
  readonly #rows = new FinalRows();
  readonly #refusals: Refusal[] = [];
  readonly #memory = new PageMemory();
  #processor: Processor;
  /** Since the first event. */
  #elapsedMs = 0;
  #linesSinceCrash = 0;

  constructor(testCase: TestCase, plan: RunPlan) {
    this.#case = testCase;
    this.#plan = plan;
    this.#settings = testCase.ends ? testCase.settings : withoutEarly(testCase.settings);
    this.#processor = this.#start();
  }

  #start(): Processor {
    return new Processor(this.#settings, {
      seed: SEED,
      nowMs: this.#elapsedMs,
      onRefusal: (refusal) => this.#refusals.push(refusal),
    });
  }

  get #now(): EpochMicros {
    return epochMicros((this.#case.now ?? Infinity) + this.#elapsedMs * 1000);
  }

  addLines(from: number, to: number): void {
    const { batchLines, crashEvery = Infinity, onBatch } = this.#plan;
    for (let at = from; at < to; ) {
      const next = Math.min(at + batchLines(), to);
      this.#addBatch(at, next);
      this.#fired(this.#processor.rows());
      this.#look();
      onBatch?.(this.#processor, { from: at, to: next });
      this.#linesSinceCrash += next - at;
      if (this.#linesSinceCrash >= crashEvery) this.#crash();
      at = next;
    }
  }

  #addBatch(from: number, to: number): void {
    const { lines } = this.#case;
    const order = this.#plan.order?.slice(from, to) ?? range(from, to);
    const bytes = Buffer.concat(order.map((i) => lines[i]!));
    const batch: EventBatch = {
      partition: "0",
      bytes,
      length: bytes.length,
      cursor: "",
      place: (line) => `line ${order[line]! + 1}`,
      pending: undefined,
      refusals: [],
      gap: undefined,
    };
    const arrival = { now: this.#now, nowMs: this.#elapsedMs };
    // As `replay` cuts it.
    const cut = {
      events: BATCH_EVENTS,
      onFired: (fired: EngineRow[]): void => this.#fired(this.#processor.rowsOf(fired)),
    };
    this.#processor.add(batch, arrival, cut);
  }

  #crash(): void {
    this.#linesSinceCrash = 0;
    this.#memory.apply(this.#processor.changes());
    this.#processor = this.#start();
    const [lost] = this.#processor.restore(this.#memory.pages);
    if (lost !== undefined) throw new Error(`rule ${lost.rule} lost its windows in a restart`);
  }

  /** Nothing comes: the source is caught up, and says so again and again. */
  pause({ for: micros }: Pause): void {
    const startMs = this.#elapsedMs;
    const looks = Math.min(Math.ceil(millisOf(micros) / IDLE_LOOK_MS), IDLE_LOOKS_MAX);
    for (let look = 1; look <= looks; look++) {
      this.#elapsedMs = startMs + (millisOf(micros) * look) / looks;
      this.#processor.engine.idle(this.#elapsedMs);
      this.#fired(this.#processor.rows());
      this.#look();
    }
  }

  end(): void {
    this.#processor.engine.finish();
    this.#fired(this.#processor.rows());
  }

  #fired(rows: readonly ResultRow[]): void {
    this.#rows.add(rows);
    if (rows.length > 0) this.#plan.watcher?.rows(rows, this.#processor.engine.watermark);
  }

  #look(): void {
    const { watermark, ledger } = this.#processor.engine;
    this.#plan.watcher?.look({ watermark, now: this.#now, ledger });
  }

  outcome(): RunOutcome {
    const { engine } = this.#processor;
    if (this.#plan.crashEvery !== undefined) this.#memory.apply(this.#processor.changes());
    const isOfWindow = ({ key }: { key: string }): boolean => /\/(?:pane|session)\//.test(key);
    return {
      rows: this.#rows.rows,
      refusals: this.#refusals,
      ledger: engine.ledger,
      ruleLedgers: new Map(engine.rules.map(({ name, ledger }) => [name, ledger])),
      pagesOfWindows: [...this.#memory.pages].filter(isOfWindow).length,
    };
  }
}

/** Early rows hang on how the input was cut: where windows stay open they would be the last ones. */
function withoutEarly(settings: Settings): Settings {
  return { ...settings, rules: settings.rules.map((rule) => ({ ...rule, early: undefined })) };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
