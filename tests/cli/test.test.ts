import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { main } from "../../src/cli/main.ts";
import { captureTerminal } from "../support/capture-terminal.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "test-command-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string | readonly object[]): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  const lines =
    typeof text === "string" ? text : text.map((one) => `${JSON.stringify(one)}\n`).join("");
  writeFileSync(join(folder, name), lines);
}

async function run(...words: string[]) {
  const { terminal, written } = captureTerminal();
  const code = await main(["test", ...words], { terminal, env: {}, cwd: folder });
  return { code, ...written };
}

const config = (more = ""): string => `import { defineConfig, sum, tumbling } from "aggregator";
export default defineConfig({
  rules: { per_minute: { window: tumbling("60s"), aggregate: { total: sum() } } },${more}
});`;

const event = (value: number, timestamp: number, name = "a") => ({ name, value, timestamp });
const events = [event(1, 1_700_000_045), event(2, 1_700_000_050), event(4, 1_700_000_130)];
const row = (window_start: number, value: number) => ({ name: "a", window_start, value });
const right = [row(1_700_000_040, 3), row(1_700_000_100, 4)];

describe("aggregator test", () => {
  test("runs the cases beside the configuration, each in every way", async () => {
    write("aggregator.config.ts", config());
    write("cases/one/events.ndjson", events);
    write("cases/one/expected.ndjson", right);
    const { code, stdout, stderr } = await run();
    expect(stderr).toBe("");
    expect(stdout).toMatch(
      /^ok {6}cases\/one {2}\(3 events, 2 rows, 6 runs; not shuffled: .*\)\nAll right: 1 case, /,
    );
    expect(code).toBe(0);
  });

  test("shuffles a last line without a line feed like any other", async () => {
    write("aggregator.config.ts", config());
    const many = Array.from({ length: 20 }, (_, i) => event(1, 1_700_000_040 + i / 10));
    write("cases/one/events.ndjson", many.map((one) => JSON.stringify(one)).join("\n"));
    write("cases/one/expected.ndjson", [row(1_700_000_040, 20)]);
    const { code, stdout } = await run();
    expect([code, stdout]).toEqual([0, expect.stringContaining("11 runs")]);
  });

  test("tells each row that is not as expected, and of it only the fields that differ", async () => {
    write("aggregator.config.ts", config());
    write("cases/one/events.ndjson", events);
    write("cases/one/expected.ndjson", [
      { ...right[0], value: 5, count: 2 },
      row(1_700_000_160, 9),
    ]);
    const { code, stdout } = await run();
    expect(code).toBe(1);
    expect(stdout.split("\n").slice(1)).toEqual([
      "  rows: 1 differs, 1 missing, 1 unexpected",
      "    differs     per_minute a total [1700000040, 1700000100)",
      "      value  expected 5, received 3",
      "    missing     a [1700000160, …)  value 9",
      "    unexpected  per_minute a total [1700000100, 1700000160)  value 4, count 1",
      expect.stringMatching(/^1 failed, 0 right: 1 case, \d+ runs$/),
      "",
    ]);
  });

  test("tells which runs do not agree with the straight one", async () => {
    write(
      "cases/one/aggregator.config.ts",
      `import { customFunction, defineConfig, tumbling } from "aggregator";
       const newest = customFunction({
         init: () => 0, add: (_, value) => value, merge: (_, value) => value, result: (value) => value,
       });
       export default defineConfig({
         rules: { per_minute: { window: tumbling("60s"), aggregate: { newest } } },
         time: { outOfOrderness: "30s" },
       });`,
    );
    const many = Array.from({ length: 20 }, (_, i) => event(i, 1_700_000_040 + i));
    write("cases/one/events.ndjson", many);
    write("cases/one/expected.ndjson", [row(1_700_000_040, 19)]);
    const { code, stdout } = await run();
    expect(code).toBe(1);
    expect(stdout).toContain(
      "  shuffled (seed 2): not as straight; below, straight is what is expected\n",
    );
    expect(stdout).toMatch(/ {8}value {2}expected 19, received \d+\n/);
    expect(stdout).not.toContain("batches of one line: not");
    // What does not agree with itself is no expectation.
    rmSync(join(folder, "cases/one/expected.ndjson"));
    expect((await run("--update")).code).toBe(1);
    expect(existsSync(join(folder, "cases/one/expected.ndjson"))).toBe(false);
  });

  test("compares dead letters and the ledger where the case has them", async () => {
    write("aggregator.config.ts", config());
    write("cases/one/events.ndjson", `${JSON.stringify(events[0])}\nnot json\n`);
    write("cases/one/expected.ndjson", [row(1_700_000_040, 1)]);
    write("cases/one/expected-dead-letters.ndjson", [{ at: "line 2", reason: "late" }]);
    write("cases/one/expected-ledger.json", '{"received": 2, "aggregated": 2}');
    const { code, stdout } = await run();
    expect(code).toBe(1);
    expect(stdout).toContain('      reason  expected "late", received "invalid_json"\n');
    expect(stdout).toContain("      aggregated  expected 2, received 1\n");
    expect(stdout).toContain("      invalid     expected 0, received 1\n");
  });

  test("moves the clock as case.json says", async () => {
    write("aggregator.config.ts", config());
    write("cases/one/events.ndjson", events);
    write(
      "cases/one/case.json",
      '{"now": 1700000060, "pauses": [{"after": 2, "for": "2m"}], "end": false}',
    );
    // The last event is 70 s ahead when the first one comes, and not any more after the pause.
    write("cases/one/expected.ndjson", [row(1_700_000_040, 3)]);
    write("cases/one/expected-ledger.json", '{"received": 3, "aggregated": 3}');
    expect((await run()).code).toBe(0);
    write("cases/one/case.json", '{"now": 1700000060, "end": false}');
    write("cases/one/expected.ndjson", "");
    write("cases/one/expected-ledger.json", '{"received": 3, "aggregated": 2, "future": 1}');
    expect((await run()).code).toBe(0);
  });

  test("writes what is expected with --update, and says so", async () => {
    write("aggregator.config.ts", config());
    write("cases/one/events.ndjson", [...events, event(1, 1_700_000_041)]);
    const missing = await run();
    expect([missing.code, missing.stdout]).toEqual([
      1,
      expect.stringContaining("  it has no expected.ndjson: --update writes it\n"),
    ]);
    const { code, stderr } = await run("--update");
    expect([code, stderr]).toEqual([
      0,
      "Wrote cases/one/expected.ndjson, cases/one/expected-dead-letters.ndjson\n",
    ]);
    const written = readFileSync(join(folder, "cases/one/expected.ndjson"), "utf8");
    expect(written.split("\n")[0]).toBe(
      '{"rule":"per_minute","name":"a","agg_func":"total","window_start":1700000040,' +
        '"window_end":1700000100,"value":3,"count":2}',
    );
    expect((await run()).code).toBe(0);
    // Fields that nobody wants to compare stay out.
    write("cases/one/expected.ndjson", [{ name: "a", value: 77 }]);
    await run("--update");
    const picked = readFileSync(join(folder, "cases/one/expected.ndjson"), "utf8");
    expect(picked).toBe('{"name":"a","value":3}\n{"name":"a","value":4}\n');
  });

  test("takes several folders, one of them a case, and prints JSON", async () => {
    write("aggregator.config.ts", config());
    for (const name of ["x/one", "x/two", "y"]) write(`${name}/events.ndjson`, events);
    for (const name of ["x/one", "y"]) write(`${name}/expected.ndjson`, right);
    write("x/two/expected.ndjson", [right[0]!]);
    const { code, stdout } = await run("x", "y", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      passed: 2,
      failed: 1,
      cases: [
        { case: "x/one", ok: true, differences: { rows: [] }, disagreements: [] },
        {
          case: "x/two",
          ok: false,
          differences: { rows: [{ kind: "unexpected", row: { value: 4 } }] },
        },
        { case: "y", ok: true },
      ],
    });
  });

  test.each([
    ["no folder", "nowhere", "there is no folder nowhere"],
    ["no case in it", ".", "no folder has events.ndjson"],
  ])("ends with code 2 for %s", async (_, dir, message) => {
    const { code, stderr } = await run(dir);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  test.each([
    ["case.json", '{"pause": []}', "case.json: pause: is no option"],
    ["case.json", '{"now": "soon"}', 'case.json: now: "soon": must be a number'],
    [
      "case.json",
      '{"pauses": [{"after": 2, "for": "1s"}, {"after": 2, "for": "1s"}]}',
      "case.json: pauses[1].after: 2: must be more than 2",
    ],
    [
      "expected-ledger.json",
      '{"lat": 1}',
      'expected-ledger.json: lat: is no option, did you mean "late"?',
    ],
    ["expected.ndjson", "{}\n[]\n", "expected.ndjson: line 2: must be a JSON object"],
    ["aggregator.config.ts", config("x: 1"), "aggregator.config.ts: x: is no option"],
  ])("ends with code 78 for a wrong %s", async (file, text, message) => {
    write("cases/one/events.ndjson", events);
    write(`cases/one/${file}`, text);
    const { code, stderr } = await run();
    expect(stderr).toContain(`cases/one/${message}`);
    expect(code).toBe(78);
  });

  test("says of a pause that lies behind the input", async () => {
    write("cases/one/events.ndjson", events);
    write("cases/one/expected.ndjson", "");
    write("cases/one/case.json", '{"pauses": [{"after": 9, "for": "1s"}]}');
    expect((await run()).stdout).toContain("it has a pause after line 9, but 3 lines");
  });
});
