import { describe, expect, test } from "bun:test";
import { byEvent } from "../../src/aggregations/list.ts";
import { PAGE_CELLS, PageCollector, StoredPages } from "../../src/core/stored.ts";
import { FreeCells } from "../../src/engine/free-cells.ts";
import { SeriesTable } from "../../src/engine/series-table.ts";
import { Bench, type PlainEvent, ruleOf } from "../support/engine-input.ts";
import { PageMemory } from "../support/page-memory.ts";

function used(length: number, ...offsets: readonly number[]): Uint8Array {
  const isUsed = new Uint8Array(length);
  for (const offset of offsets) isUsed[offset] = 1;
  return isUsed;
}

function taken(free: FreeCells, ...widths: readonly number[]): (number | undefined)[] {
  return widths.map((width) => free.take(width));
}

describe("FreeCells", () => {
  test("gives what was given back to the same width only", () => {
    const free = new FreeCells();
    free.give(4, 12);
    expect(taken(free, 2, 4, 4)).toEqual([undefined, 12, undefined]);
  });

  test("cuts what is clear, the shortest first", () => {
    const free = new FreeCells();
    free.fillFrom(used(12, 2, 8));
    expect(taken(free, 2, 3, 3, 2, 2, 1, 1)).toEqual([0, 9, 3, 6, undefined, undefined, undefined]);
  });

  test("never gives cells of two pages", () => {
    const free = new FreeCells();
    free.fillFrom(used(PAGE_CELLS * 2, 0, PAGE_CELLS * 2 - 1));
    const offsets = Array.from({ length: 4 }, () => free.take(100));
    expect(offsets).toEqual([PAGE_CELLS, PAGE_CELLS + 100, 1, 101]);
    expect(free.take(100)).toBeUndefined();
  });
});

describe("the free cells of a rule", () => {
  test("are not stored, and known again after a restart", () => {
    const table = new SeriesTable(byEvent, 100_000);
    for (let group = 0; group < 10_000; group++) table.add(group * 5);
    table.changes("p", new PageCollector());
    table.release((key) => key === 0);
    const all = new PageCollector();
    table.changes("p", all);
    const before = table.cellCount;
    table.add(1);
    const pages = new PageCollector();
    table.changes("p", pages);
    const bytes = pages.put.reduce((sum, page) => sum + page.bytes.length, 0);
    expect(bytes).toBeLessThan(5_000);

    const next = new SeriesTable(byEvent, 100_000);
    next.restore("p", new StoredPages([...all.put, ...pages.put]));
    const offsets = new Set([next.offsets[0]!, next.offsets[1]!]);
    for (let group = 1; group < 9_999; group++) offsets.add(next.add(group * 5));
    expect([offsets.size, next.cellCount]).toEqual([10_000, before]);
  });

  test("hold nothing of the series that were there, whichever series they go to", () => {
    const memory = new PageMemory();
    const rules = [ruleOf({ size: 10, lateness: 100 })];
    const store = (bench: Bench): void => {
      const names = new PageCollector();
      bench.names.changes(names);
      memory.apply(names);
      memory.apply(bench.engine.changes());
    };
    const restart = (): Bench => {
      const bench = new Bench(rules);
      const pages = new StoredPages(memory.pages);
      bench.names.restore(pages);
      bench.engine.restore(pages);
      return bench;
    };
    const forty = (event: { name: string; at: number; fn: string }): PlainEvent[] =>
      Array.from({ length: 40 }, (_, i) => ({ ...event, name: `${event.name}${i}`, value: 7 }));
    const first = new Bench(rules);
    // Series of three cells with something in all of them.
    first.add(forty({ name: "n", at: 5, fn: "sum" }));
    first.collect();
    store(first);
    // As if they had been released: the first cell of each is clear, and no more.
    for (const page of memory.pages) {
      if (page.key.endsWith("/series/0")) page.bytes.fill(255);
      if (!page.key.includes("/cells/")) continue;
      for (let i = 0; i < 40; i++) page.bytes.fill(0, i * 24, i * 24 + 8);
    }
    // Series of two cells, which begin where those of the others did not.
    const second = restart();
    second.add(forty({ name: "m", at: 15, fn: "count" }));
    second.collect();
    store(second);
    const third = restart();
    third.add(forty({ name: "m", at: 6, fn: "count" }).slice(0, 1));
    const rows = third.finish();
    expect(rows.filter((row) => row.includes("[0,10)"))).toEqual([
      "r m0 count [0,10) = 1 (n=1) #0",
    ]);
    expect(rows).toHaveLength(41);
  });
});
