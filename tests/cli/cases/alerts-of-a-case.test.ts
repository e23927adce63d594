import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCase } from "../../../src/cli/cases/case-folder.ts";
import { isRight, judge } from "../../../src/cli/cases/judge.ts";
import { reportOf } from "../../../src/cli/cases/report.ts";
import { updateCase } from "../../../src/cli/cases/update.ts";
import { resolveConfig } from "../../../src/config/resolve.ts";
import {
  deadLetters,
  defineConfig,
  max,
  noRows,
  rowValue,
  stdout,
  tumbling,
} from "../../../src/index.ts";

const START = 1_700_000_040;

const settings = resolveConfig(
  defineConfig({
    rules: { per_minute: { window: tumbling("60s"), aggregate: { max: max() } } },
    sinks: { lines: stdout() },
    alerts: {
      hot: {
        when: rowValue({ rule: "per_minute", name: "pump.*", above: 90, until: 80 }),
        for: "60s",
      },
      silent: { when: noRows({ name: "beat", after: "150s" }) },
      refused: { when: deadLetters({ above: 1, over: "1m" }) },
    },
  }),
  { origin: "test", dir: "/srv", env: {} },
);

describe("a case with alerts", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "case-alerts-"));
    const values = [95, 92, 85, 70];
    const lines = [
      { name: "beat", value: 1, timestamp: START },
      ...values.map((value, i) => ({ name: "pump.1", value, timestamp: START + 60 * i })),
      { name: "other", value: 1, timestamp: START + 330 },
    ];
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    writeFileSync(join(folder, "events.ndjson"), text);
    writeFileSync(join(folder, "expected.ndjson"), '{"name":"beat","window_start":1}\n');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const expect_ = (lines: readonly object[]): void =>
    writeFileSync(
      join(folder, "expected-alerts.ndjson"),
      lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
    );
  const verdict = () => judge(readCase(folder, tmpdir()), settings);

  test("tells what its alerts go through, in event time", () => {
    const story = verdict().alertChanges.map(({ alert, state, at, value }) => [
      alert,
      state,
      at - START,
      value,
    ]);
    expect(story).toEqual([
      ["hot", "pending", 60, 95],
      ["hot", "firing", 120, 92],
      ["silent", "firing", 210, 150],
      ["hot", "resolved", 240, 70],
    ]);
  });

  test("is right when they are as expected, and says what is not", () => {
    expect_([
      { alert: "hot", state: "pending", at: START + 60 },
      { alert: "hot", state: "firing", at: START + 180 },
      {
        alert: "hot",
        state: "resolved",
        labels: { rule: "per_minute", name: "pump.1", function: "max" },
      },
      { alert: "lag", state: "firing" },
    ]);
    const found = verdict();
    expect(isRight(found)).toBe(false);
    expect(reportOf(found).join("\n")).toContain(
      [
        "  alerts: 1 differs, 1 missing, 1 unexpected",
        '    differs     hot firing at 1700000160 {rule="per_minute", function="max", name="pump.1"}',
        "      at  expected 1700000220, received 1700000160",
        "    missing     lag firing",
        '    unexpected  silent firing at 1700000250 {rule="per_minute", name="beat"}  value 150',
      ].join("\n"),
    );
  });

  test("is written down by --update, and right from then on", () => {
    const { straight, alertChanges } = verdict();
    updateCase(readCase(folder, tmpdir()), straight, alertChanges);
    expect(
      readFileSync(join(folder, "expected-alerts.ndjson"), "utf8").trim().split("\n"),
    ).toHaveLength(4);
    expect(verdict().alerts).toEqual([]);
  });

  test("says what by our clock is raised where it tells the time", () => {
    writeFileSync(join(folder, "case.json"), JSON.stringify({ now: START + 400 }));
    writeFileSync(join(folder, "events.ndjson"), "nonsense\nnonsense\nnonsense\n");
    const story = verdict().alertChanges.map(({ alert, state, at }) => [alert, state, at - START]);
    expect(story).toEqual([["refused", "firing", 400]]);
  });
});
