import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../src/core/logger.ts";
import { durationMicros } from "../../src/core/time.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import { LivePipelineView } from "../../src/pipeline/pipeline-view.ts";
import { State } from "../../src/state/state.ts";
import { scriptedSink } from "../support/scripted-sink.ts";
import { batchOf, scriptedSource } from "../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../support/settings.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

test("LivePipelineView.windows() goes on behind the last window shown, although it is gone", async () => {
  const dir = mkdtempSync(join(tmpdir(), "view-"));
  const clock = new VirtualClock(3_600);
  const events = (times: readonly number[]): object[] =>
    times.map((timestamp) => ({ name: "cpu", value: 1, timestamp }));
  const source = scriptedSource([
    { kind: "batch", batch: batchOf(events([-120, -60, -60, 0, 60, -58])) },
    "wait",
    { kind: "batch", batch: batchOf(events([184])) },
  ]);
  const settings = settingsOf({
    source: source.settings,
    sinks: [scriptedSink("main").settings],
    rules: [ruleOf({ name: "one" }), ruleOf({ name: "two" })],
  });
  const time = { ...settings.time, outOfOrderness: durationMicros(60_000_000) };
  const state = State.open({ dir, pipeline: "test", share: "0/1", sinks: ["main"], now: 0 });
  const pipeline = new Pipeline(
    { ...settings, time },
    { clock, logger: silentLogger, state, log: undefined, random: () => 0.5 },
  );
  const stop = new AbortController();
  const ended = pipeline.run(stop.signal);
  const view = new LivePipelineView(pipeline, "0.0.0");
  try {
    await clock.advance(0);
    const first = view.windows({ limit: 2 });
    // The watermark stands at 0: the window before it is forgotten.
    expect(first).toEqual({
      windows: [
        { rule: "one", window_start: 0, window_end: 60, series: 1, count: 1, fired: false },
        { rule: "one", window_start: 60, window_end: 120, series: 1, count: 1, fired: false },
      ],
      next: "one@60000000",
    });
    await clock.advance(6_000); // forgets both
    const second = view.windows({ limit: 2, after: first.next! });
    expect(second.windows.map(({ rule, window_start }) => [rule, window_start])).toEqual([
      ["one", 180],
      ["two", 180],
    ]);
    expect(second.next).toBeNull();
    const one = view.windows({ limit: 1 });
    expect(one.next).toBe("one@180000000");
    expect(view.windows({ limit: 1, after: "two@-60000000" }).windows).toHaveLength(1);
    expect(view.windows({ limit: 1, after: "two@180000000" })).toEqual({ windows: [], next: null });
  } finally {
    stop.abort();
    await ended;
    state.close();
    rmSync(dir, { recursive: true });
  }
});
