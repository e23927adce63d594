import { describe, expect, test } from "bun:test";
import { readTapQuery } from "../../src/status/tap-query.ts";

function read(query: string) {
  return readTapQuery(`http://x/tap?${query}`);
}

describe("readTapQuery()", () => {
  test("wants everything unless something is named", () => {
    expect(read("")).toMatchObject({
      query: { rows: true, events: true, refused: true, perSecond: 50 },
    });
    expect(read("show=rows&rate=7")).toMatchObject({
      query: { rows: true, events: false, refused: false, perSecond: 7 },
    });
  });

  test("reads globs of names and labels", () => {
    const asked = read("name=cpu.*&labels=host=a*,env=x=y");
    if ("error" in asked) throw new Error(asked.error);
    const { name, labels } = asked.query;
    expect([name?.("cpu.1"), name?.("mem")]).toEqual([true, false]);
    expect(labels?.get("host")?.("a1")).toBe(true);
    expect(labels?.get("env")?.("x=y")).toBe(true);
  });

  test.each([
    ["nam=x", 'Unknown parameter "nam": must be one of .*, did you mean name\\?'],
    ["name=a&name=b", "Parameter name is given twice"],
    ["rate=0", "rate .*from 1 to 1000"],
    ["rate=1001", "rate .*from 1 to 1000"],
    ["labels=host", "labels .*must be labels with globs"],
    ["labels=host=%5Bx", "labels .*must close"],
    ["show=row", "show .*did you mean rows"],
    ["name=%5Bx", "name .*must close"],
  ])("refuses %s", (query, error) => {
    expect(read(query)).toEqual({ error: expect.stringMatching(new RegExp(error)) });
  });
});
