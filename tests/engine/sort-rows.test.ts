import { expect, test } from "bun:test";
import fc from "fast-check";
import { epochMicros } from "../../src/core/time.ts";
import { compareRows, type EngineRow } from "../../src/engine/engine-row.ts";
import { sortRows } from "../../src/engine/sort-rows.ts";
import { check } from "../support/effort.ts";

const row: fc.Arbitrary<EngineRow> = fc.record({
  rule: fc.constantFrom("a", "b"),
  name: fc.constantFrom("x", "x1", "y", "é", "Z"),
  labels: fc.constantFrom<EngineRow["labels"]>(
    [],
    [["k", "1"]],
    [["k", "2"]],
    [
      ["k", "1"],
      ["l", "1"],
    ],
  ),
  agg_func: fc.constantFrom("avg", "sum"),
  start: fc.constant(epochMicros(0)),
  end: fc.constantFrom(epochMicros(60), epochMicros(120)),
  value: fc.integer(),
  count: fc.constant(1),
  revision: fc.constant(0),
  partial: fc.constant(false),
  overflow: fc.constant(false),
  filled: fc.constant(false),
  withdrawn: fc.constant(false),
  detail: fc.constant(undefined),
});

test("sortRows() orders as a stable sort does, whatever runs it finds", () => {
  const runs = fc.array(fc.tuple(fc.array(row, { maxLength: 8 }), fc.boolean()), { maxLength: 9 });
  check(runs, 3_000, (parts) => {
    const rows = parts.flatMap(([part, isRun]) => (isRun ? part.toSorted(compareRows) : part));
    const wanted = rows.toSorted(compareRows);
    const sorted = sortRows([...rows]);
    expect(sorted).toHaveLength(wanted.length);
    for (const [i, one] of sorted.entries()) expect(one).toBe(wanted[i]!); // the same object
  });
});

test("sortRows() gives back rows that are in order as they are", () => {
  const rows = fc.sample(row, 20).toSorted(compareRows);
  expect(sortRows(rows)).toBe(rows);
});
