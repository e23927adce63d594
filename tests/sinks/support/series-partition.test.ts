import { describe, expect, test } from "bun:test";
import { partitionOf } from "../../../src/sinks/support/series-partition.ts";
import { labelsOf, rowOf } from "../../support/sink-writing.ts";

describe("partitionOf()", () => {
  test("never changes: a series that moved would be out of order", () => {
    const rows = [
      rowOf(1),
      rowOf(2),
      rowOf(3, { labels: labelsOf({ host: "a", zone: "ü" }) }),
      rowOf(4, { name: "💧", agg_func: "quantile(0.99)" }),
    ];
    expect(rows.map((row) => partitionOf(row, 1000))).toEqual([388, 791, 929, 954]);
  });

  test("depends on the series alone", () => {
    const row = rowOf(1, { labels: labelsOf({ a: "1", b: "2" }) });
    const other = rowOf(2, {
      name: row.name,
      labels: labelsOf({ b: "2", a: "1" }),
      window_start: 1,
      value: null,
      revision: 9,
      withdrawn: true,
    });
    expect(partitionOf(other, 997)).toBe(partitionOf(row, 997));
    const others = [
      { name: "x" },
      { rule: "x" },
      { agg_func: "x" },
      { labels: labelsOf({ a: "1", b: "3" }) },
    ];
    for (const changes of others) {
      expect(partitionOf({ ...row, ...changes }, 997)).not.toBe(partitionOf(row, 997));
    }
  });

  test("spreads names that differ in their digits alone", () => {
    for (const partitions of [2, 3, 8, 12]) {
      const counts = new Array<number>(partitions).fill(0);
      for (let n = 0; n < 12_000; n++) counts[partitionOf(rowOf(n), partitions)]!++;
      const fair = 12_000 / partitions;
      for (const count of counts) expect(Math.abs(count - fair)).toBeLessThan(fair * 0.1);
    }
  });
});
