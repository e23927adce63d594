import { describe, expect, test } from "bun:test";
import { busFunctions as aggregations, byEvent } from "../../src/aggregations/list.ts";
import { PageCollector, StoredPages } from "../../src/core/stored.ts";
import { SeriesTable } from "../../src/engine/series-table.ts";

const named = {
  kind: "named",
  functions: aggregations.map((aggregation) => ({ key: aggregation.name, aggregation })),
} as const;

describe("SeriesTable", () => {
  test("gives each function of an event cells of its own, and no more than it needs", () => {
    const table = new SeriesTable(byEvent, 100);
    expect(table.stride).toBe(5);
    // A count before the cells of sum, avg, min, max, count.
    const offsets = [0, 1, 2, 3, 4].map((fn) => table.add(7 * 5 + fn));
    expect([...offsets, table.cellCount]).toEqual([0, 3, 6, 8, 10, 11]);
    expect([table.groupOf(38), table.functionOf(38)]).toEqual([7, 3]);
  });

  test("lets all named functions share one count", () => {
    const table = new SeriesTable(named, 100);
    expect([table.add(0), table.add(1), table.cellCount, table.size]).toEqual([0, 7, 14, 10]);
    expect(table.functions[0]!.functions.map(({ key, at }) => [key, at])).toEqual([
      ["sum", 1],
      ["avg", 3],
      ["min", 5],
      ["max", 6],
      ["count", 7],
    ]);
  });

  test("refuses a series beyond the bound, each function counted", () => {
    const table = new SeriesTable(named, 9);
    expect([table.add(0), table.add(1), table.size]).toEqual([0, -1, 5]);
  });

  test("grows to any key, and gives released cells to keys of the same width", () => {
    const table = new SeriesTable(byEvent, 100);
    const sum = table.add(1_000_000);
    const min = table.add(1_000_002);
    expect(table.offsets[1_000_000]).toBe(sum);
    expect(table.release((key) => key !== 1_000_000)).toBe(1);
    expect(table.offsets[1_000_000]).toBe(-1);
    expect(table.add(3)).not.toBe(sum); // max is narrower than sum
    expect(table.add(1)).toBe(sum); // avg is as wide
    expect([table.size, table.offsets[1_000_002]]).toEqual([3, min]);
  });

  test("knows the groups with several functions, as these come and go", () => {
    const table = new SeriesTable(byEvent, 100);
    for (const key of [7 * 5, 7 * 5 + 1, 8 * 5, 9 * 5 + 2, 9 * 5 + 4]) table.add(key);
    expect([...table.mixed]).toEqual([7, 9]);
    expect(table.functionsOf(9)).toEqual([2, 4]);
    table.release((key) => key !== 7 * 5);
    expect([...table.mixed]).toEqual([9]);
    const numbers = new Int32Array(10).fill(-1);
    for (const [number, group] of [7, 8, 9].entries()) numbers[group] = number;
    table.renumber(numbers);
    expect([[...table.mixed], table.functionsOf(2)]).toEqual([[2], [2, 4]]);
    const pages = new PageCollector();
    table.changes("rule/r", pages);
    const other = new SeriesTable(byEvent, 100);
    other.restore("rule/r", new StoredPages(pages.put));
    expect([...other.mixed]).toEqual([2]);
  });

  test("follows names that are numbered anew", () => {
    const table = new SeriesTable(byEvent, 100);
    const offset = table.add(9 * 5 + 2);
    const inUse = new Uint8Array(10);
    table.markGroups(inUse);
    expect(inUse.indexOf(1)).toBe(9);
    const numbers = new Int32Array(10).fill(-1);
    numbers[9] = 0;
    table.renumber(numbers);
    expect([table.offsets[2], table.offsets[47]]).toEqual([offset, -1]);
  });
});
