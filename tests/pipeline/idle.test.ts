import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../src/core/logger.ts";
import { durationMicros } from "../../src/core/time.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import { State } from "../../src/state/state.ts";
import { scriptedSink } from "../support/scripted-sink.ts";
import { batchOf, type Step, scriptedSource } from "../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../support/settings.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const T = 1_699_999_980; // a whole minute

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "idle-"));
});

afterEach(() => rm(dir, { recursive: true }));

function event(value: number, timestamp: number, cursor: string): Step {
  return { kind: "batch", batch: batchOf([{ name: "cpu", value, timestamp }], { cursor }) };
}

/** A service over windows of one minute that take events for an hour after their end. */
function start(steps: readonly Step[], startSeconds: number) {
  const clock = new VirtualClock(startSeconds);
  const sink = scriptedSink("main");
  const rules = [ruleOf({ allowedLateness: durationMicros(3600e6) })];
  const source = scriptedSource(steps).settings;
  const state = State.open({ dir, pipeline: "test", share: "0/1", sinks: ["main"], now: T });
  let commits = 0;
  const commit = state.commit.bind(state);
  state.commit = (checkpoint) => {
    commits++;
    commit(checkpoint);
  };
  const settings = settingsOf({ source, sinks: [sink.settings], rules });
  const options = { clock, logger: silentLogger, state, log: undefined, random: () => 0.5 };
  const pipeline = new Pipeline(settings, options);
  const stop = new AbortController();
  const ended = pipeline.run(stop.signal);
  ended.catch(() => {}); // looked at by the test
  return { clock, sink, state, pipeline, stop, ended, commits: () => commits };
}

async function filesOf(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name !== "owner").sort();
  return await Promise.all(
    names.map(async (name) => `${name} ${Bun.hash(await readFile(join(folder, name)))}`),
  );
}

test("an idle service writes nothing, though its watermark moves", async () => {
  const { clock, sink, pipeline, state, stop, ended, commits } = start([event(1, T, "1")], T);
  await clock.advance(5_000);
  expect(commits()).toBe(1);
  await clock.advance(175_000);
  // The idle rule has closed the window: its row is in a checkpoint, and delivered.
  expect(sink.rows.size).toBe(1);
  expect(commits()).toBe(2);
  const before = { watermark: pipeline.processor.engine.watermark, files: await filesOf(dir) };
  await clock.advance(1_200_000);
  expect(pipeline.processor.engine.watermark).toBeGreaterThan(before.watermark);
  expect(commits()).toBe(2);
  expect(await filesOf(dir)).toEqual(before.files);
  stop.abort();
  await ended;
  state.close();
});

test("after a crash the watermark is no lower than when its last window fired", async () => {
  const first = start([event(1, T, "1")], T);
  await first.clock.advance(200_000);
  const fired = [...first.sink.rows.keys()];
  expect(fired).toHaveLength(1);
  await first.clock.advance(600_000);
  // It dies: what is not in a checkpoint by now never happened.
  first.state.commit = () => {
    throw new Error("dead");
  };
  first.stop.abort();
  await first.ended.catch(() => {});
  first.state.close();

  const second = start(["wait", event(2, T + 1, "2")], T + 900);
  expect(second.pipeline.processor.engine.watermark / 1e6).toBeGreaterThanOrEqual(T + 60);
  await second.clock.advance(60_000);
  // The window is the one that fired: what is late for it corrects its row.
  expect(
    [...second.sink.rows.values()].map(({ id, value, revision }) => [id, value, revision]),
  ).toEqual([[fired[0]!, 3, 1]]);
  expect(second.pipeline.processor.engine.ledger).toMatchObject({ received: 2, aggregated: 2 });
  second.stop.abort();
  await second.ended;
  second.state.close();
});
