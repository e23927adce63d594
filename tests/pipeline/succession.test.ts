import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import type { Settings, SinkSettings, SourceSettings } from "../../src/core/settings.ts";
import { defineSink } from "../../src/core/sink.ts";
import { defineSource } from "../../src/core/source.ts";
import { LivePipelineView } from "../../src/pipeline/pipeline-view.ts";
import { Succession } from "../../src/pipeline/succession.ts";
import { State } from "../../src/state/state.ts";
import { rejectionOf } from "../support/rejection.ts";
import { scriptedLog } from "../support/scripted-log.ts";
import { scriptedSink } from "../support/scripted-sink.ts";
import { batchOf } from "../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../support/settings.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const T = 1_699_999_980;
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const events = (times: readonly number[]): object[] =>
  times.map((at) => ({ name: "cpu", value: 1, timestamp: T + at }));

function start(settings: Settings, logger: Logger = silentLogger) {
  const dir = mkdtempSync(join(tmpdir(), "succession-"));
  const clock = new VirtualClock(T + 3600);
  const sinks = settings.sinks.map(({ name }) => name);
  const state = State.open({ dir, pipeline: "test", share: "0/1", sinks, now: T });
  const failures: string[] = [];
  const changes: Settings[] = [];
  const succession = new Succession(settings, {
    clock,
    logger,
    state,
    log: undefined,
    random: () => 0.5,
    onChange: (changed) => changes.push(changed),
    onFailure: ({ message }) => failures.push(message),
  });
  const stop = new AbortController();
  const ended = succession.run(stop.signal);
  ended.catch(() => {}); // looked at by the test
  closing.push(async () => {
    stop.abort();
    await clock.advance(60_000);
    await ended.catch(() => {});
    state.close();
    rmSync(dir, { recursive: true });
  });
  const change = async (to: Settings, keepsReader = false): Promise<void> => {
    const changed = succession.change(to, { keepsReader });
    changed.catch(() => {}); // looked at by the test
    await clock.advance(100);
    await changed;
  };
  return { clock, state, succession, stop, ended, change, failures, changes };
}

function refusing(name: string): SinkSettings {
  const definition = defineSink<unknown, unknown>({
    name: "refusing",
    summary: "Lets nobody in.",
    delivery: "idempotent",
    options: { "~standard": { version: 1, vendor: "test" } },
    example: {},
    describe: () => "nowhere",
    open: async () => {
      throw new FatalError("the password is wrong");
    },
  });
  return { name, definition, options: {} };
}

describe("Succession", () => {
  test("shows one service: its rows, counts and uptime go on", async () => {
    const log = scriptedLog(events([0, 70, 130, 190]));
    const sink = scriptedSink("main");
    const settings = settingsOf({ source: log.settings, sinks: [sink.settings] });
    const { succession, clock, change } = start(settings);
    const view = new LivePipelineView(() => succession.current, "0.0.0");
    log.show(3);
    await clock.advance(1_000);
    const before = view.status();
    expect(before).toMatchObject({ results: { added: 2 }, sinks: [{ written: 2 }] });
    const old = succession.current;
    await change(settings);
    expect(succession.current).not.toBe(old);
    const after = view.status();
    expect(after).toMatchObject({
      results: { added: 2 },
      sinks: [{ written: 2 }],
      ledger: { received: 3, balanced: true },
      rules: [{ fired: 2, windows_open: before.rules[0]!.windows_open }],
    });
    expect(after.uptime_seconds).toBeGreaterThan(before.uptime_seconds);
    log.show(4);
    await clock.advance(1_000);
    expect([...sink.rows.values()].map(({ value }) => value)).toEqual([1, 1, 1]);
  });

  test("stays paused when it was", async () => {
    const log = scriptedLog(events([0, 70]));
    const settings = settingsOf({ source: log.settings, sinks: [scriptedSink("main").settings] });
    const { succession, clock, change } = start(settings);
    succession.current.pause();
    log.show(1);
    await clock.advance(1_000);
    await change(settings);
    log.show(2);
    await clock.advance(1_000);
    const { current } = succession;
    // Also what the read under way handed out by then waits.
    expect([current.state, current.processor.engine.ledger.received]).toEqual(["paused", 0]);
    current.resume();
    await clock.advance(1_000);
    expect(current.processor.engine.ledger.received).toBe(2);
  });

  test("gives way to the settings before when the new ones cannot be run", async () => {
    const log = scriptedLog(events([0, 70, 130]));
    const sink = scriptedSink("main");
    const settings = settingsOf({ source: log.settings, sinks: [sink.settings] });
    const wrong = { ...settings, sinks: [sink.settings, refusing("wrong")] };
    const { succession, clock, change, failures, changes } = start(settings);
    log.show(1);
    await clock.advance(1_000);
    await change(wrong);
    await clock.advance(1_000);
    expect(failures).toEqual(["sink wrong: the password is wrong"]);
    expect(changes).toEqual([wrong, settings]);
    expect(succession.settings).toBe(settings);
    log.show(3);
    await clock.advance(1_000);
    expect([...sink.rows.values()].map(({ value }) => value)).toEqual([1, 1]);
  });

  test("ends by a failure of settings that have run, as ever", async () => {
    const log = scriptedLog([]);
    const settings = settingsOf({ source: log.settings, sinks: [refusing("main")] });
    const { ended, clock } = start(settings);
    await clock.advance(1_000);
    expect((await rejectionOf(ended)).message).toBe("sink main: the password is wrong");
  });

  test("keeps the rows of a sink that is gone until it is back", async () => {
    const log = scriptedLog(events([0, 70, 130, 200]));
    const away = scriptedSink("away", [{ before: new TransientError("away") }]);
    const main = scriptedSink("main");
    const both = settingsOf({
      source: log.settings,
      sinks: [main.settings, away.settings],
      rules: [ruleOf({ to: ["main", "away"] })],
    });
    const one = { ...both, sinks: [main.settings], rules: [ruleOf()] };
    const said: unknown[] = [];
    const logger = { ...silentLogger, error: (_: string, fields?: object) => said.push(fields) };
    const { clock, change, state } = start(both, logger);
    log.show(3);
    await clock.advance(10);
    expect(state.outbox.depth("away")).toBe(2);
    await change(one);
    expect(said).toEqual([{ sink: "away", rows: 2 }]);
    log.show(4);
    await clock.advance(1_000);
    await change(both);
    await clock.advance(60_000);
    expect([away.rows.size, main.rows.size]).toEqual([2, 3]);
  });

  test("refuses while another change is under way, and when it stops", async () => {
    const log = scriptedLog([]);
    const settings = settingsOf({ source: log.settings, sinks: [scriptedSink("main").settings] });
    const { succession, clock, stop, ended } = start(settings);
    await clock.advance(10);
    const first = succession.change(settings, { keepsReader: false });
    await succession.current.checkpoint();
    const second = succession.change(settings, { keepsReader: false });
    expect((await rejectionOf(second)).message).toContain("a reload is under way");
    await clock.advance(100);
    await first;
    stop.abort();
    await clock.advance(60_000);
    await ended;
    const last = succession.change(settings, { keepsReader: false });
    expect((await rejectionOf(last)).message).toContain("stopping");
  });

  test("goes on as before when the disk is full between the checkpoint and the next pipeline", async () => {
    const log = scriptedLog(events([0, 70, 130]));
    const sink = scriptedSink("main");
    const settings = settingsOf({ source: log.settings, sinks: [sink.settings] });
    const { clock, state, succession, change } = start(settings);
    log.show(1);
    await clock.advance(1_000);
    const [serve, full] = [state.serve.bind(state), new TransientError("disk is full")];
    state.serve = () => {
      throw full;
    };
    expect(await rejectionOf(change({ ...settings }))).toBe(full);
    expect(succession.settings).toBe(settings);
    state.serve = serve;
    await change({ ...settings });
    log.show(3);
    await clock.advance(1_000);
    expect([...sink.rows.values()].map(({ value }) => value)).toEqual([1, 1]);
  });

  test("goes back once the disk has room again", async () => {
    const log = scriptedLog(events([0, 70, 130]));
    const sink = scriptedSink("main");
    const settings = settingsOf({ source: log.settings, sinks: [sink.settings] });
    const wrong = { ...settings, sinks: [sink.settings, refusing("wrong")] };
    const { clock, state, succession, change, failures } = start(settings);
    const serve = state.serve.bind(state);
    const said = [true, false, false, true];
    state.serve = (...what) => {
      if (said.shift() === false) throw new TransientError("disk is full");
      serve(...what);
    };
    log.show(1);
    await clock.advance(1_000);
    await change(wrong);
    await clock.advance(60_000);
    expect(failures).toEqual(["sink wrong: the password is wrong"]);
    expect([said, succession.settings]).toEqual([[], settings]);
    log.show(3);
    await clock.advance(1_000);
    expect([...sink.rows.values()].map(({ value }) => value)).toEqual([1, 1]);
  });

  test("hands on a reader that cannot be opened again, with what it holds", async () => {
    const { settings: source, opened } = handedOverOnce();
    const sink = scriptedSink("main");
    const settings = settingsOf({ source, sinks: [sink.settings] });
    const { succession, clock, change } = start(settings);
    await clock.advance(100);
    const changed = change(settings, true);
    // The read under way is waited for: what it takes is not taken twice, and not lost.
    await clock.advance(6_000);
    await changed;
    await clock.advance(20_000);
    expect(opened()).toBe(1);
    const { received } = succession.current.processor.engine.ledger;
    expect(received).toBeGreaterThan(1);
    expect([...sink.rows.values()].map(({ value }) => value)).toEqual([5, 6, 6, 6]);
  });
});

/** One event every second, each handed over once, to the one reader that there is. */
function handedOverOnce(): { readonly settings: SourceSettings; opened(): number } {
  let opened = 0;
  const definition = defineSource<unknown, unknown>({
    name: "once",
    summary: "Hands every event over once.",
    replay: () => "pipe",
    carriesMetrics: false,
    options: { "~standard": { version: 1, vendor: "test" } },
    example: {},
    describe: () => "a pipe",
    async open(_options, { clock }) {
      opened++;
      let at = 0;
      return {
        async read() {
          await clock.sleep(1_000);
          at++;
          const cursor = String(at);
          return { kind: "batch", batch: batchOf(events([at * 10]), { cursor, pending: 0 }) };
        },
        async ack() {},
        async close() {},
      };
    },
  });
  return { settings: { definition, options: {} }, opened: () => opened };
}
