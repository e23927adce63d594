import { describe, expect, test } from "bun:test";
import { columnsOf } from "../../../src/cli/screen/columns.ts";
import { painter } from "../../../src/cli/screen/styles.ts";
import { tableLines } from "../../../src/cli/screen/table.ts";

const paint = painter(false);
const COLUMNS = [
  { title: "NAME", least: 6 },
  { title: "COUNT", align: "right" },
  { title: "WHERE", least: 4, leave: 1 },
] as const;
const ROWS = [
  ["temperature", "7", "here"],
  ["cpu", "1,234", "somewhere else"],
];

describe("tableLines()", () => {
  test("lines up the columns", () => {
    expect(tableLines(COLUMNS, ROWS, { columns: 80, paint })).toEqual([
      "NAME         COUNT  WHERE",
      "temperature      7  here",
      "cpu          1,234  somewhere else",
    ]);
  });

  test("shrinks what may shrink, the widest first", () => {
    expect(tableLines(COLUMNS, ROWS, { columns: 26, paint })).toEqual([
      "NAME      COUNT  WHERE",
      "tempera…      7  here",
      "cpu       1,234  somewher…",
    ]);
  });

  test("leaves a column out where even that is too wide", () => {
    expect(tableLines(COLUMNS, ROWS, { columns: 14, paint })).toEqual([
      "NAME     COUNT",
      "temper…      7",
      "cpu      1,234",
    ]);
  });

  test.each([1, 5, 12, 20, 33, 80])("is never wider than %d columns", (columns) => {
    for (const line of tableLines(COLUMNS, ROWS, { columns, paint })) {
      expect(columnsOf(line)).toBeLessThanOrEqual(columns);
    }
  });

  test("makes harmless what strangers wrote", () => {
    const [, row] = tableLines(COLUMNS, [["a\u001b[2Jb", "1", ""]], { columns: 80, paint });
    expect(row).toStartWith("a\\u001b[2Jb");
  });

  test("styles a cell without changing where it stands", () => {
    const styled = [[{ text: "cpu", style: "red" as const }, "1", "x"]];
    const [, row] = tableLines(COLUMNS, styled, { columns: 80, paint: painter(true) });
    expect(row).toBe("\u001b[31mcpu \u001b[0m      1  x");
  });
});
