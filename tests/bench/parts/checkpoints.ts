import { rmSync } from "node:fs";
import { Processor } from "../../../src/pipeline/processor.ts";
import { realClock } from "../../../src/pipeline/real-clock.ts";
import { State } from "../../../src/state/state.ts";
import { scriptedSink } from "../../support/scripted-sink.ts";
import { batchOf, scriptedSource } from "../../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../../support/settings.ts";
import type { Part } from "../harness/bench.ts";
import { contest, median, type Sample } from "../harness/contest.ts";
import type { Table } from "../harness/table.ts";

const SIZES = [1_000, 100_000, 1_000_000];
const EVENTS_PER_BATCH = 10_000;

/** A checkpoint in which every series changed, one in which a thousandth did, and going on from it. */
export const checkpoints: Part = {
  name: "checkpoints",
  summary: "what a checkpoint and a restart cost, 1,000 to 1,000,000 series",
  async run(bench) {
    const standings = await contest(
      SIZES.map((series) => ({
        name: series.toLocaleString("en-US"),
        run: async () => measure(series, bench.folder()),
      })),
      bench,
    );
    const extra = [
      { key: "all", head: "all: ms", digits: 1 },
      { key: "mib", head: "all: MiB", digits: 1 },
      { key: "few", head: "1/1000: ms", digits: 1 },
      { key: "recovery", head: "recovery ms", digits: 1 },
    ];
    const table: Table = {
      title: "Durable state: one open window, one event of each series, sum (24 bytes a series)",
      columns: extra,
      rows: standings.map((standing) => ({
        name: `${standing.name} series`,
        cells: Object.fromEntries(
          extra.map(({ key }) => [key, median(standing, (sample) => sample.extra?.[key])]),
        ),
        samples: standing.samples,
      })),
    };
    return [table];
  },
};

function measure(series: number, dir: string): Sample {
  try {
    const settings = settingsOf({
      source: scriptedSource([]).settings,
      sinks: [scriptedSink("main").settings],
      rules: [ruleOf({ seriesMax: series })],
      state: { dir },
    });
    const open = (): State =>
      State.open({ dir, pipeline: "bench", share: "0/1", sinks: ["main"], now: 0 });
    const start = (): Processor =>
      new Processor(settings, { seed: 1, nowMs: 0, onRefusal: (refusal) => fail(refusal.detail) });

    const first = open();
    const processor = start();
    feed(processor, series, 1);
    const all = timeOf(() => checkpoint(first, processor));
    const mib = first.bytes / 2 ** 20;
    feed(processor, series, 1_000);
    const few = timeOf(() => checkpoint(first, processor));
    first.close();

    let restored: Processor | undefined;
    const recovery = timeOf(() => {
      const second = open();
      restored = start();
      restored.restore(second.pages());
      second.close();
    });
    const held = restored?.engine.rules[0]?.seriesCount;
    if (held !== series) fail(`${held} of ${series} series came back`);
    return { seconds: recovery / 1000, extra: { all, mib, few, recovery } };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function feed(processor: Processor, series: number, step: number): void {
  const timestamp = Math.floor(Date.now() / 60_000) * 60;
  let lines: object[] = [];
  const flush = (): void => {
    processor.add(batchOf(lines), { now: realClock.now(), nowMs: 0 });
    processor.rows();
    lines = [];
  };
  for (let i = 0; i < series; i += step) {
    lines.push({ name: `plant.line.sensor_${i}`, value: i, timestamp });
    if (lines.length === EVENTS_PER_BATCH) flush();
  }
  flush();
}

function checkpoint(state: State, processor: Processor): void {
  const pages = processor.changes();
  state.commit({ pages, cursor: "1", rows: new Map(), refusals: [], refusedAt: 0 });
}

function timeOf(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function fail(why: string): never {
  throw new Error(why);
}
