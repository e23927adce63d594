import { expect, test } from "bun:test";
import type { History, HistoryQuery } from "../../src/core/history.ts";
import type { ResultRow } from "../../src/core/result.ts";
import { rowOf } from "../support/sink-writing.ts";

/** A store that was filled, and what its sink reads back. */
export interface HistoryStage {
  write(rows: readonly ResultRow[]): Promise<void>;
  read(query: HistoryQuery): Promise<History>;
}

const T = 1_700_000_040;

export const HISTORY_QUERY: HistoryQuery = {
  pipeline: "plant-7",
  rule: "per_minute",
  name: "cpu",
  labels: '{"host":"a"}',
  agg_func: "avg",
  from: T,
  to: T + 60_000,
  pointsMax: 1_000,
};

/** Row `n` of the series, a minute after the one before. */
export function historyRow(n: number, changes: Partial<ResultRow> = {}): ResultRow {
  return rowOf(n, {
    name: "cpu",
    labels: { host: "a" },
    agg_func: "avg",
    window_start: T + 60 * n,
    window_end: T + 60 * n + 60,
    value: n % 10,
    ...changes,
  });
}

/** The promise of `SinkDefinition.history`. */
export function testHistory(prepare: () => Promise<HistoryStage>): void {
  test("gives the windows of one series, and of no other", async () => {
    const { write, read } = await prepare();
    await write([
      historyRow(1, { value: null, overflow: true }),
      historyRow(0),
      historyRow(2, { id: rowOf(90).id, rule: "other" }),
      historyRow(2, { id: rowOf(91).id, labels: { host: "b" } }),
      historyRow(2, { id: rowOf(92).id, labels: {} }),
      historyRow(2, { id: rowOf(93).id, agg_func: "max" }),
      historyRow(2, { id: rowOf(94).id, name: "cpu2" }),
      historyRow(2, { id: rowOf(95).id, pipeline: "plant-8" }),
      historyRow(-1, { id: rowOf(96).id }),
      historyRow(1_000),
      historyRow(3, { window_start: T + 180.25 }),
    ]);
    expect(await read(HISTORY_QUERY)).toEqual({
      points: [
        { start: T, end: T + 60, min: 0, max: 0, avg: 0, windows: 1 },
        { start: T + 60, end: T + 120, min: null, max: null, avg: null, windows: 1 },
        { start: T + 180.25, end: T + 240, min: 3, max: 3, avg: 3, windows: 1 },
      ],
      stepSeconds: null,
      wholeFrom: T,
    });
    expect((await read({ ...HISTORY_QUERY, name: "none" })).points).toEqual([]);
  });

  test("puts windows together by least, greatest and mean, and loses none", async () => {
    const { write, read } = await prepare();
    const rows = Array.from({ length: 1_000 }, (_, n) => historyRow(n));
    rows[617] = historyRow(617, { value: 9_999 });
    rows[300] = historyRow(300, { value: null, overflow: true });
    await write(rows);
    const { points, stepSeconds } = await read({ ...HISTORY_QUERY, pointsMax: 50 });
    expect(points.length).toBeLessThanOrEqual(50);
    expect(points.length).toBeGreaterThan(30);
    expect(stepSeconds).toBe(1_800);
    expect(points.reduce((sum, { windows }) => sum + windows, 0)).toBe(1_000);
    expect(points.filter(({ max }) => max === 9_999)).toHaveLength(1);
    for (const { start, end, min, max, avg } of points) {
      expect(end).toBeGreaterThan(start);
      expect(min!).toBeLessThanOrEqual(avg!);
      expect(max!).toBeGreaterThanOrEqual(avg!);
    }
    const starts = points.map(({ start }) => start);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  });

  test("takes names and labels as they are, and any time", async () => {
    const { write, read } = await prepare();
    const name = `'; drop table "x" -- ☃`;
    const labels = '{"__proto__":"\\"\'","ключ":"\\\\"}';
    await write([historyRow(0, { name, labels: JSON.parse(labels) as Record<string, string> })]);
    const query = { ...HISTORY_QUERY, name, labels, from: -999_999_999_999, to: 999_999_999_999 };
    expect((await read(query)).points).toHaveLength(1);
  });
}
