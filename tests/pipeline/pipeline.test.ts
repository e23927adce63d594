import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { ResultRow } from "../../src/core/result.ts";
import { durationMicros } from "../../src/core/time.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import { LivePipelineView } from "../../src/pipeline/pipeline-view.ts";
import { State } from "../../src/state/state.ts";
import { rejectionOf } from "../support/rejection.ts";
import { scriptedSink, type WriteStep } from "../support/scripted-sink.ts";
import { batchOf, type Step, scriptedSource } from "../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../support/settings.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

const T = 1_699_999_980; // a whole minute, an hour before the clocks of the tests

function start(steps: readonly Step[], writes: readonly WriteStep[] = [], rules = [ruleOf()]) {
  const clock = new VirtualClock(T + 3600);
  const source = scriptedSource(steps);
  const sink = scriptedSink("main", writes);
  const state = openState(["main"]);
  const settings = settingsOf({ source: source.settings, sinks: [sink.settings], rules });
  const pipeline = new Pipeline(settings, {
    clock,
    logger: silentLogger,
    state,
    log: undefined,
    random: () => 0.5,
  });
  const stop = new AbortController();
  const ended = pipeline.run(stop.signal);
  ended.catch(() => {}); // looked at by the test
  const view = new LivePipelineView(pipeline, "0.0.0");
  return { clock, source, sink, state, pipeline, stop, ended, view };
}

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function openState(sinks: readonly string[], dir = mkdtempSync(join(tmpdir(), "state-"))): State {
  folders.push(dir);
  return State.open({ dir, pipeline: "test", share: "0/1", sinks, now: T });
}

function event(value: number, timestamp: number, more: object = {}): object {
  return { name: "cpu", value, timestamp, ...more };
}

function short(rows: Iterable<ResultRow>): unknown[] {
  return [...rows].map(({ name, window_start, value, count }) => [
    name,
    window_start,
    value,
    count,
  ]);
}

describe("Pipeline.run()", () => {
  test("fires every window when the source ends, delivers, and resolves", async () => {
    const batch = batchOf([event(1, T), event(2, T + 59), event(4, T + 60)]);
    const { sink, ended, pipeline, source } = start([{ kind: "batch", batch }, { kind: "end" }]);
    await ended;
    expect(short(sink.rows.values())).toEqual([
      ["cpu", T, 3, 2],
      ["cpu", T + 60, 4, 1],
    ]);
    expect(pipeline.state).toBe("stopped");
    expect(source.acked).toEqual(["0"]);
  });

  test("closes the last window of a quiet stream by the idle rule", async () => {
    const batch = batchOf([event(1, T + 50)]);
    const { clock, sink, stop, ended } = start([{ kind: "batch", batch }]);
    await clock.advance(9_900);
    expect(sink.rows.size).toBe(0);
    // Idle from 10 s on; the window ends 10 s and outOfOrderness behind the event.
    await clock.advance(10_100);
    expect(short(sink.rows.values())).toEqual([["cpu", T, 1, 1]]);
    stop.abort();
    await ended;
  });

  test("reads on at the last committed cursor after a failure, and counts nothing twice", async () => {
    const { clock, sink, source, stop, ended, view } = start([
      { kind: "batch", batch: batchOf([event(1, T)], { cursor: "a" }) },
      new TransientError("connection reset"),
      { kind: "batch", batch: batchOf([event(2, T + 1)], { cursor: "b" }) },
      { kind: "end" },
    ]);
    await settle();
    expect(view.health()).toEqual({
      status: "degraded",
      reasons: ["source: connection reset, next try in 1 s"],
    });
    await clock.advance(1_000);
    await ended;
    expect(source.opened).toEqual([undefined, "a"]);
    expect(short(sink.rows.values())).toEqual([["cpu", T, 3, 2]]);
    expect(view.health()).toEqual({ status: "ok" });
    stop.abort();
  });

  test("waits as long as the other side asks", async () => {
    const { clock, source, stop, ended } = start([
      new TransientError("status 429", { retryAfterMs: 60_000 }),
    ]);
    await clock.advance(59_900);
    expect(source.opened.length).toBe(1);
    await clock.advance(200);
    expect(source.opened.length).toBe(2);
    stop.abort();
    await ended;
  });

  test("closes no window while the source is away", async () => {
    const { clock, sink, stop, ended } = start([
      { kind: "batch", batch: batchOf([event(1, T + 50)]) },
      new TransientError("gone", { retryAfterMs: 3_600_000 }),
    ]);
    await clock.advance(3_599_000);
    expect(sink.rows.size).toBe(0);
    // Back: quiet time counts anew.
    await clock.advance(10_000);
    expect(sink.rows.size).toBe(0);
    await clock.advance(20_000);
    expect(sink.rows.size).toBe(1);
    stop.abort();
    await ended;
  });

  test("writes a batch again whose confirmation was lost, and keeps its rows once", async () => {
    const batch = batchOf([event(1, T)]);
    const lost = new TransientError("connection lost after the write");
    const { clock, sink, ended, view } = start(
      [{ kind: "batch", batch }, { kind: "end" }],
      [{ before: new TransientError("refused") }, { after: lost }],
    );
    await clock.advance(5_000);
    await ended;
    expect(short(sink.rows.values())).toEqual([["cpu", T, 1, 1]]);
    expect(sink.sequences).toEqual([1, 1]);
    expect(view.status().sinks[0]).toMatchObject({ written: 1, errors: 2, outbox: 0 });
  });

  test("keeps a row that the sink refuses as a dead letter, and its neighbours are written", async () => {
    const batch = batchOf([event(1, T), { name: "mem", value: 2, timestamp: T }]);
    const { sink, ended, view } = start(
      [{ kind: "batch", batch }, { kind: "end" }],
      [{ refuse: [{ index: 0, reason: "too negative" }] }],
    );
    await ended;
    expect(short(sink.rows.values())).toEqual([["mem", T, 2, 1]]);
    expect(view.deadLetters({ limit: 10 }).dead_letters).toMatchObject([
      { seq: 1, reason: "refused", detail: "too negative", at: "sink main" },
    ]);
  });

  test("keeps bad, late and future events as dead letters with reason and place", async () => {
    const batch = batchOf([
      event(1, T + 600),
      "nonsense",
      event(2, T),
      event(3, T + 86_400),
      event(4, T + 599),
    ]);
    const { stop, ended, view } = start([{ kind: "batch", batch }]);
    await settle();
    const letters = view.deadLetters({ limit: 10 }).dead_letters;
    expect(letters.map(({ reason, at }) => [reason, at])).toEqual([
      ["invalid_json", "line 2"],
      ["late", "line 3"],
      ["future", "line 4"],
    ]);
    expect(JSON.parse(letters[1]!.event)).toEqual(event(2, T));
    expect(letters[1]!.detail).toContain("late by 535.000 s");
    expect(view.ledger()).toMatchObject({
      received: 5,
      aggregated: 2,
      invalid: 1,
      late: 1,
      future: 1,
      balanced: true,
    });
    stop.abort();
    await ended;
  });

  test("rejects with what cannot be mended, and names the sink", async () => {
    const other = start(
      [{ kind: "batch", batch: batchOf([event(1, T), event(1, T + 120)]) }],
      [{ before: new FatalError("table has no column value") }],
    );
    const failure = await rejectionOf(other.ended);
    expect(failure.message).toBe("sink main: table has no column value");
    expect(other.pipeline.state).toBe("failed");
    expect(other.view.readiness()).toEqual({ ready: false, reasons: ["pipeline: failed"] });
  });

  test("stops reading when asked, and never writes a half-filled window", async () => {
    const batch = batchOf([event(1, T), event(1, T + 70)]);
    const { sink, stop, ended, source } = start([{ kind: "batch", batch }]);
    await settle();
    stop.abort();
    await ended;
    expect(short(sink.rows.values())).toEqual([["cpu", T, 1, 1]]);
    expect(source.acked).toEqual(["0"]);
  });

  test("tells the source of its last checkpoint, when it is stopped and when it is left", async () => {
    const batch = batchOf([event(1, T + 1)], { cursor: "7" });
    const stopped = start([{ kind: "batch", batch }]);
    await settle();
    expect(stopped.source.acked).toEqual([]);
    stopped.stop.abort();
    await stopped.ended;
    expect([stopped.source.acked, stopped.source.opened]).toEqual([["7"], [undefined]]);
    const left = start([{ kind: "batch", batch }]);
    await settle();
    left.pipeline.leave({ keepsReader: false });
    await left.clock.advance(10_000);
    expect(await left.ended).toBe("left");
    expect([left.source.acked, left.source.opened]).toEqual([["7"], [undefined]]);
  });

  test("marks the windows partial that a gap of the bus touches, and counts it", async () => {
    const gap = { events: 17, detail: "the bus threw them away" };
    const { ended, sink, view } = start([
      { kind: "batch", batch: batchOf([event(1, T), event(1, T + 65)]) },
      { kind: "batch", batch: batchOf([event(1, T + 130), event(1, T + 190)], { gap }) },
      { kind: "end" },
    ]);
    await ended;
    const partial = [...sink.rows.values()].map((row) => [row.window_start, row.partial]);
    expect(partial).toEqual([
      [T, undefined],
      [T + 60, true],
      [T + 120, true],
      [T + 180, undefined],
    ]);
    expect(view.ledger()).toMatchObject({ gaps: 17, received: 4, balanced: true });
  });

  test("marks the window partial in which a late start fell, though its first batch was empty", async () => {
    const { ended, sink, view } = start([
      { kind: "batch", batch: batchOf([], { startsLate: true }) },
      { kind: "batch", batch: batchOf([event(1, T + 30), event(1, T + 65)]) },
      { kind: "end" },
    ]);
    await ended;
    const partial = [...sink.rows.values()].map((row) => [row.window_start, row.partial]);
    expect(partial).toEqual([
      [T, true],
      [T + 60, undefined],
    ]);
    expect(view.ledger().gaps).toBe(0);
  });

  test("marks the windows around a gap whose batch held no event", async () => {
    const gap = { events: undefined, detail: "replaced" };
    const { ended, sink } = start([
      { kind: "batch", batch: batchOf([event(1, T + 5)]) },
      { kind: "batch", batch: batchOf([], { gap }) },
      { kind: "batch", batch: batchOf([event(1, T + 70), event(1, T + 130)]) },
      { kind: "end" },
    ]);
    await ended;
    const partial = [...sink.rows.values()].map((row) => row.partial);
    expect(partial).toEqual([true, true, undefined]);
  });

  test.each([
    ["10 s", 10, 5_000],
    ["an hour", 3_600, 5_000],
    ["2 s", 2, 1_000],
    ["no time", "off", 5_000],
  ] as const)(
    "has a read end in time for the idle rule: idle after %s",
    async (_, idle, waitMs) => {
      const clock = new VirtualClock(T + 3600);
      const { definition, options } = scriptedSource([{ kind: "end" }]).settings;
      const waits: number[] = [];
      const watched: typeof definition = {
        ...definition,
        open: (own, context, signal) => {
          waits.push(context.waitMsMax);
          return definition.open(own, context, signal);
        },
      };
      const settings = settingsOf({
        source: { definition: watched, options },
        sinks: [scriptedSink("main").settings],
      });
      const idleTimeout = idle === "off" ? idle : durationMicros(idle * 1e6);
      const pipeline = new Pipeline(
        { ...settings, time: { ...settings.time, idleTimeout } },
        {
          clock,
          logger: silentLogger,
          state: openState(["main"]),
          log: undefined,
          random: () => 0,
        },
      );
      await pipeline.run(new AbortController().signal);
      expect(waits).toEqual([waitMs]);
    },
  );

  test("sends the rows of a rule to the sinks it names only", async () => {
    const clock = new VirtualClock(T + 3600);
    const source = scriptedSource([
      { kind: "batch", batch: batchOf([event(1, T)]) },
      { kind: "end" },
    ]);
    const a = scriptedSink("a");
    const b = scriptedSink("b");
    const rules = [ruleOf({ name: "both", to: ["a", "b"] }), ruleOf({ name: "one", to: ["b"] })];
    const pipeline = new Pipeline(
      settingsOf({ source: source.settings, sinks: [a.settings, b.settings], rules }),
      {
        clock,
        logger: silentLogger,
        state: openState(["a", "b"]),
        log: undefined,
        random: () => 0,
      },
    );
    await pipeline.run(new AbortController().signal);
    expect([...a.rows.values()].map(({ rule }) => rule)).toEqual(["both"]);
    expect([...b.rows.values()].map(({ rule }) => rule)).toEqual(["both", "one"]);
  });
});
