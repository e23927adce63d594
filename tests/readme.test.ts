import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { SinkDefinition } from "../src/core/sink.ts";
import type { SourceDefinition } from "../src/core/source.ts";
import { sinks } from "../src/sinks/list.ts";
import { sources } from "../src/sources/list.ts";

const readme = readFileSync(join(import.meta.dir, "../README.md"), "utf8");

type Replay = ReturnType<SourceDefinition<unknown>["replay"]>;

/** What the parts say of themselves, as the README words it. */
function promiseOf(replay: Replay, delivery: SinkDefinition<unknown>["delivery"]): string {
  if (replay === "cursor") return delivery === "transactional" ? "exactly once" : "at least once";
  const once = delivery === "transactional" ? "once" : "at least once";
  const lost = replay === "pipe" ? "came since the last checkpoint" : "was on its way";
  return `${once}, but for what ${lost}`;
}

/** A source as the table names it, with the options that make it so. */
function rowsOfSources(): (readonly [string, Replay])[] {
  const rows: (readonly [string, Replay])[] = [];
  for (const source of sources) {
    // Each definition gets what its own schema makes of its own example.
    const definition = source as unknown as SourceDefinition<unknown>;
    const schema = definition.options as unknown as v.GenericSchema;
    const replayWith = (more: object): Replay =>
      definition.replay(v.parse(schema, { ...definition.example, ...more }));
    rows.push([definition.name, replayWith({})]);
    if (definition.name === "vabus") rows.push(["vabus, mode pop", replayWith({ mode: "pop" })]);
  }
  return rows.sort(([a], [b]) => (a < b ? -1 : 1));
}

test("the README promises for every source and sink what the code keeps", () => {
  const table = /<!-- promises -->\n([^]*?)<!-- \/promises -->/.exec(readme)?.[1] ?? "";
  const cells = table
    .trim()
    .split("\n")
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const expected = [
    ["from \\ into", ...sinks.map(({ name }) => name)],
    ["---", ...sinks.map(() => "---")],
    ...rowsOfSources().map(([name, replay]) => [
      name,
      ...sinks.map(({ delivery }) => promiseOf(replay, delivery)),
    ]),
  ];
  expect(cells).toEqual(expected);
});

test("the README names every command of the program, and no other", async () => {
  const { commands } = await import("../src/cli/list.ts");
  const named = new Set(
    [...readme.matchAll(/^\| `aggregator ([a-z-]+)/gm)].map((match) => match[1]!),
  );
  expect(named).toEqual(new Set(commands.map(({ name }) => name)));
});

test("the demo in the README measures what the demo measures", () => {
  const meter = readFileSync(join(import.meta.dir, "../src/cli/demo/machine.ts"), "utf8");
  const measured = [...meter.matchAll(/\badd\("([a-z0-9_.]+)"/g)].map((match) => match[1]!);
  const shown = [...readme.matchAll(/^ {2}([a-z0-9_.]+) +(?:avg|max|min|sum) .* events$/gm)]
    .map((match) => match[1]!)
    .filter((name) => !/^cpu\.\d+\./.test(name));
  // The event that the reader publishes comes last.
  expect(shown).toEqual([...measured.sort(), "tea"]);
});
