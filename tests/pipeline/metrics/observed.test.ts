import { describe, expect, test } from "bun:test";
import { type EpochMicros, epochMicros } from "../../../src/core/time.ts";
import { Disorder } from "../../../src/pipeline/metrics/disorder.ts";
import { Processor } from "../../../src/pipeline/processor.ts";
import { PageMemory } from "../../support/page-memory.ts";
import { scriptedSink } from "../../support/scripted-sink.ts";
import { batchOf, scriptedSource } from "../../support/scripted-source.ts";
import { settingsOf } from "../../support/settings.ts";

const T = 1_699_999_980; // a whole minute
const NOW: EpochMicros = epochMicros((T + 60) * 1e6);

/** More than the 64 or so events that are always looked at. */
const LARGE = 300;

function processorOf(observer: Disorder): Processor {
  const settings = settingsOf({
    source: scriptedSource([]).settings,
    sinks: [scriptedSink("main").settings],
  });
  return new Processor(settings, { seed: 5, nowMs: 0, onRefusal: () => {}, observer });
}

/** The times that come again and again: one of them 4 s behind the one before. */
function lines(count: number): object[] {
  return Array.from({ length: count }, (_, i) => {
    return { name: "cpu", value: 1, timestamp: T + (i % 2 === 0 ? 5 : 1) };
  });
}

/** Events in buckets that hold any, by their bound. */
function counted({ buckets }: Disorder): Record<string, number> {
  const entries = [...buckets.counts].map((n, i) => [String(buckets.bounds[i] ?? "more"), n]);
  return Object.fromEntries(entries.filter(([, n]) => n !== 0));
}

describe("Processor with an observer of disorder", () => {
  test("counts events that were added where they were decoded as those that it looked at", () => {
    const disorder = new Disorder();
    const processor = processorOf(disorder);
    for (let i = 0; i <= 10; i++) {
      processor.add(batchOf(lines(LARGE)), { now: NOW, nowMs: i * 10 });
      processor.rows();
    }
    expect(processor.engine.ledger).toMatchObject({ received: 11 * LARGE, aggregated: 11 * LARGE });
    expect(counted(disorder)).toEqual({ 0: (11 * LARGE) / 2, 5: (11 * LARGE) / 2 });
  });

  test("takes lines that are no events, our own metrics and dead letters for none", () => {
    const disorder = new Disorder();
    const processor = processorOf(disorder);
    const add = (of: readonly (object | string)[], nowMs: number): void =>
      processor.add(batchOf(of), { now: NOW, nowMs });
    const strangers = [
      ...Array.from({ length: LARGE }, () => "nonsense, and a lot of it: it goes on and on"),
      ...Array.from({ length: LARGE }, () => {
        return { name: "aggregator.uptime", value: 1, timestamp: T };
      }),
    ];
    add(lines(LARGE), 0);
    add([...strangers, ...lines(LARGE)], 10);
    // It would be time to look: they leave it to the next batch.
    processor.addReturned(batchOf(lines(LARGE)), { now: NOW, nowMs: 100 });
    add(lines(LARGE), 101);
    expect(processor.engine.ledger).toMatchObject({ invalid: LARGE, filtered: LARGE });
    expect(counted(disorder)).toEqual({ 0: (3 * LARGE) / 2, 5: (3 * LARGE) / 2 });
  });

  test("goes on from the newest event of before a restart, or of the configuration before", () => {
    const disorder = new Disorder();
    const memory = new PageMemory();
    const first = processorOf(disorder);
    first.add(batchOf([{ name: "cpu", value: 1, timestamp: T + 30 }]), { now: NOW, nowMs: 0 });
    first.rows();
    memory.apply(first.changes());
    const second = processorOf(disorder);
    second.restore(memory.pages);
    second.add(batchOf([{ name: "cpu", value: 1, timestamp: T + 27 }]), { now: NOW, nowMs: 0 });
    expect(counted(disorder)).toEqual({ 0: 1, 5: 1 });
  });
});
