import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Refusal } from "../../src/core/event.ts";
import { DEAD_LETTERS_MAX } from "../../src/core/limits.ts";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import { durationMicros } from "../../src/core/time.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import { LivePipelineView } from "../../src/pipeline/pipeline-view.ts";
import { State } from "../../src/state/state.ts";
import { scriptedSink } from "../support/scripted-sink.ts";
import { batchOf, type Step, scriptedSource } from "../support/scripted-source.ts";
import { settingsOf } from "../support/settings.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const T = 1_699_999_980; // a whole minute, an hour before the clock of the tests
const IDS_MAX = 3;

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), "evictions-"));
  folders.push(dir);
  return dir;
}

function openState(dir: string): State {
  return State.open({ dir, pipeline: "test", share: "0/1", sinks: ["main"], now: T });
}

/** Runs over batches of one second each; gives the warnings and the counts of the metrics. */
async function run(state: State, batches: readonly (readonly (object | string)[])[]) {
  const warnings: unknown[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (message, fields) => void warnings.push([message, fields]),
  };
  const clock = new VirtualClock(T + 3600);
  const steps = batches.map((lines): Step => ({ kind: "batch", batch: batchOf(lines) }));
  const pipeline = new Pipeline(
    settingsOf({
      source: scriptedSource([...steps, { kind: "end" }]).settings,
      sinks: [scriptedSink("main").settings],
      dedupe: { for: durationMicros(3600e6), idsMax: IDS_MAX },
      state: { dir: "", checkpointEveryMs: 0 },
    }),
    { clock, logger, state, log: undefined, random: () => 0.5 },
  );
  await pipeline.run(new AbortController().signal);
  const text = await new LivePipelineView(pipeline, "0.0.0").prometheus();
  const countOf = (name: string): number =>
    Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
  const letters = countOf("aggregator_dead_letters_evicted_total");
  const ids = countOf("aggregator_ids_evicted_total");
  state.close();
  return { warnings, letters, ids };
}

function event(id: number): object {
  return { name: "cpu", value: 1, timestamp: T, id };
}

const IDS_WARNING = [
  "No more ids can be remembered than dedupe.maxIds: the oldest go before their time, and a copy " +
    "of such an event counts again.",
  { max_ids: IDS_MAX },
];

describe("Evictions.look()", () => {
  test("says nothing while everything has room", async () => {
    const batches = [[event(1), event(2), "nonsense"], [event(3)]];
    expect(await run(openState(newFolder()), batches)).toEqual({
      warnings: [],
      letters: 0,
      ids: 0,
    });
  });

  test("says once that ids are forgotten before their time, and each is counted", async () => {
    const batches = [[event(1), event(2), event(3), event(4)], [event(5)], [event(6)]];
    expect(await run(openState(newFolder()), batches)).toEqual({
      warnings: [IDS_WARNING],
      letters: 0,
      ids: 3,
    });
  });

  test("says it again after a restart when more go, and only then", async () => {
    const dir = newFolder();
    await run(openState(dir), [[event(1), event(2), event(3), event(4)]]);
    expect(await run(openState(dir), [["nonsense"]])).toMatchObject({ warnings: [], ids: 0 });
    expect(await run(openState(dir), [[event(5)]])).toMatchObject({
      warnings: [IDS_WARNING],
      ids: 1,
    });
  });

  test("says once that dead letters go for newer ones, and each is counted", async () => {
    const state = openState(newFolder());
    const refusal: Refusal = { reason: "late", detail: "", event: "", at: "" };
    state.commit({
      pages: { remove: [], put: [] },
      cursor: undefined,
      rows: new Map(),
      refusals: new Array<Refusal>(DEAD_LETTERS_MAX - 1).fill(refusal),
      refusedAt: T,
    });
    const batches = [["nonsense"], ["nonsense"], ["nonsense", "nonsense"]];
    expect(await run(state, batches)).toEqual({
      warnings: [
        [
          "No more dead letters can be kept: from now on the oldest go for new ones.",
          { kept: DEAD_LETTERS_MAX },
        ],
      ],
      letters: 3,
      ids: 0,
    });
  });
});
