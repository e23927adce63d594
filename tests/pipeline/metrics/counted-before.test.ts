import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../../src/core/logger.ts";
import { collectPipeline } from "../../../src/pipeline/metrics/collect-pipeline.ts";
import { MetricSet } from "../../../src/pipeline/metrics/metric-set.ts";
import { Pipeline } from "../../../src/pipeline/pipeline.ts";
import { LivePipelineView } from "../../../src/pipeline/pipeline-view.ts";
import { State } from "../../../src/state/state.ts";
import { scriptedSink } from "../../support/scripted-sink.ts";
import { batchOf, type Step, scriptedSource } from "../../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../../support/settings.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const T = 1_699_999_980; // a whole minute, an hour before the clock of the tests

const dir = mkdtempSync(join(tmpdir(), "counted-before-"));

afterAll(() => rmSync(dir, { recursive: true }));

let states = 0;

function newState(): string {
  return join(dir, String(states++));
}

interface Run {
  readonly lines: readonly (object | string)[];
  readonly rules?: readonly string[];
  readonly former?: Pipeline;
}

const clock = new VirtualClock(T + 3600);

/** A pipeline over the state takes these lines, each in a batch and a checkpoint of its own. */
async function ran(state: State, { lines, rules = ["a"], former }: Run): Promise<Pipeline> {
  const steps = lines.map((line): Step => ({ kind: "batch", batch: batchOf([line]) }));
  const settings = settingsOf({
    source: scriptedSource(steps).settings,
    sinks: [scriptedSink("main").settings],
    rules: rules.map((name) => ruleOf({ name })),
  });
  const options = { clock, logger: silentLogger, state, log: undefined, random: () => 0.5 };
  const pipeline = new Pipeline(settings, former === undefined ? options : { ...options, former });
  const stop = new AbortController();
  const ended = pipeline.run(stop.signal);
  await clock.advance(4_000);
  if (former === undefined) pipeline.leave({ keepsReader: false });
  else stop.abort();
  await clock.advance(31_000);
  await ended;
  return pipeline;
}

function opened(name: string): State {
  return State.open({ dir: name, pipeline: "test", share: "0/1", sinks: ["main"], now: T });
}

/** Counters above 0, by name and labels. */
function counted(pipeline: Pipeline): Record<string, number> {
  const set = new MetricSet();
  collectPipeline(set, pipeline, new LivePipelineView(pipeline, "0.0.0").status());
  const counts = set.families.flatMap((family) =>
    family.kind === "scalar" && /_(?:events|fired|ids_evicted|lost)_total$/.test(family.name)
      ? family.points.map(({ labels, value }) => {
          return [[family.name, ...Object.values(labels)].join(" "), value] as const;
        })
      : [],
  );
  return Object.fromEntries(counts.filter(([, value]) => value !== 0));
}

function event(timestamp: number): object {
  return { name: "cpu", value: 1, timestamp };
}

describe("CountedBefore", () => {
  test("metrics count from the start of the process, the account goes on", async () => {
    const name = newState();
    const first = opened(name);
    const before = await ran(first, { lines: [event(T), "nonsense", event(T + 65)] });
    expect(counted(before)).toEqual({
      "aggregator_events_total aggregated": 2,
      "aggregator_events_total invalid": 1,
      "aggregator_rule_events_total a aggregated": 2,
      "aggregator_windows_fired_total a": 1,
    });
    first.close();
    const second = opened(name);
    const after = await ran(second, { lines: [event(T + 130)] });
    expect(counted(after)).toEqual({
      "aggregator_events_total aggregated": 1,
      "aggregator_rule_events_total a aggregated": 1,
      "aggregator_windows_fired_total a": 1,
    });
    expect(after.processor.engine.ledger).toMatchObject({ received: 4, aggregated: 3, invalid: 1 });
    second.close();
  });

  test("a reload does not begin anew; a rule that comes back counts from 0", async () => {
    const name = newState();
    const earlier = opened(name);
    await ran(earlier, { lines: [event(T), event(T + 65)], rules: ["a", "b"] });
    earlier.close();
    const state = opened(name);
    const first = await ran(state, { lines: [event(T + 130)], rules: ["a", "b"] });
    const second = await ran(state, { lines: [event(T + 190)], rules: ["a"], former: first });
    expect(counted(second)).toMatchObject({
      "aggregator_events_total aggregated": 2,
      "aggregator_rule_events_total a aggregated": 2,
    });
    const third = await ran(state, { lines: [event(T + 250)], rules: ["a", "b"], former: second });
    expect(counted(third)).toMatchObject({
      "aggregator_events_total aggregated": 3,
      "aggregator_rule_events_total a aggregated": 3,
      "aggregator_rule_events_total b aggregated": 1,
    });
    state.close();
  });
});
