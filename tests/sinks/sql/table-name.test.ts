import { describe, expect, test } from "bun:test";
import { progressTableOf } from "../../../src/sinks/sql/table-name.ts";

describe("progressTableOf()", () => {
  test("is the name of the table and a word", () => {
    expect(progressTableOf("aggregates")).toBe("aggregates_progress");
    expect(progressTableOf('plant.some "table"')).toBe('plant.some "table"_progress');
    expect(progressTableOf("x".repeat(54))).toBe(`${"x".repeat(54)}_progress`);
  });

  test("has 63 bytes at most, whole characters, and is never that of another table", () => {
    const long = ["x".repeat(55), "x".repeat(62), `${"x".repeat(61)}y`, "é".repeat(31)];
    const names = long.map((name) => progressTableOf(`s.${name}`));
    expect(new Set(names).size).toBe(long.length);
    for (const name of names) {
      expect(Buffer.byteLength(name.slice(2))).toBeLessThanOrEqual(63);
      expect(name).toMatch(/^s\.(x+|é+)_[0-9a-f]{8}_progress$/);
    }
  });
});
