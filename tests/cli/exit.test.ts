import { describe, expect, test } from "bun:test";
import { exitCodeOf, reportFailure, UsageError } from "../../src/cli/exit.ts";
import { ConfigError, FatalError, TransientError } from "../../src/core/errors.ts";
import { captureTerminal } from "../support/capture-terminal.ts";

const issues = [
  { path: "rules.a.window", message: 'Cannot parse duration "5x": unit must be ms, s, m, h or d' },
  { path: "", message: "Unknown key sink, did you mean sinks?" },
];

test("exitCodeOf() tells the kinds of failure apart", () => {
  expect(exitCodeOf(new ConfigError(issues))).toBe(78);
  expect(exitCodeOf(new UsageError("x"))).toBe(2);
  expect(exitCodeOf(new FatalError("x"))).toBe(1);
  expect(exitCodeOf(new TransientError("x"))).toBe(1);
  expect(exitCodeOf("text")).toBe(1);
});

describe("reportFailure()", () => {
  test("lists every issue of a configuration", () => {
    const { terminal, written } = captureTerminal();
    expect(reportFailure(new ConfigError(issues), terminal)).toBe(78);
    expect(written.stderr).toBe(
      "The configuration has 2 errors:\n" +
        '  rules.a.window: Cannot parse duration "5x": unit must be ms, s, m, h or d\n' +
        "  Unknown key sink, did you mean sinks?\n",
    );
  });

  test("masks secrets, and shows no stack of what a person can mend", () => {
    const { terminal, written } = captureTerminal();
    terminal.hide(["hunter2"]);
    expect(reportFailure(new FatalError("Cannot log in with hunter2"), terminal)).toBe(1);
    expect(written.stderr).toBe("aggregator: Cannot log in with ***\n");
  });

  test("shows the place of a mistake of our own", () => {
    const { terminal, written } = captureTerminal();
    reportFailure(new TypeError("x is not a function"), terminal);
    expect(written.stderr).toContain("exit.test.ts");
  });
});
