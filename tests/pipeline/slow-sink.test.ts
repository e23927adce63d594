import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TransientError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { rowToJson } from "../../src/core/result-json.ts";
import type { SourceSettings } from "../../src/core/settings.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import { LivePipelineView } from "../../src/pipeline/pipeline-view.ts";
import { State } from "../../src/state/state.ts";
import { scriptedSink } from "../support/scripted-sink.ts";
import { batchOf, type Step, scriptedSource } from "../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../support/settings.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

const T = 1_699_999_980; // a whole minute, an hour before the clock of the tests
const BATCHES = 10;

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** Tells how often it was read. */
function counting({ definition, options }: SourceSettings) {
  let reads = 0;
  const counted: typeof definition = {
    ...definition,
    async open(own, context, signal) {
      const reader = await definition.open(own, context, signal);
      return {
        read: (limit) => {
          reads++;
          return reader.read(limit);
        },
        ack: (cursor, limit) => reader.ack(cursor, limit),
        close: () => reader.close(),
      };
    },
  };
  return { settings: { definition: counted, options }, reads: () => reads };
}

/** Every batch after the first fires one window, which is one row. The outbox has room for two and a bit. */
function start(isAwayMs: number) {
  const dir = mkdtempSync(join(tmpdir(), "slow-sink-"));
  folders.push(dir);
  const clock = new VirtualClock(T + 3600);
  const steps = Array.from({ length: BATCHES }, (_, i): Step => {
    const lines = [{ name: "cpu", value: i, timestamp: T + i * 65 }];
    return {
      kind: "batch",
      batch: batchOf(lines, { cursor: String(i), pending: BATCHES - 1 - i }),
    };
  });
  const source = counting(scriptedSource([...steps, { kind: "end" }]).settings);
  const away = new TransientError("connection refused", { retryAfterMs: isAwayMs });
  const dead = scriptedSink("dead", [{ before: away }]);
  const live = scriptedSink("live");
  const rules = [ruleOf({ to: ["dead", "live"] })];
  const outboxBytesMax = 2.5 * 240;
  const state = State.open({
    dir,
    pipeline: "test",
    share: "0/1",
    sinks: ["dead", "live"],
    now: T,
    outboxBytesMax,
  });
  const pipeline = new Pipeline(
    settingsOf({ source: source.settings, sinks: [dead.settings, live.settings], rules }),
    { clock, logger: silentLogger, state, log: undefined, random: () => 0.5 },
  );
  const stop = new AbortController();
  const ended = pipeline.run(stop.signal);
  const view = new LivePipelineView(pipeline, "0.0.0");
  return { clock, source, dead, live, state, view, stop, ended, outboxBytesMax };
}

describe("a sink that is away while its outbox has a bound", () => {
  test("stops the reading, says so, and holds up no other sink", async () => {
    const { clock, source, dead, live, state, view, stop, ended, outboxBytesMax } =
      start(3_600_000);
    await clock.advance(60_000);
    // Three rows are more than the outbox may hold; the fourth batch fired the third.
    expect(source.reads()).toBe(4);
    expect(state.outbox.bytes("dead")).toBeGreaterThanOrEqual(outboxBytesMax);
    expect(dead.rows.size).toBe(0);
    expect(live.rows.size).toBe(3);
    // One row beyond the bound at most: that of the batch that passed it.
    const largest = Math.max(...[...live.rows.values()].map((row) => rowToJson(row).length));
    expect(state.outbox.bytes("dead")).toBeLessThan(outboxBytesMax + largest);

    expect(view.readiness()).toEqual({
      ready: false,
      reasons: ["outbox: full, reading waits until a sink has taken some"],
    });
    expect(view.status()).toMatchObject({
      state: "running",
      source: {
        connected: true,
        pending: 6,
        problem: "outbox: full, reading waits until a sink has taken some",
      },
      sinks: [
        {
          name: "dead",
          connected: false,
          breaker: "open",
          outbox: 3,
          written: 0,
          problem: "connection refused, next try in 3540 s",
        },
        { name: "live", connected: true, breaker: "closed", outbox: 0, written: 3 },
      ],
    });
    expect(view.health()).toMatchObject({ status: "degraded" });

    await clock.advance(600_000);
    expect(source.reads()).toBe(4);
    stop.abort();
    await clock.advance(31_000);
    await ended;
  });

  test("goes on where it stopped when the sink is back, and every row arrives", async () => {
    const { clock, source, dead, live, view, ended } = start(60_000);
    await clock.advance(59_000);
    expect(source.reads()).toBe(4);
    await clock.advance(1_000);
    await ended;
    await settle();
    expect(source.reads()).toBe(BATCHES + 1); // each of them, and the end
    expect([...dead.rows.values()].map(({ value }) => value)).toEqual(
      Array.from({ length: BATCHES }, (_, i) => i),
    );
    expect([...live.rows.keys()]).toEqual([...dead.rows.keys()]);
    expect(view.ledger()).toMatchObject({ received: BATCHES, aggregated: BATCHES, balanced: true });
    expect(view.status().sinks.map(({ outbox }) => outbox)).toEqual([0, 0]);
    expect(view.status().source.problem).toBeUndefined();
  });
});
