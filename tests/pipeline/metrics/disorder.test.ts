import { describe, expect, test } from "bun:test";
import { EventColumns } from "../../../src/core/columns.ts";
import { epochMicros } from "../../../src/core/time.ts";
import type { Arrival } from "../../../src/engine/engine.ts";
import { Disorder } from "../../../src/pipeline/metrics/disorder.ts";

const NOW = 1_700_000_000;

function columnsOf(times: readonly number[]): EventColumns {
  const columns = new EventColumns(times.length);
  columns.time.set(times.map((seconds) => seconds * 1e6));
  columns.length = times.length;
  return columns;
}

function arrivalAt(partition: string | undefined): Arrival {
  return { partition, now: epochMicros(NOW * 1e6), nowMs: 0 };
}

/** Events in buckets that hold any, by their bound. */
function counted({ buckets }: Disorder): Record<string, number> {
  const entries = [...buckets.counts].map((n, i) => [String(buckets.bounds[i] ?? "more"), n]);
  return Object.fromEntries(entries.filter(([, n]) => n !== 0));
}

describe("Disorder", () => {
  test("tells how far each event is behind the newest one of its partition", () => {
    const disorder = new Disorder();
    disorder.add(columnsOf([100, 110, 109.95, 106, 110, 111]), arrivalAt("a"));
    expect(counted(disorder)).toEqual({ 0: 4, 0.1: 1, 5: 1 });
    expect(disorder.buckets.sum).toBeCloseTo(4.05, 6);
    // The newest goes on over batches, and each partition has its own.
    disorder.add(columnsOf([101]), arrivalAt("a"));
    disorder.add(columnsOf([5]), arrivalAt("b"));
    expect(counted(disorder)).toEqual({ 0: 5, 0.1: 1, 5: 1, 30: 1 });
  });

  test("is not misled by an event ahead of the clock, nor by what comes back from the dead letters", () => {
    const disorder = new Disorder();
    disorder.add(columnsOf([NOW - 1, NOW + 86_400, NOW - 1]), arrivalAt("a"));
    disorder.add(columnsOf([NOW - 3600]), arrivalAt(undefined));
    expect(counted(disorder)).toEqual({ 0: 3 });
  });

  test("of a large batch it looks at some, which count for all", () => {
    const disorder = new Disorder();
    // Every event is 20 s behind the one at the start, and the last one the newest of all.
    const times = Array.from({ length: 8191 }, (_, i) => (i === 0 ? 1020 : 1000));
    disorder.add(columnsOf([...times, 1050]), arrivalAt("a"));
    expect(disorder.buckets.count).toBe(8192);
    expect(counted(disorder)).toEqual({ 0: 32, 30: 8160 });
    disorder.add(columnsOf([1000]), arrivalAt("a"));
    expect(counted(disorder)).toEqual({ 0: 32, 30: 8160, 60: 1 });
  });

  test("the newest of a large batch is found wherever it stands, also beside one ahead of the clock", () => {
    for (const at of [0, 1, 30, 31, 32, 4000, 8190]) {
      const disorder = new Disorder();
      const times = Array.from({ length: 8192 }, (_, i): number => (i === at ? 500 : 1));
      times[at + 1] = NOW + 3600;
      disorder.add(columnsOf(times), arrivalAt("a"));
      const before = counted(disorder)[1800] ?? 0;
      disorder.add(columnsOf([1]), arrivalAt("a"));
      expect(counted(disorder)[1800]).toBe(before + 1);
      expect(counted(disorder)[3600]).toBeUndefined();
    }
  });
});
