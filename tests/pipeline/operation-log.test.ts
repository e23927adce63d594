import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TransientError } from "../../src/core/errors.ts";
import type { LazyFields, LevelName, Logger } from "../../src/core/logger.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import { State } from "../../src/state/state.ts";
import { scriptedSink, type WriteStep } from "../support/scripted-sink.ts";
import { batchOf, type Step, scriptedSource } from "../support/scripted-source.ts";
import { settingsOf } from "../support/settings.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const T = 1_699_999_980; // a whole minute

interface Line {
  readonly part: string;
  readonly level: LevelName;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A log that remembers what a level lets through, and how often fields were made. */
function listening(level: LevelName): { logger: Logger; lines: Line[]; made: () => number } {
  const lines: Line[] = [];
  const levels: LevelName[] = ["trace", "debug", "info", "warn", "error"];
  const isEnabled = (of: LevelName): boolean => levels.indexOf(of) >= levels.indexOf(level);
  let made = 0;
  const loggerOf = (part: string): Logger => {
    const say =
      (of: LevelName) =>
      (message: string, fields: LazyFields = {}): void => {
        if (!isEnabled(of)) return;
        if (typeof fields === "function") made++;
        const told = typeof fields === "function" ? fields() : fields;
        lines.push({ part, level: of, message, fields: told });
      };
    return {
      trace: say("trace"),
      debug: say("debug"),
      info: say("info"),
      warn: say("warn"),
      error: say("error"),
      isEnabled,
      within: loggerOf,
    };
  };
  return { logger: loggerOf(""), lines, made: () => made };
}

/** Runs a pipeline over these batches, for as long as said. */
async function run(
  level: LevelName,
  steps: readonly Step[],
  { writes = [], seconds = 4 }: { writes?: readonly WriteStep[]; seconds?: number } = {},
) {
  const dir = mkdtempSync(join(tmpdir(), "operation-log-"));
  const clock = new VirtualClock(T + 3600);
  const { logger, lines, made } = listening(level);
  const sink = scriptedSink("main", writes);
  const state = State.open({ dir, pipeline: "test", share: "0/1", sinks: ["main"], now: T });
  const settings = settingsOf({ source: scriptedSource(steps).settings, sinks: [sink.settings] });
  const options = { clock, logger, state, log: undefined, random: () => 0.5 };
  const pipeline = new Pipeline(settings, options);
  const stop = new AbortController();
  const ended = pipeline.run(stop.signal);
  await clock.advance(seconds * 1000);
  stop.abort();
  await clock.advance(31_000);
  await ended;
  state.close();
  rmSync(dir, { recursive: true });
  return { lines, made: made(), ids: [...sink.rows.keys()] };
}

function batch(cursor: string, events: readonly (object | string)[]): Step {
  return { kind: "batch", batch: batchOf(events, { cursor }) };
}

function event(name: string, timestamp: number): object {
  return { name, value: 1, timestamp };
}

const STEPS = [
  batch("10", [event("cpu", T), event("mem", T), "nonsense"]),
  batch("12", [event("cpu", T + 1), event("cpu", T + 86_400)]),
  batch("13", [event("cpu", T + 65)]),
  batch("14", [event("cpu", T + 125), event("cpu", T)]),
];

describe("OperationLog", () => {
  test("each batch, firing, checkpoint and delivery is a line, and one names the other", async () => {
    const { lines, ids } = await run("debug", STEPS);
    const of = (part: string): unknown[] =>
      lines
        .filter((line) => line.part === part && line.level === "debug")
        .map(({ message, fields: { ms: _, bytes: __, ...fields } }) => [message, fields]);
    const read = "A batch was read.";
    expect(of("source")).toEqual([
      [
        read,
        {
          batch: "1-1",
          partition: "0",
          from: null,
          to: "10",
          received: 3,
          aggregated: 2,
          invalid: 1,
        },
      ],
      [
        read,
        {
          batch: "1-2",
          partition: "0",
          from: "10",
          to: "12",
          received: 2,
          aggregated: 1,
          future: 1,
        },
      ],
      [read, { batch: "1-3", partition: "0", from: "12", to: "13", received: 1, aggregated: 1 }],
      [
        read,
        { batch: "1-4", partition: "0", from: "13", to: "14", received: 2, aggregated: 1, late: 1 },
      ],
    ]);
    const minute = (i: number): object => ({
      rule: "per_minute",
      window_start: T + 60 * i,
      window_end: T + 60 * (i + 1),
      revision: 0,
    });
    expect(of("engine")).toEqual([
      ["A window fired.", { ...minute(0), rows: 2, batch: "1-3", checkpoint: "1-3" }],
      ["A window fired.", { ...minute(1), rows: 1, batch: "1-4", checkpoint: "1-4" }],
    ]);
    const made = "A checkpoint was made.";
    expect(of("state")).toEqual([
      // Nothing waits in the source: what is refused is shown at once.
      [
        made,
        { checkpoint: "1-1", cursor: "10", batches: ["1-1", "1-1"], rows: {}, dead_letters: 1 },
      ],
      [
        made,
        { checkpoint: "1-2", cursor: "12", batches: ["1-2", "1-2"], rows: {}, dead_letters: 1 },
      ],
      [
        made,
        {
          checkpoint: "1-3",
          cursor: "13",
          batches: ["1-3", "1-3"],
          rows: { main: [1, 2] },
          dead_letters: 0,
        },
      ],
      [
        made,
        {
          checkpoint: "1-4",
          cursor: "14",
          batches: ["1-4", "1-4"],
          rows: { main: [3, 3] },
          dead_letters: 1,
        },
      ],
      // That of the stop holds nothing new.
      [made, { checkpoint: "1-5", cursor: "14", batches: null, rows: {}, dead_letters: 0 }],
      [made, { checkpoint: "1-6", cursor: "14", batches: null, rows: {}, dead_letters: 0 }],
    ]);
    const sent = { sink: "main", refused: 0, attempts: 1 };
    expect(of("sink")).toEqual([
      ["Rows were delivered.", { ...sent, rows: [1, 2], count: 2, ids: ids.slice(0, 2) }],
      ["Rows were delivered.", { ...sent, rows: [3, 3], count: 1, ids: ids.slice(2) }],
    ]);
  });

  test("of a large delivery debug tells the first and last id, trace all of them, in lines of bounded length", async () => {
    const many = Array.from({ length: 450 }, (_, i) => event(`m${i}`, T));
    const steps = [batch("1", many), batch("2", [event("cpu", T + 65)])];
    const debug = await run("debug", steps);
    const trace = await run("trace", steps);
    for (const { lines, ids } of [debug, trace]) {
      const [delivered] = lines.filter(({ message }) => message === "Rows were delivered.");
      expect(delivered!.fields).toMatchObject({
        rows: [1, 450],
        count: 450,
        first_id: ids[0],
        last_id: ids[449],
      });
    }
    const told = ({ lines }: { readonly lines: readonly Line[] }): unknown[] =>
      lines.filter(({ level }) => level === "trace").map(({ fields }) => fields);
    expect(told(debug)).toEqual([]);
    expect(told(trace)).toEqual([
      { sink: "main", rows: [1, 200], ids: trace.ids.slice(0, 200) },
      { sink: "main", rows: [201, 400], ids: trace.ids.slice(200, 400) },
      { sink: "main", rows: [401, 450], ids: trace.ids.slice(400, 450) },
    ]);
  });

  test("of many windows at once debug tells a hundred and how many more, trace all of them", async () => {
    const minutes = Array.from({ length: 130 }, (_, i) => event("cpu", T - 7200 + 60 * i));
    // The last two fire at the end of the input.
    const steps: Step[] = [batch("1", minutes), { kind: "end" }];
    const fired = ({ lines }: { readonly lines: readonly Line[] }): number =>
      lines.filter(({ message }) => message === "A window fired.").length;
    const more = "More windows fired at once than are told one by one.";
    const debug = await run("debug", steps);
    expect(fired(debug)).toBe(102);
    expect(debug.lines.find(({ message }) => message === more)!.fields).toMatchObject({ more: 28 });
    const trace = await run("trace", steps);
    expect(fired(trace)).toBe(130);
    expect(trace.lines.map(({ message }) => message)).not.toContain(more);
  });

  test("a delivery tells how often it was tried and what was refused", async () => {
    const { lines } = await run("debug", STEPS.slice(0, 3), {
      writes: [
        { before: new TransientError("gone") },
        { after: new TransientError("gone") },
        { refuse: [{ index: 0, reason: "too wide" }] },
      ],
      seconds: 20,
    });
    const [delivery] = lines.filter(({ message }) => message === "Rows were delivered.");
    expect(delivery!.fields).toMatchObject({ rows: [1, 2], count: 2, refused: 1, attempts: 3 });
  });

  test("above debug nothing is made for it; info has one summary a minute, while something happens", async () => {
    const { lines, made } = await run("info", STEPS, { seconds: 300 });
    expect(made).toBe(0);
    expect(lines.filter(({ part }) => part !== "" && part !== "source")).toEqual([]);
    const told = lines.filter(({ message }) => message === "Events were aggregated.");
    expect(told.length).toBeGreaterThan(0);
    // The idle rule closes the last window in the first minute: after that nothing happens.
    expect(told.length).toBeLessThan(4);
    expect(told[0]!.fields).toMatchObject({
      batches: 4,
      received: 8,
      aggregated: 5,
      invalid: 1,
      future: 1,
      late: 1,
    });
  });

  test("ten thousand events make no more lines than one", async () => {
    const many = Array.from({ length: 10_000 }, () => event("cpu", T));
    const one = await run("debug", [
      batch("1", [event("cpu", T)]),
      batch("2", [event("cpu", T + 65)]),
    ]);
    const all = await run("debug", [batch("1", many), batch("2", [event("cpu", T + 65)])]);
    expect(all.lines.map(({ message }) => message)).toEqual(
      one.lines.map(({ message }) => message),
    );
  });
});
