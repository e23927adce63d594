import { describe, expect, test } from "bun:test";
import { columnsOf, cutTo, fitTo } from "../../../src/cli/screen/columns.ts";

describe("columnsOf()", () => {
  test.each([
    ["", 0],
    ["cpu", 3],
    ["é", 1],
    ["e\u0301", 1],
    ["名前", 4],
    ["🚀x", 3],
  ])("%s takes %d", (text, columns) => {
    expect(columnsOf(text)).toBe(columns);
  });
});

describe("cutTo()", () => {
  test("cuts to so many columns, and says that something is missing", () => {
    expect(cutTo("temperature", 6)).toBe("tempe…");
    expect(cutTo("temperature", 11)).toBe("temperature");
    expect(cutTo("x", 0)).toBe("");
  });

  test("never cuts through a wide character", () => {
    expect(cutTo("名前名前", 4)).toBe("名…");
    expect(columnsOf(cutTo("名前名前", 6))).toBeLessThanOrEqual(6);
  });
});

test("fitTo() fills up on the side that is asked for", () => {
  expect(fitTo("ab", 4)).toBe("ab  ");
  expect(fitTo("ab", 4, "right")).toBe("  ab");
  expect(fitTo("名", 4)).toBe("名  ");
});
