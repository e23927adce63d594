import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ResultRow } from "../../src/core/result.ts";
import { RecentResults } from "../../src/pipeline/recent-results.ts";
import { check } from "../support/effort.ts";

function rowOf(more: Partial<ResultRow> = {}): ResultRow {
  return {
    id: "",
    pipeline: "p",
    rule: "r",
    name: "cpu",
    labels: {},
    agg_func: "sum",
    window_start: 0,
    window_end: 10,
    value: 1,
    count: 1,
    revision: 0,
    ...more,
  };
}

const CPU = { rule: "r", name: "cpu", agg_func: "sum", labels: "{}" } as const;

describe("RecentResults", () => {
  test("gives the rows of one series, oldest first", () => {
    const recent = new RecentResults();
    recent.add([rowOf({ window_start: 10 }), rowOf({ name: "other", window_start: 10 })]);
    recent.add([rowOf({ window_start: 20, value: 2, labels: {} })]);
    const { rows } = recent.results({ ...CPU, limit: 10 });
    expect(rows.map((row) => [row.name, row.window_start, row.value])).toEqual([
      ["cpu", 10, 1],
      ["cpu", 20, 2],
    ]);
  });

  test("gives the last revision of a window, and none that was withdrawn", () => {
    const recent = new RecentResults();
    recent.add([rowOf(), rowOf({ window_start: 10 }), rowOf({ value: 5, revision: 1 })]);
    recent.add([rowOf({ window_start: 10, value: null, withdrawn: true, revision: 1 })]);
    const { rows } = recent.results({ ...CPU, limit: 10 });
    expect(rows.map((row) => [row.window_start, row.value, row.revision])).toEqual([[0, 5, 1]]);
  });

  test("the labels tell series apart, whatever they are called", () => {
    const recent = new RecentResults();
    const labels = Object.assign(Object.create(null) as Record<string, string>, {
      2: "b",
      10: "a",
      ["__proto__"]: "c",
    });
    recent.add([rowOf(), rowOf({ labels, value: 2 })]);
    const { rows } = recent.results({
      ...CPU,
      labels: '{"10":"a","2":"b","__proto__":"c"}',
      limit: 10,
    });
    expect(rows.map(({ value }) => value)).toEqual([2]);
    expect(Object.entries(rows[0]!.labels).sort(([a], [b]) => (a < b ? -1 : 1))).toEqual([
      ["10", "a"],
      ["2", "b"],
      ["__proto__", "c"],
    ]);
    expect(recent.results({ ...CPU, limit: 10 }).rows).toHaveLength(1);
  });

  test("what does not fit goes, the oldest first, and with its last row a series", () => {
    const recent = new RecentResults({ rowsMax: 3 });
    recent.add([rowOf({ name: "a" }), rowOf({ name: "b" }), rowOf({ name: "c" })]);
    recent.add([rowOf({ name: "d" })]);
    expect(recent.rowCount).toBe(3);
    expect(recent.series({ search: "", limit: 9 }).series.map(({ name }) => name)).toEqual([
      "b",
      "c",
      "d",
    ]);
    expect(recent.results({ ...CPU, name: "a", limit: 9 }).rows).toEqual([]);
    recent.add(Array.from({ length: 10 }, (_, i) => rowOf({ name: "e", window_start: i })));
    expect(recent.results({ limit: 9 }).rows.map((row) => row.window_start)).toEqual([7, 8, 9]);
    expect(recent.seriesCount).toBe(1);
  });

  test("rows of more series than there is room for are not kept", () => {
    const recent = new RecentResults({ seriesMax: 2 });
    recent.add([
      rowOf({ name: "a" }),
      rowOf({ name: "b" }),
      rowOf({ name: "c" }),
      rowOf({ name: "a", window_start: 10 }),
    ]);
    expect(recent.seriesCount).toBe(2);
    expect(recent.results({ limit: 9 }).rows.map(({ name }) => name)).toEqual(["a", "b", "a"]);
  });

  test("rows behind a number, and how many of them were too many", () => {
    const recent = new RecentResults({ rowsMax: 4 });
    expect(recent.since(0, 2)).toEqual({ rows: [], skipped: 0 });
    recent.add(Array.from({ length: 6 }, (_, i) => rowOf({ window_start: i })));
    const starts = (after: number, limit: number): unknown => {
      const { rows, skipped } = recent.since(after, limit);
      return [rows.map((row) => row.window_start), skipped];
    };
    expect(recent.added).toBe(4); // of six in one go, two had no room at all
    expect(starts(0, 10)).toEqual([[2, 3, 4, 5], 0]);
    expect(starts(1, 2)).toEqual([[4, 5], 1]);
    expect(starts(4, 2)).toEqual([[], 0]);
    expect(starts(99, 2)).toEqual([[], 0]);
  });

  test("an answer is the same one until it would be another", () => {
    const recent = new RecentResults();
    recent.add([rowOf()]);
    const first = recent.results({ ...CPU, limit: 10 });
    expect(recent.results({ ...CPU, limit: 10 })).toBe(first);
    const found = recent.series({ search: "cpu", limit: 10 });
    expect(recent.series({ search: " cpu  ", limit: 10 })).toBe(found);
    recent.add([rowOf({ window_start: 10 })]);
    expect(recent.results({ ...CPU, limit: 10 })).not.toBe(first);
    // No series came or went.
    expect(recent.series({ search: "cpu", limit: 10 })).toBe(found);
  });

  test("finds series by every word, in any case, those that begin with the first word before others", () => {
    const recent = new RecentResults();
    recent.add([
      rowOf({ name: "http.cpu" }),
      rowOf({ name: "CPU.busy", agg_func: "avg" }),
      rowOf({ name: "cpu.idle", labels: { host: "Édge-1" } }),
    ]);
    const names = (search: string): string[] =>
      recent.series({ search, limit: 9 }).series.map(({ name }) => name);
    expect(names("cpu")).toEqual(["CPU.busy", "cpu.idle", "http.cpu"]);
    expect(names("cpu avg")).toEqual(["CPU.busy"]);
    expect(names("édge")).toEqual(["cpu.idle"]);
    expect(names("cpu nothing")).toEqual([]);
    expect(names("\u0000")).toEqual([]);
  });

  test("equals a list that is searched from end to end", () => {
    const name = fc.constantFrom("a", "ab", "b.a", "B", "ba");
    const row = fc.record({
      name,
      agg_func: fc.constantFrom("sum", "avg"),
      window_start: fc.integer({ min: 0, max: 5 }),
      value: fc.integer({ min: 0, max: 9 }),
    });
    check(
      fc.tuple(
        fc.array(fc.array(row, { maxLength: 6 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom("", "a", "b a", "sum"),
      ),
      300,
      ([batches, rowsMax, search]) => {
        const recent = new RecentResults({ rowsMax });
        const all: ResultRow[] = [];
        for (const batch of batches) {
          const rows = batch.map((one) => rowOf(one));
          recent.add(rows);
          all.push(...rows);
          const held = all.slice(-rowsMax);
          const series = new Set(held.map((one) => `${one.name} ${one.agg_func} r`.toLowerCase()));
          const words = search.split(" ").filter(Boolean);
          const found = recent.series({ search, limit: 99 });
          expect(found.matched).toBe(
            [...series].filter((text) => words.every((word) => text.includes(word))).length,
          );
          for (const one of held) {
            const last = new Map(
              held
                .filter((other) => other.name === one.name && other.agg_func === one.agg_func)
                .map((other) => [other.window_start, other.value]),
            );
            const { rows: given } = recent.results({
              ...CPU,
              name: one.name,
              agg_func: one.agg_func,
              limit: 99,
            });
            expect(new Map(given.map((other) => [other.window_start, other.value]))).toEqual(last);
          }
        }
      },
    );
  });

  test("of 50,000 series those that match are found, and no more than asked for", () => {
    const recent = new RecentResults();
    recent.add(
      Array.from({ length: 50_000 }, (_, i) =>
        rowOf({ name: `sensor.${i % 100}.line.${i}`, labels: { host: `edge-${i % 7}` } }),
      ),
    );
    const found = (search: string) => recent.series({ search, limit: 50 }).series.length;
    expect(found("sensor")).toBe(50);
    expect(found("line.49999")).toBe(1);
    expect(found("no such thing")).toBe(0);
  });
});
