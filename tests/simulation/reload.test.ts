import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { functionNamed } from "../../src/aggregations/named.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { RuleSettings, Settings } from "../../src/core/settings.ts";
import { durationMicros } from "../../src/core/time.ts";
import type { WindowRule } from "../../src/core/window.ts";
import { Succession } from "../../src/pipeline/succession.ts";
import { State } from "../../src/state/state.ts";
import { isFull, TIMEOUT_MS } from "../support/effort.ts";
import { scriptedLog } from "../support/scripted-log.ts";
import { scriptedSink } from "../support/scripted-sink.ts";
import { ruleOf, settingsOf } from "../support/settings.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { boundaryBehind, type EraOfRule, rowsOfEras, type TimedEvent } from "./eras.ts";
import type { FinalRow } from "./expected.ts";
import { Random } from "./random.ts";

// Rules that change while the service runs, between two starts, and around a death of the process: the
// final rows are those of an oracle that knows which meaning was in force for which windows.

setDefaultTimeout(TIMEOUT_MS);

const SEEDS = isFull ? 5 : 1;
const SECOND = 1_000_000;
const FIRST = 1_700_000_000 * SECOND;
const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const micros = (seconds: number) => durationMicros(seconds * SECOND);
const tumbling = (size: number): WindowRule => {
  return { kind: "tumbling", size: micros(size), offset: micros(0) };
};
const hopping = (size: number, every: number): WindowRule => {
  return { kind: "hopping", size: micros(size), every: micros(every), offset: micros(0) };
};
const session = (gap: number): WindowRule => ({ kind: "session", gap: micros(gap) });

/** The rule under test; beside it there is always one that stays as it is. */
function moving(window: WindowRule, functions: readonly string[] = ["sum"]): RuleSettings {
  const named = functions.map((key) => ({ key, aggregation: functionNamed(key)! }));
  return ruleOf({ name: "moving", window, aggregate: { kind: "named", functions: named } });
}

const steady: RuleSettings = { ...moving(tumbling(7), ["sum", "count"]), name: "steady" };

/** How a rule comes to its next meaning. */
type Passage = "reload" | "restart" | "death before" | "death after" | "death";

class House {
  readonly clock = new VirtualClock(FIRST / SECOND + 100_000);
  readonly log: ReturnType<typeof scriptedLog>;
  readonly sink = scriptedSink("main");
  #dir = this.#folder();
  /** Events that the state had when the present rule came. */
  known = 0;
  #state!: State;
  #succession!: Succession;
  #stop!: AbortController;
  #ended!: Promise<void>;

  constructor(events: readonly TimedEvent[]) {
    this.log = scriptedLog(
      events.map(({ name, value, time }) => ({ name, value, timestamp: time / SECOND })),
    );
  }

  settings(rule: RuleSettings): Settings {
    const base = settingsOf({ source: this.log.settings, sinks: [this.sink.settings] });
    return {
      ...base,
      rules: [steady, rule],
      time: { ...base.time, outOfOrderness: micros(3), idleTimeout: "off", maxFuture: "off" },
    };
  }

  start(rule: RuleSettings): void {
    this.#state = State.open({
      dir: this.#dir,
      pipeline: "test",
      share: "0/1",
      sinks: ["main"],
      now: 0,
    });
    this.#succession = new Succession(this.settings(rule), {
      clock: this.clock,
      logger: silentLogger,
      state: this.#state,
      log: undefined,
      random: () => 0.5,
    });
    this.known = Number(this.#state.cursor ?? 0);
    this.#stop = new AbortController();
    this.#ended = this.#succession.run(this.#stop.signal);
  }

  async reload(rule: RuleSettings): Promise<void> {
    const changed = this.#succession.change(this.settings(rule), { keepsReader: false });
    await this.clock.advance(0);
    await changed;
    this.known = Number(this.#state.cursor);
  }

  /** Reads on up to this place. */
  async readTo(count: number): Promise<void> {
    this.log.show(count);
    for (let i = 0; i < 1000 && this.#succession.current.cursor !== String(count); i++) {
      await this.clock.advance(10);
    }
    await this.clock.advance(6_000);
    expect(this.#succession.current.cursor).toBe(String(count));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.clock.advance(60_000);
    await this.#ended;
    this.#state.close();
  }

  /** The process dies: what is on disk stays. */
  async die(): Promise<void> {
    const next = this.#folder();
    cpSync(this.#dir, next, { recursive: true, filter: (path) => !/lock|owner/.test(path) });
    await this.stop();
    this.#dir = next;
  }

  /** As `reload`, but the process dies at the next checkpoint: before or after it is on disk. */
  async dieWithin(rule: RuleSettings, at: "before" | "after"): Promise<void> {
    const next = this.#folder();
    const copy = (): void => {
      cpSync(this.#dir, next, { recursive: true, filter: (path) => !/lock|owner/.test(path) });
    };
    const commit = this.#state.commit.bind(this.#state);
    let isCopied = false;
    this.#state.commit = (checkpoint) => {
      if (at === "before" && !isCopied) copy();
      commit(checkpoint);
      if (at === "after" && !isCopied) copy();
      isCopied = true;
    };
    await this.reload(rule);
    expect(isCopied).toBe(true);
    const kept = new Map(this.sink.rows);
    await this.stop();
    // What the dead one would have written later, nobody wrote.
    this.sink.rows.clear();
    for (const [id, row] of kept) this.sink.rows.set(id, row);
    this.#dir = next;
  }

  #folder(): string {
    const folder = mkdtempSync(join(tmpdir(), "reload-"));
    folders.push(folder);
    return folder;
  }
}

async function pass(house: House, rule: RuleSettings, passage: Passage): Promise<void> {
  if (passage === "reload") return await house.reload(rule);
  if (passage === "restart") await house.stop();
  else if (passage === "death") await house.die();
  else await house.dieWithin(rule, passage === "death before" ? "before" : "after");
  house.start(rule);
}

/** Events of some series, disordered within what is waited for, with silences for the sessions. */
function inputOf(seed: number, count: number): TimedEvent[] {
  const random = new Random(seed);
  let time = FIRST;
  return Array.from({ length: count }, () => {
    time += random.chance(0.05) ? random.whole(5, 15) * SECOND : random.whole(0, 10) * 100_000;
    const back = random.chance(0.3) ? random.whole(0, 29) * 100_000 : 0;
    return { name: random.pick(["a", "b", "c"]), value: random.whole(1, 9), time: time - back };
  });
}

async function hold(
  rules: readonly RuleSettings[],
  { passage, seed, apart = 40 }: { passage: Passage; seed: number; apart?: number },
): Promise<void> {
  const events = inputOf(seed, 60 + apart * rules.length + 60);
  const house = new House(events);
  const eras: EraOfRule[] = [{ rule: rules[0]!, since: -Infinity }];
  house.start(rules[0]!);
  let at = 57;
  await house.readTo(at);
  for (const rule of rules.slice(1)) {
    await pass(house, rule, passage);
    // After a death some are read again, under the new meaning.
    const known = events.slice(0, house.known);
    const newest = Math.max(...known.map(({ time }) => time));
    eras.push({ rule, since: boundaryBehind(rule, newest) });
    at += apart;
    await house.readTo(at);
  }
  await house.readTo(events.length);
  await house.stop();
  const newest = Math.max(...events.map(({ time }) => time));
  const isOver = (row: FinalRow): boolean => row.window_end * SECOND <= newest - 3 * SECOND;
  const expected = [
    ...rowsOfEras([{ rule: steady, since: -Infinity }], events),
    ...rowsOfEras(eras, events),
  ].filter(isOver);
  const rows = [...house.sink.rows.values()].filter((row) => row.withdrawn !== true);
  expect(textsOf(rows)).toEqual(textsOf(expected));
}

function textsOf(rows: readonly FinalRow[]): string[] {
  return rows
    .map((row) => {
      const { rule, name, agg_func, window_start, window_end, value, count } = row;
      return [rule, name, agg_func, window_start, window_end, value, count].join(" ");
    })
    .toSorted();
}

const PASSAGES: readonly Passage[] = ["reload", "restart", "death before", "death after", "death"];

const CHANGES: Readonly<Record<string, readonly RuleSettings[]>> = {
  "another size": [moving(tumbling(4)), moving(tumbling(10)), moving(tumbling(3))],
  "a function more": [moving(tumbling(6)), moving(tumbling(6), ["sum", "max"])],
  "a function less": [moving(tumbling(6), ["sum", "max"]), moving(tumbling(6), ["max"])],
  "windows that overlap": [moving(tumbling(6)), moving(hopping(6, 2)), moving(hopping(9, 3))],
  "sessions of another gap": [moving(session(2)), moving(session(4))],
  "sessions and back": [moving(tumbling(5)), moving(session(3)), moving(tumbling(5))],
  "one meaning and back": [moving(tumbling(4)), moving(tumbling(9)), moving(tumbling(4))],
  "the code alone, or nothing": [moving(tumbling(8)), moving(tumbling(8))],
};

describe.each([...PASSAGES])("by %s, a rule comes to", (passage) => {
  test.each(Object.keys(CHANGES))("%s", async (change) => {
    for (let seed = 1; seed <= SEEDS; seed++) await hold(CHANGES[change]!, { passage, seed });
  });

  test("a meaning that never begins, since the next one comes before", async () => {
    const rules = [moving(tumbling(4)), moving(tumbling(60)), moving(tumbling(3))];
    for (let seed = 1; seed <= SEEDS; seed++) await hold(rules, { passage, seed, apart: 5 });
  });
});
