// What the state costs: a checkpoint in which every series changed, one in which a thousandth did, and the
// time to go on from it. `bun tests/bench/durability.ts`; part of `bun run bench`.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Processor } from "../../src/pipeline/processor.ts";
import { realClock } from "../../src/pipeline/real-clock.ts";
import { State } from "../../src/state/state.ts";
import { scriptedSink } from "../support/scripted-sink.ts";
import { batchOf, scriptedSource } from "../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../support/settings.ts";

const SIZES = [1_000, 100_000, 1_000_000];
const EVENTS_PER_BATCH = 10_000;

export function benchDurability(): void {
  console.log("");
  console.log("Durable state: one open window, one event of each series, sum (24 bytes a series)");
  const heads = ["series", "all: ms", "all: MiB", "1/1000: ms", "recovery ms"];
  console.log(heads.map((head) => head.padStart(12)).join(""));
  for (const series of SIZES) {
    const figures = measure(series);
    console.log(figures.map((figure) => figure.padStart(12)).join(""));
  }
}

function measure(series: number): string[] {
  const dir = mkdtempSync(join(tmpdir(), "aggregator-bench-"));
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
    return [series.toLocaleString("en-US"), ...[all, mib, few, recovery].map((n) => n.toFixed(1))];
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

if (import.meta.main) benchDurability();
