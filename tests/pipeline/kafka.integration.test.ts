import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { silentLogger } from "../../src/core/logger.ts";
import type { ResultRow } from "../../src/core/result.ts";
import type { Settings, SourceSettings } from "../../src/core/settings.ts";
import { durationMicros } from "../../src/core/time.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import { LivePipelineView } from "../../src/pipeline/pipeline-view.ts";
import { kafkaSourceOptions } from "../../src/sources/kafka/options.ts";
import { kafka } from "../../src/sources/kafka.ts";
import { State } from "../../src/state/state.ts";
import { describeWithKafka } from "../services/kafka.ts";
import { committedOffsets, makeTopic, produce } from "../support/kafka-topic.ts";
import { scriptedSink } from "../support/scripted-sink.ts";
import { settingsOf } from "../support/settings.ts";
import { realClock } from "../support/source-reading.ts";

// A real broker, on a machine that does other things too.
setDefaultTimeout(60_000);

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

await describeWithKafka("a pipeline over Kafka", (server) => {
  /** The real pipeline over a topic; `idleMs` undefined: off. */
  function start(topic: string, idleMs?: number) {
    const options = v.parse(kafkaSourceOptions, { brokers: server.brokers, topic, group: topic });
    const sink = scriptedSink("main");
    // The options were made by the schema of this very definition.
    const source = { definition: kafka, options } as unknown as SourceSettings;
    const settings = settingsOf({ source, sinks: [sink.settings] });
    const time: Settings["time"] = {
      ...settings.time,
      outOfOrderness: durationMicros(0),
      idleTimeout: idleMs === undefined ? "off" : durationMicros(idleMs * 1000),
    };
    const dir = mkdtempSync(join(tmpdir(), "state-"));
    folders.push(dir);
    const state = State.open({ dir, pipeline: "test", share: "0/1", sinks: ["main"], now: 0 });
    const pipeline = new Pipeline(
      { ...settings, time },
      { clock: realClock, logger: silentLogger, state, log: undefined, random: Math.random },
    );
    const stop = new AbortController();
    const ended = pipeline.run(stop.signal);
    ended.catch(() => {}); // looked at on stopping
    return {
      rows: sink.rows,
      pipeline,
      view: new LivePipelineView(pipeline, "0.0.0"),
      async stop(): Promise<void> {
        stop.abort();
        await ended;
        state.close();
      },
    };
  }

  test("passes over tombstones and refuses what is no event, each with its place", async () => {
    const topic = server.topic();
    await makeTopic(server.brokers, topic);
    const T = 1_729_863_600;
    const order = (value: number, i: number): string =>
      JSON.stringify({ name: "orders", value, timestamp: T + i });
    await produce(server.brokers, topic, [
      { value: order(1, 0) },
      { key: "orders", value: null },
      { value: "not json" },
      { value: Buffer.from("//4AgQ==", "base64") },
      { value: order(2, 1) },
      { value: "" },
      { value: "[1,2]" },
      { value: order(4, 2), headers: { "x-null": "" } },
      { value: "null" },
      { key: null, value: order(8, 3) },
      { value: order(16, 4) },
      { value: JSON.stringify({ name: "end", value: 0, timestamp: T + 600 }) },
    ]);
    const { rows, view, stop, pipeline } = start(topic);
    await until(() => rows.size === 1);
    expect(short(rows)).toEqual([["orders", T, 31, 5]]);
    const letters = view.deadLetters({ limit: 10 }).dead_letters;
    expect(new Map(letters.map(({ at, reason }) => [at, reason]))).toEqual(
      new Map([2, 3, 5, 6, 8].map((offset) => [`${topic}/0@${offset}`, "invalid_json"])),
    );
    expect(letters).toHaveLength(5);
    const ledger = { received: 11, aggregated: 6, invalid: 5, tombstones: 1, balanced: true };
    expect(view.ledger()).toMatchObject(ledger);
    expect(await view.prometheus()).toContain("\naggregator_tombstones_total 1\n");
    expect(pipeline.pending).toBe(0);
    await stop();
    expect(await committedOffsets(server.brokers, topic, topic)).toEqual(["12"]);
    expect(pipeline.source.errors).toBe(0);
  });

  test("leaves a quiet partition out, and loses nothing when it wakes", async () => {
    const base = Math.floor((Date.now() / 1000 - 90) / 60) * 60;
    const topic = server.topic();
    await makeTopic(server.brokers, topic, { partitions: 2 });
    await send(topic, [...sixMinutes(base), [1, base - 300, 1]]);
    const { rows, view, stop } = start(topic, 1_000);
    await until(() => rows.size >= 5);
    expect(short(rows)).toEqual(minutes(base, [3, 4, 8, 16, 32]));
    await send(topic, [[1, base + 90, 128]]);
    await until(() => rows.size === 6);
    await send(topic, [[0, base + 120, 0]]);
    await until(() => rows.size === 7);
    expect(short(rows)).toEqual(minutes(base, [3, 4, 8, 16, 32, 64, 128]));
    expect(view.ledger()).toMatchObject({ late: 0, aggregated: 9, balanced: true });
    await stop();
  });

  test("leaves out a partition that never had a record", async () => {
    const base = Math.floor(Date.now() / 60_000) * 60;
    const topic = server.topic();
    await makeTopic(server.brokers, topic, { partitions: 2 });
    await send(topic, sixMinutes(base));
    const { rows, stop } = start(topic, 1_000);
    await until(() => rows.size >= 5);
    expect(short(rows)).toEqual(minutes(base, [2, 4, 8, 16, 32]));
    await stop();
  });

  test("waits for a partition that never had a record while nothing may be idle", async () => {
    const base = Math.floor(Date.now() / 60_000) * 60;
    const topic = server.topic();
    await makeTopic(server.brokers, topic, { partitions: 2 });
    await send(topic, sixMinutes(base));
    const { rows, view, stop } = start(topic);
    await until(() => view.ledger().aggregated === 6);
    await Bun.sleep(1_000);
    expect(rows.size).toBe(0);
    await send(topic, [[1, base, 1]]);
    await until(() => rows.size === 5);
    await stop();
  });

  test("counts every event once over kill -9 of the broker", async () => {
    const topic = server.topic();
    await makeTopic(server.brokers, topic, { partitions: 2 });
    const base = Math.floor(Date.now() / 60_000) * 60 - 600;
    // In the order of time, alternately into both partitions.
    const part = (n: number): Sent[] =>
      Array.from({ length: 5_000 }, (_, i) => [i % 2, base + 120 * n + Math.floor(i / 50), 1]);
    await send(topic, part(0));
    const { view, rows, pipeline, stop } = start(topic);
    await until(() => view.ledger().received >= 1);
    await server.kill9();
    await until(() => view.health().status === "degraded");
    await server.restart();
    await send(topic, part(1));
    await until(() => view.ledger().received >= 10_000);
    expect(pipeline.source.errors).toBeGreaterThan(0);
    expect(view.ledger()).toMatchObject({ received: 10_000, aggregated: 10_000, balanced: true });
    await until(() => rows.size === 3);
    expect(short(rows).map((row) => (row as number[])[3])).toEqual([3_000, 2_000, 3_000]);
    await stop();
  });

  type Sent = readonly [partition: number, timestamp: number, value: number];

  function sixMinutes(base: number): Sent[] {
    return [2, 4, 8, 16, 32, 64].map((value, i) => [0, base - 300 + 60 * i, value]);
  }

  function send(topic: string, events: readonly Sent[]): Promise<void> {
    return produce(
      server.brokers,
      topic,
      events.map(([partition, timestamp, value]) => ({
        partition,
        value: JSON.stringify({ name: "load", value, timestamp }),
      })),
    );
  }
});

function minutes(base: number, sums: readonly number[]): unknown[] {
  return sums.map((sum, i) => ["load", base - 300 + 60 * i, sum, sum === 3 ? 2 : 1]);
}

function short(rows: ReadonlyMap<string, ResultRow>): unknown[] {
  return [...rows.values()].map((row) => [row.name, row.window_start, row.value, row.count]);
}

async function until(isSo: () => boolean): Promise<void> {
  const end = performance.now() + 15_000;
  while (!isSo()) {
    if (performance.now() > end) throw new Error("it did not come about within 15 s");
    await Bun.sleep(20);
  }
}
