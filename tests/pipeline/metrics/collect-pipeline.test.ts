import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TransientError } from "../../../src/core/errors.ts";
import { silentLogger } from "../../../src/core/logger.ts";
import type { Settings } from "../../../src/core/settings.ts";
import { durationMicros } from "../../../src/core/time.ts";
import { Pipeline } from "../../../src/pipeline/pipeline.ts";
import { LivePipelineView } from "../../../src/pipeline/pipeline-view.ts";
import { State } from "../../../src/state/state.ts";
import { scriptedSink, type WriteStep } from "../../support/scripted-sink.ts";
import { batchOf, type Step, scriptedSource } from "../../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../../support/settings.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const T = 1_699_999_980; // a whole minute, an hour before the clock of the tests

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** The metrics of a pipeline that ran for four seconds over these batches, by name and labels. */
async function scrape(
  batches: readonly (readonly (object | string)[])[],
  more: Partial<Settings> & { readonly writes?: readonly WriteStep[] } = {},
): Promise<Map<string, number>> {
  const dir = mkdtempSync(join(tmpdir(), "prometheus-"));
  folders.push(dir);
  const clock = new VirtualClock(T + 3600);
  const steps = batches.map((lines): Step => ({ kind: "batch", batch: batchOf(lines) }));
  const { writes, ...settings } = more;
  const pipeline = new Pipeline(
    settingsOf({
      source: scriptedSource(steps).settings,
      sinks: [scriptedSink("main", writes).settings],
      ...settings,
    }),
    {
      clock,
      logger: silentLogger,
      state: State.open({ dir, pipeline: "test", share: "0/1", sinks: ["main"], now: T }),
      log: undefined,
      random: () => 0.5,
    },
  );
  const stop = new AbortController();
  const ended = pipeline.run(stop.signal);
  await clock.advance(4_000);
  const text = await new LivePipelineView(pipeline, "0.0.0").prometheus();
  stop.abort();
  await clock.advance(31_000); // a stop waits so long for a sink
  await ended;
  return new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => {
        const space = line.lastIndexOf(" ");
        return [line.slice(0, space), Number(line.slice(space + 1))];
      }),
  );
}

function event(name: string, value: number, timestamp: number, more: object = {}): object {
  return { name, value, timestamp, ...more };
}

describe("collectPipeline()", () => {
  test("counts the windows that fired, and apart from them those that fired again", async () => {
    const rules = [
      ruleOf({ name: "patient", allowedLateness: durationMicros(600e6) }),
      ruleOf({ name: "strict" }),
    ];
    const metrics = await scrape(
      [
        [event("cpu", 1, T), event("cpu", 1, T + 130)],
        [event("cpu", 1, T + 1), event("cpu", 1, T + 2), event("cpu", 1, T + 61)],
        [event("cpu", 1, T + 3)],
      ],
      { rules },
    );
    expect(metrics.get('aggregator_windows_fired_total{rule="patient"}')).toBe(2);
    // The first window twice, once for each batch of late events.
    expect(metrics.get('aggregator_revisions_total{rule="patient"}')).toBe(2);
    expect(metrics.get('aggregator_windows_open{rule="patient"}')).toBe(1);
    expect(metrics.get('aggregator_series_active{rule="patient"}')).toBe(1);
    expect(metrics.get('aggregator_windows_fired_total{rule="strict"}')).toBe(1);
    expect(metrics.get('aggregator_revisions_total{rule="strict"}')).toBe(0);
  });

  test("counts every event by what became of it", async () => {
    const metrics = await scrape(
      [
        [
          event("cpu", 1, T, { id: "one" }),
          event("cpu", 1, T, { id: "one" }),
          event("mem", 1, T),
          event("cpu", 1, T + 86_400),
          event("cpu", 1, T + 86_400),
          event("aggregator.uptime", 1, T),
          "nonsense",
          "nonsense",
          "nonsense",
          event("cpu", 1, T + 120),
          event("cpu", 1, T),
        ],
      ],
      { rules: [ruleOf({ seriesMax: 1 })] },
    );
    const outcomes = Object.fromEntries(
      ["aggregated", "filtered", "duplicate", "late", "future", "invalid", "over_limit"].map(
        (outcome) => [outcome, metrics.get(`aggregator_events_total{outcome="${outcome}"}`)],
      ),
    );
    expect(outcomes).toEqual({
      aggregated: 2,
      filtered: 1,
      duplicate: 1,
      late: 1,
      future: 2,
      invalid: 3,
      over_limit: 1,
    });
    expect(metrics.get("aggregator_dead_letters_stored")).toBe(7);
    expect(metrics.get("aggregator_event_lateness_seconds_count")).toBe(1);
    // The watermark was 55 s beyond the window of the late event.
    expect(metrics.get("aggregator_event_lateness_seconds_sum")).toBe(55);
  });

  test("shows what waits for a sink, how often it failed, and where event time is", async () => {
    const away = new TransientError("gone", { retryAfterMs: 10_000 });
    const metrics = await scrape(
      [[event("cpu", 1, T), event("mem", 1, T), event("cpu", 1, T + 65)]],
      { writes: [{ before: away }] },
    );
    expect(metrics.get('aggregator_outbox_rows{sink="main"}')).toBe(2);
    expect(metrics.get('aggregator_sink_errors_total{sink="main"}')).toBe(1);
    expect(metrics.get('aggregator_rows_written_total{sink="main"}')).toBe(0);
    expect(metrics.get("aggregator_watermark_seconds")).toBe(T + 60);
    expect(metrics.get("aggregator_watermark_lag_seconds")).toBe(3_544);
    expect(metrics.get("aggregator_source_last_event_age_seconds")).toBe(4);
    expect(metrics.get("aggregator_source_connected")).toBe(1);
    expect(metrics.get("aggregator_uptime_seconds")).toBe(4);
  });

  test("shows the way to each sink: how late rows are there, what waits and for how long, what is refused", async () => {
    const away = new TransientError("gone");
    const refused = { refuse: [{ index: 1, reason: "too wide" }] };
    const metrics = await scrape(
      [
        [event("cpu", 1, T), event("mem", 1, T), event("cpu", 1, T + 65)],
        [event("cpu", 1, T + 125), event("mem", 1, T + 70)],
      ],
      {
        writes: [
          { before: away },
          refused,
          { before: new TransientError("gone", { retryAfterMs: 60_000 }) },
        ],
      },
    );
    expect(metrics.get('aggregator_sink_errors_total{sink="main"}')).toBe(2);
    expect(metrics.get('aggregator_sink_reconnects_total{sink="main"}')).toBe(1);
    expect(metrics.get('aggregator_rows_written_total{sink="main"}')).toBe(1);
    expect(metrics.get('aggregator_rows_refused_total{sink="main"}')).toBe(1);
    expect(metrics.get('aggregator_dead_letters_total{reason="refused"}')).toBe(1);
    expect(metrics.get('aggregator_sink_connected{sink="main"}')).toBe(0);
    expect(metrics.get('aggregator_sink_breaker_state{sink="main",state="open"}')).toBe(1);
    expect(metrics.get('aggregator_sink_breaker_state{sink="main",state="closed"}')).toBe(0);
    expect(metrics.get('aggregator_outbox_rows{sink="main"}')).toBe(1);
    expect(metrics.get('aggregator_outbox_bytes{sink="main"}')).toBeGreaterThan(100);
    expect(metrics.get("aggregator_outbox_limit_bytes")).toBe(1024 ** 3);
    expect(metrics.get('aggregator_outbox_age_seconds{sink="main"}')).toBe(4);
    expect(metrics.get('aggregator_sink_write_seconds_count{sink="main"}')).toBe(1);
    // The window ended an hour ago, but for its minute.
    expect(metrics.get('aggregator_row_delay_seconds_count{sink="main"}')).toBe(1);
    expect(metrics.get('aggregator_row_delay_seconds_bucket{sink="main",le="1800.0"}')).toBe(0);
    expect(metrics.get('aggregator_row_delay_seconds_bucket{sink="main",le="3600.0"}')).toBe(1);
  });

  test("shows batches, checkpoints, bytes and how events are ordered", async () => {
    const lines = [event("cpu", 1, T), event("cpu", 1, T + 4), event("cpu", 1, T + 1)];
    const metrics = await scrape([lines]);
    expect(metrics.get("aggregator_event_disorder_seconds_count")).toBe(3);
    expect(metrics.get('aggregator_event_disorder_seconds_bucket{le="0.0"}')).toBe(2);
    expect(metrics.get("aggregator_event_disorder_seconds_sum")).toBe(3);
    expect(metrics.get("aggregator_source_read_bytes_total")).toBe(
      lines.reduce((sum, line) => sum + JSON.stringify(line).length + 1, 0),
    );
    expect(metrics.get("aggregator_batch_seconds_count")).toBeGreaterThan(0);
    expect(metrics.get("aggregator_state_bytes")).toBeGreaterThan(4096);
    expect(metrics.get("aggregator_state_disk_free_bytes")).toBeGreaterThan(0);
    expect(metrics.get("aggregator_state_disk_bytes")).toBeGreaterThan(
      metrics.get("aggregator_state_disk_free_bytes")!,
    );
    expect(metrics.get('aggregator_state{state="running"}')).toBe(1);
    expect(metrics.get('aggregator_state{state="paused"}')).toBe(0);
    expect(metrics.get("aggregator_problems")).toBe(0);
    expect(
      metrics.get('aggregator_rule_events_total{rule="per_minute",outcome="aggregated"}'),
    ).toBe(3);
    expect(metrics.get('aggregator_series_limit{rule="per_minute"}')).toBe(1000);
  });

  test("50,000 series of hostile names make it no longer, and none of them is in it", async () => {
    const rules = [ruleOf({ seriesMax: 100_000, groupBy: { name: true, labels: ["host"] } })];
    const hostile = ['x"} 1\n# HELP evil', "{}", "\\", "é\u2028", "aggregator_events_total"];
    const many = Array.from({ length: 50_000 }, (_, i) =>
      event(`${hostile[i % hostile.length]}${i}`, 1, T, { labels: { host: `evil${i}` } }),
    );
    const few = await scrape([[event("cpu", 1, T)]], { rules });
    const metrics = await scrape([many], { rules });
    expect(metrics.get('aggregator_series_active{rule="per_minute"}')).toBe(50_000);
    expect([...metrics.keys()]).toEqual([...few.keys()]);
    expect([...metrics.keys()].join()).not.toMatch(/evil|\\|é/);
  });
});
