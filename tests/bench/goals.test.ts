import { expect, test } from "bun:test";
import { figureAt, GOALS, goalsMarkdown } from "./goals.ts";
import { putBetween } from "./harness/docs.ts";
import type { Machine } from "./harness/machine.ts";
import type { RecordedPart } from "./harness/record.ts";
import { parts } from "./parts/list.ts";
import { peers } from "./peers/list.ts";

const machine: Machine = {
  cpu: "a",
  cores: 2,
  memoryGiB: 1,
  system: "linux",
  bun: "1",
  aggregator: "0",
  commit: "c",
};

function replayOf(events: number, ratio: number): RecordedPart {
  const rows = [{ name: "executable", cells: { ratio } }];
  const tables = [{ title: "t", columns: [], rows }];
  return { name: "replay", events, rounds: 1, date: "", machine, load: [0, 0], tables };
}

test("every goal names a part that there is, or a peer", () => {
  const names = new Set([...parts.map(({ name }) => name), "peers"]);
  for (const { at } of GOALS) {
    expect(names).toContain(at.part);
    if (at.part === "peers") expect(peers.map(({ name }) => name)).toContain(at.row);
  }
});

test("figureAt() takes the number of events that is asked for, else the largest", () => {
  const all = [replayOf(1, 2), replayOf(5_000_000, 3), replayOf(20_000_000, 4)];
  const at = { part: "replay", row: "executable", column: "ratio" };
  expect(figureAt(all, { ...at, events: 5_000_000 })).toBe(3);
  expect(figureAt(all, at)).toBe(4);
  expect(figureAt(all, { ...at, events: 7 })).toBeUndefined();
});

test("goalsMarkdown() says how far a figure is", () => {
  const line = (ratio: number): string =>
    goalsMarkdown([replayOf(5_000_000, ratio)]).split("\n")[2]!; // the first goal
  expect(line(5.1)).toContain("5.10 times | goal reached");
  expect(line(4.6)).toContain("above the floor");
  expect(line(4.4)).toContain("below the floor");
  expect(goalsMarkdown([])).toContain("not measured");
});

test("putBetween() replaces what stands between the marks alone", () => {
  const page = "before\n<!-- x -->\nold\n<!-- /x -->\nafter\n";
  const once = putBetween(page, "x", "new");
  expect(once).toBe("before\n<!-- x -->\n\nnew\n\n<!-- /x -->\nafter\n");
  expect(putBetween(once, "x", "new")).toBe(once);
  expect(() => putBetween(page, "y", "")).toThrow("no place");
});
