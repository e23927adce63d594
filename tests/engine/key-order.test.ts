import { expect, test } from "bun:test";
import fc from "fast-check";
import { byEvent } from "../../src/aggregations/list.ts";
import type { LabelPairs } from "../../src/core/columns.ts";
import { compareLabels, compareTexts } from "../../src/engine/engine-row.ts";
import { KeyOrder } from "../../src/engine/key-order.ts";
import { SeriesTable } from "../../src/engine/series-table.ts";
import { check } from "../support/effort.ts";

interface Group {
  readonly name: string;
  readonly labels: LabelPairs;
}

const labels = fc.constantFrom<LabelPairs>([], [["k", "1"]], [["k", "2"]], [["j", "9"]]);
const group: fc.Arbitrary<Group> = fc.record({
  name: fc.oneof(fc.constantFrom("a", "a.b", "B", "é", "ab"), fc.string({ maxLength: 3 })),
  labels,
});
const groups = fc.uniqueArray(group, {
  minLength: 1,
  maxLength: 40,
  selector: ({ name, labels: pairs }) => JSON.stringify([name, pairs]),
});

test("KeyOrder.sort() orders as the texts do, whatever was seen before", () => {
  const windows = fc.array(fc.array(fc.nat(400), { maxLength: 60 }), { maxLength: 6 });
  check(fc.tuple(groups, windows), 1_000, ([all, picks]) => {
    const series = new SeriesTable(byEvent, 10_000);
    const order = new KeyOrder(
      { name: (one) => all[one]!.name, labels: (one) => all[one]!.labels },
      series,
    );
    const functionOf = (key: number): string =>
      series.functions[series.functionOf(key)]!.functions[0]!.key;
    for (const picked of picks) {
      const keys = [...new Set(picked.map((n) => n % (all.length * series.stride)))];
      for (const key of keys) if (series.offsetOf(key) < 0) series.add(key);
      const wanted = keys.toSorted((a, b) => {
        const [x, y] = [all[series.groupOf(a)]!, all[series.groupOf(b)]!];
        return (
          compareTexts(x.name, y.name) ||
          compareLabels(x.labels, y.labels) ||
          compareTexts(functionOf(a), functionOf(b))
        );
      });
      expect(Array.from(order.sort(keys))).toEqual(wanted);
    }
  });
});

test("KeyOrder.sort() knows nothing of what was before clear()", () => {
  const names = ["b", "a"];
  const series = new SeriesTable(byEvent, 100);
  const order = new KeyOrder({ name: (one) => names[one]!, labels: () => [] }, series);
  const keys = [0, series.stride];
  for (const key of keys) series.add(key);
  expect(Array.from(order.sort(keys))).toEqual([series.stride, 0]);
  names.reverse();
  order.clear();
  expect(Array.from(order.sort(keys))).toEqual([0, series.stride]);
});
