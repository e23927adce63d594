import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { RuleSettings } from "../../src/core/settings.ts";
import type { SourceRead } from "../../src/core/source.ts";
import { durationMicros } from "../../src/core/time.ts";
import { PauseGate } from "../../src/pipeline/pause-gate.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import { LivePipelineView } from "../../src/pipeline/pipeline-view.ts";
import { State } from "../../src/state/state.ts";
import { livePromises } from "../support/live-promises.ts";
import { rejectionOf } from "../support/rejection.ts";
import { scriptedSink, type WriteStep } from "../support/scripted-sink.ts";
import { batchOf, type Step, scriptedSource } from "../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../support/settings.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

const T = 1_699_999_980; // a whole minute

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function start(
  steps: readonly Step[],
  options: {
    rules?: RuleSettings[];
    writes?: WriteStep[];
    dir?: string;
    ackFailures?: Error[];
  } = {},
) {
  const { rules = [ruleOf()], writes = [] } = options;
  const clock = new VirtualClock(T + 3600);
  const source = scriptedSource(steps, options.ackFailures);
  const sink = scriptedSink("main", writes);
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), "state-"));
  if (options.dir === undefined) folders.push(dir);
  const state = State.open({ dir, pipeline: "test", share: "0/1", sinks: ["main"], now: T });
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
  return {
    dir,
    clock,
    source,
    sink,
    state,
    pipeline,
    stop,
    ended,
    view: new LivePipelineView(pipeline, "0.0.0"),
  };
}

const batch = (value: number, timestamp: number, cursor: string): SourceRead => ({
  kind: "batch",
  batch: batchOf([{ name: "cpu", value, timestamp }], { cursor }),
});

describe("Pipeline.pause()", () => {
  test("stops reading with everything in a checkpoint, and resume reads on", async () => {
    const { clock, pipeline, source, state, stop, ended, view } = start([
      batch(1, T, "a"),
      "wait",
      batch(2, T + 1, "b"),
    ]);
    await settle();
    pipeline.pause();
    pipeline.pause();
    const since = T + 3600;
    expect(view.status()).toMatchObject({ state: "paused", paused_since: since });
    const reasons = ["pipeline: paused by an operator since 2023-11-14T23:13:00Z"];
    expect(view.health()).toEqual({ status: "degraded", reasons });
    expect(view.readiness()).toEqual({ ready: true, reasons });
    await clock.advance(6_000); // the read under way ends
    expect(state.cursor).toBe("a");
    expect(source.acked).toContain("a");
    await clock.advance(3_600_000);
    expect(view.ledger().received).toBe(1);
    // The silence was ours: the window is open still.
    expect(view.windows({ limit: 9 }).windows).toMatchObject([{ fired: false, count: 1 }]);
    pipeline.resume();
    await clock.advance(10);
    expect(view.status().state).toBe("running");
    expect(view.ledger().received).toBe(2);
    expect(view.windows({ limit: 9 }).windows).toMatchObject([{ fired: false, count: 2 }]);
    stop.abort();
    await ended;
  });

  test("holds what a read under way gives until it goes on", async () => {
    const later = Promise.withResolvers<SourceRead>();
    const { clock, pipeline, source, state, stop, ended, view } = start([
      batch(1, T, "a"),
      later.promise,
    ]);
    await settle();
    pipeline.pause();
    later.resolve(batch(2, T + 1, "b"));
    await settle();
    expect(view.ledger().received).toBe(1);
    await clock.advance(60_000);
    expect([view.ledger().received, state.cursor]).toEqual([1, "a"]);
    expect(source.acked).toEqual(["a"]);
    pipeline.resume();
    await settle();
    expect(view.ledger().received).toBe(2);
    expect(view.status()).not.toContainKey("paused_since");
    stop.abort();
    await ended;
    expect(state.cursor).toBe("b");
  });

  test("reads again after a stop what it held", async () => {
    const later = Promise.withResolvers<SourceRead>();
    const { pipeline, state, stop, ended, view } = start([batch(1, T, "a"), later.promise]);
    await settle();
    pipeline.pause();
    later.resolve(batch(2, T + 1, "b"));
    await settle();
    stop.abort();
    await ended;
    expect([view.ledger().received, state.cursor]).toEqual([1, "a"]);
  });

  test("counts once what a source that is opened anew meanwhile gives again", async () => {
    const later = Promise.withResolvers<SourceRead>();
    const ackFailures = [new TransientError("away")];
    // The reader that is opened for the acknowledgement begins behind "a", with the second batch again.
    const { clock, pipeline, source, state, stop, ended, view } = start(
      [batch(1, T, "a"), later.promise, batch(2, T + 1, "b")],
      { ackFailures },
    );
    await settle();
    pipeline.pause();
    later.resolve(batch(2, T + 1, "b"));
    await clock.advance(30_000);
    expect([source.opened, source.acked]).toEqual([[undefined, "a"], ["a"]]);
    pipeline.resume();
    await clock.advance(10);
    expect(view.ledger()).toMatchObject({ received: 2, balanced: true });
    stop.abort();
    await ended;
    expect(state.cursor).toBe("b");
  });

  test("outlives a restart, over which nothing is read", async () => {
    const first = start([batch(1, T, "a"), "wait"]);
    await settle();
    first.pipeline.pause();
    first.stop.abort();
    await first.ended;
    first.state.close();
    const { clock, source, pipeline, state, stop, ended, view } = start([batch(2, T + 1, "b")], {
      dir: first.dir,
    });
    await clock.advance(60_000);
    expect(view.status()).toMatchObject({ state: "paused", paused_since: T + 3600 });
    expect(view.readiness()).toMatchObject({ ready: true });
    expect(source.opened).toEqual([]);
    pipeline.resume();
    await settle();
    expect(view.ledger().received).toBe(2);
    expect(state.pausedSince).toBeUndefined();
    stop.abort();
    await ended;
    state.close();
    const third = start(["wait"], { dir: first.dir });
    await third.clock.advance(6_000);
    expect(third.pipeline.state).toBe("running");
    third.stop.abort();
    await third.ended;
  });

  test("holds where it cannot be written down, and says so", async () => {
    const { pipeline, state, stop, ended } = start([batch(1, T, "a"), "wait"]);
    await settle();
    state.setPaused = () => {
      throw new TransientError("disk is full");
    };
    expect(() => pipeline.pause()).toThrow(
      "It is paused, but a restart would read on: disk is full",
    );
    expect(pipeline.state).toBe("paused");
    stop.abort();
    await ended;
  });

  test("a paused pipeline can be stopped", async () => {
    const { clock, pipeline, stop, ended } = start([batch(1, T, "a"), "wait"]);
    pipeline.pause();
    await clock.advance(6_000);
    stop.abort();
    await ended;
    expect(pipeline.state).toBe("stopped");
  });
});

describe("Pipeline.checkpoint()", () => {
  test("writes down what was read, at once", async () => {
    const { pipeline, state, stop, ended } = start([batch(1, T, "a")]);
    await settle();
    expect(state.cursor).toBeUndefined();
    await pipeline.checkpoint();
    expect(state.cursor).toBe("a");
    stop.abort();
    await ended;
  });

  test("is tried whenever it is asked for, and by the loop of a quiet source", async () => {
    const { clock, pipeline, state, stop, ended } = start([batch(1, T, "a")]);
    await settle();
    const commit = state.commit.bind(state);
    const fill = (): void => {
      state.commit = () => {
        throw new TransientError("disk is full");
      };
    };
    fill();
    expect((await rejectionOf(pipeline.checkpoint())).message).toBe("disk is full");
    state.commit = commit;
    await pipeline.checkpoint();
    expect([state.cursor, pipeline.checkpointer.problem]).toEqual(["a", undefined]);
    fill();
    await rejectionOf(pipeline.checkpoint());
    state.commit = commit;
    await clock.advance(6_000); // the read under way ends
    expect(pipeline.checkpointer.problem).toBeUndefined();
    stop.abort();
    await ended;
  });

  test("asked for while the loop waits for room is not undone by it", async () => {
    const steps = [batch(1, T, "a"), "wait", batch(2, T + 1, "b")] as const;
    const { clock, pipeline, state, stop, ended } = start(steps);
    await settle();
    const commit = state.commit.bind(state);
    state.commit = () => {
      throw new TransientError("disk is full", { retryAfterMs: 60_000 });
    };
    await rejectionOf(pipeline.checkpoint());
    await clock.advance(6_000); // the loop waits
    const pages: number[] = [];
    state.commit = (what) => {
      pages.push(what.pages.put.length);
      commit(what);
    };
    await pipeline.checkpoint();
    expect(state.cursor).toBe("a");
    await clock.advance(61_000);
    // What the loop gave to be written was written by then.
    expect(pages[0]).toBeGreaterThan(0);
    expect(pages[1]).toBe(0);
    stop.abort();
    await ended;
  });

  test("is refused once the input has ended: what is stored keeps its windows", async () => {
    const away = [{ before: new TransientError("away", { retryAfterMs: 20_000 }) }];
    const { clock, pipeline, state, ended } = start([batch(1, T, "a"), { kind: "end" }], {
      writes: away,
    });
    await settle();
    // The row of the last window is not delivered yet: it drains.
    expect([pipeline.state, pipeline.isEnding]).toEqual(["draining", true]);
    const before = [...state.pages()];
    const refused = await rejectionOf(pipeline.checkpoint());
    expect(refused).toBeInstanceOf(TransientError);
    expect(refused.message).toContain("The input has ended");
    expect([...state.pages()]).toEqual(before);
    await clock.advance(30_000);
    await ended;
    expect([...state.pages()]).toEqual(before);
  });
});

test("a state behind the end of its input is told as damage", async () => {
  const { pipeline, state, stop, ended } = start([batch(1, T, "a")]);
  await settle();
  pipeline.processor.engine.finish();
  await pipeline.checkpoint();
  stop.abort();
  await ended;
  const options = { clock: pipeline.clock, logger: silentLogger, state, log: undefined };
  const again = (): Pipeline => new Pipeline(pipeline.settings, { ...options, random: () => 0.5 });
  expect(again).toThrow(FatalError);
  expect(again).toThrow("The state is damaged (its watermark is behind the end of the input");
});

describe("what fired lately", () => {
  test("is there for who looks, also what fired at the end of the input", async () => {
    const { view, ended } = start([batch(1, T, "a"), batch(2, T + 120, "b"), { kind: "end" }]);
    await ended;
    expect(
      view.results({ limit: 9 }).rows.map((row) => [row.name, row.window_start, row.value]),
    ).toEqual([
      ["cpu", T, 1],
      ["cpu", T + 120, 2],
    ]);
    expect(view.series({ search: "CPU", limit: 9 })).toMatchObject({
      total: 1,
      matched: 1,
      series: [{ name: "cpu" }],
    });
    expect(view.rowsSince(1, 9)).toMatchObject({ rows: [{ window_start: T + 120 }], skipped: 0 });
    expect(view.status().results).toEqual({ added: 2, series: 1 });
  });

  test("windows around the watermark are shown rule by rule", async () => {
    const { view, stop, ended } = start([batch(1, T, "a"), batch(2, T + 70, "b")]);
    await settle();
    expect(view.windowsNow()).toMatchObject([
      { rule: "per_minute", window_start: T + 60, count: 1, fired: false },
    ]);
    stop.abort();
    await ended;
  });

  test("so is a session that began long before the watermark and goes on", async () => {
    const gap = durationMicros(10_000_000);
    const steps = Array.from({ length: 30 }, (_, i) => batch(1, T + 5 * i, String(i)));
    const { view, stop, ended } = start(steps, {
      rules: [ruleOf({ window: { kind: "session", gap } })],
    });
    await settle();
    expect(view.windowsNow()).toMatchObject([{ window_start: T, count: 30, fired: false }]);
    stop.abort();
    await ended;
  });
});

describe("Pipeline.run()", () => {
  test("keeps nothing of the reads that are over", async () => {
    const reads = 3_000;
    const steps = Array.from({ length: reads }, (_, i) => batch(i, T, `c${i}`));
    const before = livePromises();
    const { clock, state, stop, ended } = start(steps);
    while (state.cursor !== `c${reads - 1}`) await clock.advance(1_000);
    expect(livePromises() - before).toBeLessThan(reads / 3);
    stop.abort();
    await ended;
  });
});

describe("PauseGate", () => {
  test("keeps nothing of the waits that are over, open or closed", async () => {
    const gate = new PauseGate({ pausedSince: undefined, setPaused() {} }, new VirtualClock(T));
    const before = livePromises();
    for (let i = 0; i < 3_000; i++) await gate.closedDuring(Promise.resolve());
    gate.close();
    for (let i = 0; i < 3_000; i++) {
      const stop = new AbortController();
      const passing = gate.pass(stop.signal);
      stop.abort();
      await passing;
    }
    expect(livePromises() - before).toBeLessThan(500);
    gate.open();
  });

  test("lets pass when it is open, when it opens, and when the wait is ended", async () => {
    const gate = new PauseGate({ pausedSince: undefined, setPaused() {} }, new VirtualClock(T));
    const never = new AbortController().signal;
    await gate.pass(never);
    gate.close();
    let passed = 0;
    const waiting = gate.pass(never).then(() => passed++);
    const stop = new AbortController();
    const stopped = gate.pass(stop.signal);
    stop.abort();
    await stopped;
    expect(passed).toBe(0);
    // Closed again before anybody passed: it is closed.
    gate.open();
    gate.close();
    await settle();
    expect(passed).toBe(0);
    gate.open();
    await waiting;
    expect(gate.isClosed).toBe(false);
  });

  test("closedDuring() resolves when it is closed or the work has ended, and rejects as that does", async () => {
    const gate = new PauseGate({ pausedSince: undefined, setPaused() {} }, new VirtualClock(T));
    const work = Promise.withResolvers<void>();
    let resolved = 0;
    const first = gate.closedDuring(work.promise).then(() => resolved++);
    const second = gate.closedDuring(work.promise).then(() => resolved++);
    await settle();
    expect(resolved).toBe(0);
    gate.close();
    await Promise.all([first, second, gate.closedDuring(work.promise)]);
    gate.open();
    const third = gate.closedDuring(work.promise).then(() => resolved++);
    await settle();
    expect(resolved).toBe(2);
    work.resolve();
    await third;
    const gone = new Error("gone");
    expect(await rejectionOf(gate.closedDuring(Promise.reject(gone)))).toBe(gone);
  });

  test("closedDuring() holds on to nothing that was read while it stays open", async () => {
    const gate = new PauseGate({ pausedSince: undefined, setPaused() {} }, new VirtualClock(T));
    const read: WeakRef<Uint8Array>[] = [];
    for (let i = 0; i < 100; i++) {
      await gate.closedDuring(
        settle().then(() => {
          const bytes = new Uint8Array(1_000);
          read.push(new WeakRef(bytes));
          return bytes;
        }),
      );
    }
    await settle();
    Bun.gc(true);
    // The last ones may still lie on the stack.
    expect(read.filter((one) => one.deref() !== undefined).length).toBeLessThan(50);
  });
});
