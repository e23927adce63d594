import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { durationMicros } from "../../src/core/time.ts";
import { flinkJob } from "../../src/flink/job.ts";
import { comment, interval, matches, text } from "../../src/flink/literals.ts";
import { flinkWindow } from "../../src/flink/window.ts";
import { flinkSettings } from "./settings.ts";

const options = { version: "1.2.3", events: "events.ndjson", rows: "rows" };

describe("flinkJob()", () => {
  test("writes the job that Flink was seen to run", () => {
    const { sql, rules } = flinkJob(flinkSettings(), options);
    expect(sql).toBe(readFileSync(join(import.meta.dir, "job.sql"), "utf8"));
    expect(rules).toEqual(["per_minute", "offset", "latency", "visits"]);
  });

  test("says what is left out and what is not the same, by rule", () => {
    const { notes } = flinkJob(flinkSettings(), options);
    const of = (rule: string): string[] =>
      notes.filter((one) => one.rule === rule).map(({ note }) => note);
    expect(of("coded")).toEqual(["left out: where and map are code of the configuration"]);
    expect(of("latency")).toContain(
      "f is left out: it goes by the time of events here, by the order of arrival there",
    );
    expect(of("").join("\n")).toContain("sinks out are not there");
  });
});

describe("literals", () => {
  test.each([
    [60_000_000, "INTERVAL '1' MINUTE"],
    [90_000_000, "INTERVAL '90' SECOND"],
    [101_000_000, "INTERVAL '101' SECOND(3)"],
    [86_400_000_000, "INTERVAL '1' DAY"],
    [1_500_000, "INTERVAL '1.500' SECOND(1, 3)"],
    [1, undefined],
  ])("an interval of %d µs is %p", (micros, sql) => {
    expect(interval(durationMicros(micros))).toBe(sql);
  });

  test.each([
    [["cpu"], "n = 'cpu'"],
    [["cpu.*"], "n LIKE 'cpu.%' ESCAPE '!'"],
    [["50%_!?"], "n LIKE '50!%!_!!_' ESCAPE '!'"],
    [["it's", "b*"], "(n = 'it''s' OR n LIKE 'b%' ESCAPE '!')"],
    [["[!a-c]x.*"], "REGEXP(n, '(?s)\\A[^a-c]x\\..*\\z')"],
    [["a\\*b"], "REGEXP(n, '(?s)\\Aa\\*b\\z')"],
  ])("the globs %p are %p", (globs, sql) => {
    expect(matches("n", globs)).toBe(sql);
  });

  test("a text and a comment end where they should", () => {
    expect(text("a'; DROP TABLE x --")).toBe("'a''; DROP TABLE x --'");
    expect(comment("a\nDROP TABLE x;")).toBe("-- a DROP TABLE x;");
  });
});

test.each([
  [{ unit: "hour", zone: "Europe/Berlin", weekStart: 1 }, "INTERVAL '1' HOUR)"],
  [{ unit: "day", zone: "UTC", weekStart: 1 }, "INTERVAL '1' DAY)"],
  [{ unit: "week", zone: "UTC", weekStart: 1 }, "INTERVAL '7' DAY, INTERVAL '4' DAY)"],
  [{ unit: "day", zone: "Europe/Berlin", weekStart: 1 }, undefined],
  [{ unit: "month", zone: "UTC", weekStart: 1 }, undefined],
] as const)("a calendar window of %p", (window, end) => {
  const made = flinkWindow({ kind: "calendar", ...window }, { view: "v", keys: [] });
  if (end === undefined) expect(made).toHaveProperty("missing");
  else expect(made).toEqual({ sql: expect.stringContaining(end) });
});
