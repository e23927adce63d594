import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../src/cli/main.ts";
import { captureTerminal } from "../support/capture-terminal.ts";

const T = 1_700_000_040;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "why-command-"));
  writeFileSync(
    join(folder, "aggregator.config.ts"),
    `import { defineConfig, sum, tumbling } from "aggregator";
     export default defineConfig({
       name: "test",
       source: { kind: "stdin" },
       rules: {
         per_minute: { window: tumbling("60s"), aggregate: { total: sum() } },
         big: { window: tumbling("60s"), where: ({ value }) => value > 100, aggregate: { total: sum() } },
       },
       state: { dir: "./state" },
       status: { port: 0 },
     });`
      .replace('{ kind: "stdin" }', "stdin()")
      .replace("defineConfig, ", "defineConfig, stdin, "),
  );
  const events = [
    { name: "a", value: 1, timestamp: T },
    { name: "a", value: 2, timestamp: T + 30, id: "x" },
    { name: "a", value: 4, timestamp: T + 90 },
    { name: "a", value: 8, timestamp: T + 1 },
    { name: "a", value: 2, timestamp: T + 88, id: "x" },
  ];
  writeFileSync(join(folder, "events.ndjson"), events.map((one) => JSON.stringify(one)).join("\n"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function run(...words: string[]) {
  const { terminal, written } = captureTerminal();
  const code = await main(words, { terminal, env: {}, cwd: folder });
  return { code, ...written };
}

const why = (...words: string[]) => run("why", ...words);

describe("aggregator why", () => {
  test("tells in words where an event went, and the row that it is in", async () => {
    const { code, stdout } = await why("-i", "events.ndjson", "--line", "2");
    expect(stdout.split("\n")).toEqual([
      `line 2: {"name":"a","value":2,"timestamp":${T + 30},"id":"x"}`,
      "  Aggregated, by 1 of 2 rules.",
      `  The watermark stood at 2023-11-14T22:13:55Z (${T - 5}).`,
      '  per_minute: taken, into the series "a" (total)',
      `    [2023-11-14T22:14:00Z (${T}), 2023-11-14T22:15:00Z (${T + 60})): open`,
      "      row: total = 3, of 2 events",
      "  big: not wanted by where",
      "",
    ]);
    expect(code).toBe(0);
  });

  test("tells by how much an event was late, and of what it is a duplicate", async () => {
    const late = await why("-i", "events.ndjson", "--line", "4");
    expect(late.stdout).toContain("  Refused as late: late by 25.000 s: its window ended at");
    expect(late.stdout).toContain(`(${T + 60})): closed, too late by 25.000 s\n`);
    const { stdout: json } = await why("-i", "events.ndjson", "--line", "4", "--json");
    // The row of its window is one without it.
    expect(JSON.parse(json)).toMatchObject({ events: [{ outcome: "late", rows: [] }] });
    const twice = await why("-i", "events.ndjson", "--id", "x");
    expect(twice.stdout).toContain('A duplicate: an event with the id "x" came first at line 2.');
    expect(twice.stdout).toContain("line 2: {");
  });

  test("prints JSON with the rows", async () => {
    const { stdout } = await why("-i", "events.ndjson", "--id", "x", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      events: [
        { at: "line 2", outcome: "aggregated", rows: [{ rule: "per_minute", value: 3, count: 2 }] },
        { at: "line 5", outcome: "duplicate", duplicate_of: "line 2", rows: [] },
      ],
    });
  });

  test("asks for an event that never came: alone, and behind an input", async () => {
    const event = JSON.stringify({ name: "b", value: 500, timestamp: T }, undefined, 2);
    const alone = await why("--event", event, "--json");
    expect(JSON.parse(alone.stdout)).toMatchObject({
      events: [{ outcome: "aggregated", rows: [{ rule: "big" }, { rule: "per_minute" }] }],
    });
    const behind = await why("-i", "events.ndjson", "--event", event, "--json");
    expect(JSON.parse(behind.stdout)).toMatchObject({
      events: [{ at: "--event", outcome: "late", watermark: T + 85, rows: [] }],
    });
  });

  test("ends with code 1 where there is no such event", async () => {
    const { code, stdout, stderr } = await why("-i", "events.ndjson", "--line", "6");
    expect([code, stdout, stderr]).toEqual([1, "", "There is no event on line 6 in the input\n"]);
  });

  test("tells of a dead letter why it is one, and what would become of it now", async () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(import.meta.dir, "../../src/main.ts"), "run"],
      {
        cwd: folder,
        input: readFileSync(join(folder, "events.ndjson")),
        encoding: "utf8",
      },
    );
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    const { code, stdout } = await why("--seq", "1");
    expect(stdout).toStartWith("Dead letter 1, of line 4, 2");
    expect(stdout).toContain("\n  Refused as late: late by 25.000 s: ");
    expect(stdout).toContain("\nIf it came again now:\nagain, now: {");
    expect(code).toBe(0);
    const { stdout: json } = await why("--seq", "1", "--json");
    expect(JSON.parse(json)).toMatchObject({ letter: { seq: 1 }, again: { outcome: "late" } });
    const none = await why("--seq", "2");
    expect([none.code, none.stderr]).toEqual([
      1,
      "aggregator: There is no dead letter 2 in the state\n",
    ]);
  });

  test.each([
    [["-i", "events.ndjson"], "Say which event"],
    [["-i", "events.ndjson", "--line", "1", "--id", "x"], "Say which event"],
    [["--line", "1"], "Option --line needs --input"],
    [["--id", "x"], "Option --id needs --input"],
    [["-i", "events.ndjson", "--line", "0"], 'Cannot take "0" for --line'],
    [["-i", "events.ndjson", "--seq", "1"], "Option --seq goes without --input"],
  ])("ends with code 2 for %j", async (words, message) => {
    const { code, stderr } = await why(...words);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe("aggregator replay --explain", () => {
  test("writes an explanation of every event, and the same rows", async () => {
    await run("replay", "-i", "events.ndjson", "-o", "plain.ndjson");
    const { code } = await run(
      "replay", "-i", "events.ndjson", "-o", "rows.ndjson", "--explain", "why.ndjson",
    ); // biome-ignore format: one command line
    expect(code).toBe(0);
    const text = (name: string): string => readFileSync(join(folder, name), "utf8");
    expect(text("rows.ndjson")).toBe(text("plain.ndjson"));
    const told = text("why.ndjson")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(told.map(({ at, outcome }) => [at, outcome])).toEqual([
      ["line 1", "aggregated"],
      ["line 2", "aggregated"],
      ["line 3", "aggregated"],
      ["line 4", "late"],
      ["line 5", "duplicate"],
    ]);
  });

  test("does not mix explanations and rows", async () => {
    const { code, stderr } = await run("replay", "-i", "events.ndjson", "--explain", "-");
    expect([code, stderr]).toEqual([2, expect.stringContaining("needs --output or --to")]);
  });
});
