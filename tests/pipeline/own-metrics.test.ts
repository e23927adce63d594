import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TransientError } from "../../src/core/errors.ts";
import type { Metric } from "../../src/core/event.ts";
import { CALL_TIMEOUT_MS } from "../../src/core/limits.ts";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import { OwnMetrics } from "../../src/pipeline/own-metrics.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import { State } from "../../src/state/state.ts";
import { scriptedSink, type WriteStep } from "../support/scripted-sink.ts";
import { batchOf, type Step, scriptedSource } from "../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../support/settings.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

const T = 1_699_999_980; // a whole minute, an hour before the clock of the tests

/** Pauses of the breaker are as long as they can be. */
const COMMON = { everyMs: 1_000, random: () => 1, logger: silentLogger } as const;

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function start(steps: readonly Step[], writes: readonly WriteStep[] = [], logger = silentLogger) {
  const dir = mkdtempSync(join(tmpdir(), "own-metrics-"));
  folders.push(dir);
  const clock = new VirtualClock(T + 3600);
  const sink = scriptedSink("main", writes);
  const settings = settingsOf({
    source: scriptedSource(steps).settings,
    sinks: [sink.settings],
    rules: [ruleOf({ seriesMax: 2 })],
  });
  const state = State.open({ dir, pipeline: "test", share: "0/1", sinks: ["main"], now: T });
  const pipeline = new Pipeline(settings, {
    clock,
    logger,
    state,
    log: undefined,
    random: () => 0.5,
  });
  const stop = new AbortController();
  const ended = pipeline.run(stop.signal);
  ended.catch(() => {}); // looked at by the test
  return { clock, pipeline, sink, stop, ended };
}

function event(name: string, value: number, timestamp: number): object {
  return { name, value, timestamp };
}

/** Ten events: five aggregated in two windows that fire, and each way to fail, one to three times. */
const EVERYTHING: Step = {
  kind: "batch",
  batch: batchOf([
    event("cpu", 1, T),
    event("cpu", 2, T + 1),
    event("mem", 4, T + 2),
    event("disk", 1, T + 3), // over limit: two series are all
    event("cpu", 8, T + 86_400), // future
    event("cpu", 16, T + 86_401), // future
    "nonsense", // invalid
    { name: "cpu", value: "1", timestamp: T }, // invalid
    event("cpu", 32, T + 120),
    event("cpu", 64, T + 300),
    event("cpu", 128, T), // late
  ]),
};

function valuesOf(metrics: readonly Metric[]): Record<string, number> {
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

describe("OwnMetrics.collect()", () => {
  test("has the names of the contract, and values that the state of the pipeline gives", async () => {
    const { clock, pipeline, stop, ended } = start(
      [EVERYTHING],
      [{ before: new TransientError("refused") }],
    );
    const own = new OwnMetrics(pipeline, { ...COMMON, send: async () => {} });
    await clock.advance(4_000);
    const metrics = own.collect();
    const values = valuesOf(metrics);
    expect(Object.keys(values).sort()).toEqual([
      "aggregator.aggregated_events_count",
      "aggregator.cpu_seconds",
      "aggregator.events_per_second",
      "aggregator.events_received",
      "aggregator.failed_events_count",
      "aggregator.memory_rss",
      "aggregator.outbox_depth",
      "aggregator.processing_time.p50",
      "aggregator.processing_time.p99",
      "aggregator.rows_written",
      "aggregator.sink_errors",
      "aggregator.uptime",
      "aggregator.watermark_lag",
      "aggregator.windows_fired",
    ]);
    expect(values).toMatchObject({
      "aggregator.events_received": 11,
      "aggregator.aggregated_events_count": 5,
      "aggregator.failed_events_count": 6, // 1 over limit, 2 future, 2 invalid, 1 late
      "aggregator.events_per_second": 11 / 4,
      "aggregator.processing_time.p50": 0,
      "aggregator.processing_time.p99": 0,
      "aggregator.watermark_lag": 3_604 - (300 - 5),
      "aggregator.windows_fired": 2,
      "aggregator.rows_written": 3,
      "aggregator.sink_errors": 1,
      "aggregator.outbox_depth": 0,
      "aggregator.uptime": 4,
    });
    expect(values["aggregator.memory_rss"]).toBeGreaterThan(1e6);
    expect(values["aggregator.cpu_seconds"]).toBeGreaterThan(0);
    expect(new Set(metrics.map(({ timestamp }) => timestamp))).toEqual(new Set([T + 3_604]));
    stop.abort();
    await ended;
  });

  test("counts the rows that wait for a sink", async () => {
    const { clock, pipeline, stop, ended } = start(
      [EVERYTHING],
      [{ before: new TransientError("gone", { retryAfterMs: 3_600_000 }) }],
    );
    const own = new OwnMetrics(pipeline, { ...COMMON, send: async () => {} });
    await settle();
    expect(valuesOf(own.collect())).toMatchObject({
      "aggregator.outbox_depth": 3,
      "aggregator.rows_written": 0,
      "aggregator.sink_errors": 1,
    });
    stop.abort();
    await clock.advance(31_000); // a stop waits so long for the sink
    await ended;
  });

  test("leaves out what has no value yet, and gives the rate since the last call", async () => {
    const one: Step = { kind: "batch", batch: batchOf([event("cpu", 1, T)]) };
    const two: Step = { kind: "batch", batch: batchOf([event("cpu", 1, T), event("cpu", 1, T)]) };
    const { clock, pipeline, stop, ended } = start(["wait", one, "wait", two]);
    const own = new OwnMetrics(pipeline, { ...COMMON, send: async () => {} });
    const before = Object.keys(valuesOf(own.collect()));
    expect(before).not.toContain("aggregator.watermark_lag");
    expect(before).not.toContain("aggregator.processing_time.p50");
    expect(before).not.toContain("aggregator.processing_time.p99");
    await clock.advance(8_000);
    expect(valuesOf(own.collect())["aggregator.events_per_second"]).toBe(1 / 8);
    await clock.advance(4_000);
    expect(valuesOf(own.collect())["aggregator.events_per_second"]).toBe(2 / 4);
    await clock.advance(2_000);
    const after = valuesOf(own.collect());
    expect(after["aggregator.events_per_second"]).toBe(0);
    expect(after["aggregator.events_received"]).toBe(3);
    stop.abort();
    await ended;
  });

  test("gives every metric an id of its own, over all calls", () => {
    const { pipeline, stop } = start([]);
    const own = new OwnMetrics(pipeline, { ...COMMON, send: async () => {} });
    const ids = [...own.collect(), ...own.collect()].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    stop.abort();
  });
});

describe("OwnMetrics.run()", () => {
  /** Sends by a script: an error fails the call. What came is in `sent`, also of calls that failed. */
  function sending(
    pipeline: Pipeline,
    script: readonly ("ok" | "hang" | Error)[],
    pipelineLogger?: Logger,
  ) {
    const left = [...script];
    const sent: (readonly Metric[])[] = [];
    const own = new OwnMetrics(pipeline, {
      ...COMMON,
      logger: pipelineLogger ?? silentLogger,
      async send(metrics) {
        sent.push(metrics);
        const step = left.shift() ?? "ok";
        if (step === "hang") await new Promise(() => {});
        else if (step !== "ok") throw step;
      },
    });
    return { own, sent };
  }

  const uptimes = (metrics: readonly Metric[] | undefined): number[] =>
    (metrics ?? []).filter(({ name }) => name === "aggregator.uptime").map(({ value }) => value);

  test("sends every so often, from one interval after the start, until it is stopped", async () => {
    const { clock, pipeline, stop, ended } = start([]);
    const { own, sent } = sending(pipeline, []);
    const running = own.run(stop.signal);
    await clock.advance(999);
    expect(sent).toHaveLength(0);
    await clock.advance(2_001);
    expect(sent.map(uptimes)).toEqual([[1], [2], [3]]);
    stop.abort();
    await running;
    await clock.advance(5_000);
    expect(sent).toHaveLength(3);
    await ended;
  });

  test("sends what failed first with the next, once, as it was", async () => {
    const { clock, pipeline, stop } = start([]);
    const { own, sent } = sending(pipeline, [new TransientError("status 503")]);
    const running = own.run(stop.signal);
    await clock.advance(3_000);
    expect(sent.map(uptimes)).toEqual([[1], [1, 2], [3]]);
    expect(sent[1]!.slice(0, sent[0]!.length)).toEqual([...sent[0]!]);
    stop.abort();
    await running;
  });

  test("keeps no more than the newest values, however long the bus is away", async () => {
    const { clock, pipeline, stop } = start([]);
    const failures = Array.from({ length: 8 }, () => new TransientError("no route to host"));
    const { own, sent } = sending(pipeline, failures);
    const running = own.run(stop.signal);
    await clock.advance(52_000);
    // Three failures open the breaker, which lets fewer and fewer tries through.
    expect(sent.slice(0, 4).map(uptimes)).toEqual([[1], [1, 2], [2, 3], [3, 4]]);
    expect(sent.slice(4).map(uptimes)).toEqual([
      [5, 6],
      [9, 10],
      [16, 17],
      [26, 27],
      [36, 37],
      ...Array.from({ length: 15 }, (_, i) => [38 + i]),
    ]);
    stop.abort();
    await running;
  });

  test("gives up a bus that does not answer, and says how its breaker stands", async () => {
    const told: string[] = [];
    const logger: Logger = { ...silentLogger, info: (message) => void told.push(message) };
    const { clock, pipeline, stop } = start([]);
    const { own, sent } = sending(pipeline, ["hang", "hang", "hang"], logger);
    const running = own.run(stop.signal);
    await clock.advance(3 * (1_000 + CALL_TIMEOUT_MS) - 1);
    expect(sent).toHaveLength(3);
    expect(told).toEqual([]);
    await clock.advance(2_000);
    expect(sent).toHaveLength(4);
    expect(told).toEqual([
      "The circuit breaker of the own metrics is open.",
      "The circuit breaker of the own metrics is closed.",
    ]);
    stop.abort();
    await running;
  });

  test("says once that it fails, and once more when it fails anew; the pipeline goes on", async () => {
    const warnings: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) };
    const steps: Step[] = ["wait", { kind: "batch", batch: batchOf([event("cpu", 1, T)]) }];
    const { clock, pipeline, sink, stop, ended } = start(steps, [], logger);
    const gone = new TransientError("no route to host");
    const { own } = sending(pipeline, [gone, gone, "ok", gone]);
    const running = own.run(stop.signal);
    await clock.advance(120_000);
    expect(warnings).toEqual([
      "Own metrics could not be sent to the bus; they go with the next ones.",
      "Own metrics could not be sent to the bus; they go with the next ones.",
    ]);
    expect(pipeline.state).toBe("running");
    expect(sink.rows.size).toBe(1);
    stop.abort();
    await Promise.all([running, ended]);
    expect(pipeline.state).toBe("stopped");
  });

  test("tells what it is given besides, under the same prefix", async () => {
    const { pipeline, stop, ended, clock } = start([EVERYTHING]);
    await clock.advance(1_000);
    const more = () => ({ alerts_firing: 2, "alert.sink_down": 1 });
    const own = new OwnMetrics(pipeline, { ...COMMON, send: async () => {}, more });
    const told = own.collect().map(({ name, value }) => [name, value]);
    expect(told).toContainEqual(["aggregator.alerts_firing", 2]);
    expect(told).toContainEqual(["aggregator.alert.sink_down", 1]);
    stop.abort();
    await clock.advance(31_000);
    await ended;
  });
});
