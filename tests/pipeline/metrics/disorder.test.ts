import { describe, expect, test } from "bun:test";
import { EventColumns } from "../../../src/core/columns.ts";
import { epochMicros } from "../../../src/core/time.ts";
import { Disorder } from "../../../src/pipeline/metrics/disorder.ts";

const NOW = 1_700_000_000;

function columnsOf(times: readonly number[]): EventColumns {
  const columns = new EventColumns(times.length);
  columns.time.set(times.map((seconds) => seconds * 1e6));
  columns.length = times.length;
  return columns;
}

/** A batch comes, after events up to `newest` of its partition. */
function arrived(
  disorder: Disorder,
  times: readonly number[],
  {
    newest = -Infinity,
    nowMs = 0,
    partition = "a",
  }: { newest?: number; nowMs?: number; partition?: string | undefined } = {},
): void {
  const now = epochMicros(NOW * 1e6);
  if (disorder.wants(times.length * 100, nowMs)) {
    disorder.add(columnsOf(times), { partition, now, nowMs, newest: epochMicros(newest * 1e6) });
  } else disorder.passed(times.length);
}

/** Events in buckets that hold any, by their bound. */
function counted({ buckets }: Disorder): Record<string, number> {
  const entries = [...buckets.counts].map((n, i) => [String(buckets.bounds[i] ?? "more"), n]);
  return Object.fromEntries(entries.filter(([, n]) => n !== 0));
}

describe("Disorder", () => {
  test("tells how far each event is behind the newest one before it", () => {
    const disorder = new Disorder();
    arrived(disorder, [100, 110, 109.95, 106, 110, 111]);
    expect(counted(disorder)).toEqual({ 0: 4, 0.1: 1, 5: 1 });
    expect(disorder.buckets.sum).toBeCloseTo(4.05, 6);
    arrived(disorder, [101, 120, 119], { newest: 111 });
    expect(counted(disorder)).toEqual({ 0: 5, 0.1: 1, 1: 1, 5: 1, 30: 1 });
  });

  test("is not misled by an event ahead of the clock, nor by what comes back from the dead letters", () => {
    const disorder = new Disorder();
    arrived(disorder, [NOW - 1, NOW + 86_400, NOW - 1]);
    disorder.add(columnsOf([NOW - 3600]), {
      partition: undefined,
      now: epochMicros(NOW * 1e6),
      nowMs: 0,
      newest: epochMicros(NOW * 1e6),
    });
    expect(counted(disorder)).toEqual({ 0: 3 });
  });

  test("of large batches one is looked at now and then, and counts for those between", () => {
    const disorder = new Disorder();
    const large = (behind: number): number[] => Array.from({ length: 1000 }, () => 1000 - behind);
    const newest = 1000;
    arrived(disorder, large(20), { newest, nowMs: 0 });
    for (let ms = 1; ms < 100; ms++) arrived(disorder, large(3000), { newest, nowMs: ms });
    expect(counted(disorder)).toEqual({ 30: 1000 });
    // Small ones are looked at all the while, and count for themselves.
    arrived(disorder, [999.5], { newest, nowMs: 99 });
    expect(counted(disorder)).toEqual({ 1: 1, 30: 1000 });
    arrived(disorder, large(4), { newest, nowMs: 100 });
    expect(counted(disorder)).toEqual({ 1: 1, 5: 100_000, 30: 1000 });
    // What was told is no longer owed.
    arrived(disorder, large(4), { newest, nowMs: 200 });
    expect(counted(disorder)).toEqual({ 1: 1, 5: 101_000, 30: 1000 });
  });
});
