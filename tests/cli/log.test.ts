import { describe, expect, test } from "bun:test";
import { stripVTControlCharacters } from "node:util";
import { logLevelOf, openLog } from "../../src/cli/log.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { captureTerminal } from "../support/capture-terminal.ts";

describe("openLog()", () => {
  test("writes one JSON object a line where nobody watches", () => {
    const { terminal, written } = captureTerminal();
    const log = openLog(terminal, "info");
    log.warn("Sink {warehouse} is away", { sink: "warehouse", message: "mine" });
    log.error("Rows were lost");
    const lines = written.stderr.trimEnd().split("\n");
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      {
        "@timestamp": expect.any(String),
        level: "WARN",
        message: "Sink {warehouse} is away",
        logger: "aggregator",
        fields: { sink: "warehouse", message: "mine" },
      },
      {
        "@timestamp": expect.any(String),
        level: "ERROR",
        message: "Rows were lost",
        logger: "aggregator",
        fields: {},
      },
    ]);
    expect(written.stdout).toBe("");
  });

  test("writes readable lines on a terminal", () => {
    const { terminal, written } = captureTerminal({ screen: "interactive" });
    openLog(terminal, "info").info("Sink is away", { sink: "warehouse", why: "no route" });
    expect(stripVTControlCharacters(written.stderr)).toMatch(
      /^[\d:.]+ INF Sink is away sink=warehouse why="no route"\n$/,
    );
  });

  test("leaves out what lies below the level", () => {
    const { terminal, written } = captureTerminal();
    const log = openLog(terminal, "warn");
    log.trace("no");
    log.debug("no");
    log.info("no");
    expect(written.stderr).toBe("");
    log.warn("yes");
    expect(written.stderr).not.toBe("");
  });

  test("masks secrets in messages and fields, escaped ones too", () => {
    const { terminal, written } = captureTerminal();
    terminal.hide(['pa"ss']);
    openLog(terminal, "info").info('Password pa"ss refused', { url: "x?p=pa%22ss", raw: 'pa"ss' });
    expect(written.stderr).not.toMatch(/pa(\\"|"|%22)ss/);
    expect(written.stderr.match(/\*\*\*/g)).toHaveLength(3);
  });
});

describe("logLevelOf()", () => {
  test("is info unless LOG_LEVEL says otherwise", () => {
    expect(logLevelOf({})).toBe("info");
    expect(logLevelOf({ LOG_LEVEL: "" })).toBe("info");
    expect(logLevelOf({ LOG_LEVEL: "DEBUG" })).toBe("debug");
  });

  test("refuses another word with the nearest right one", () => {
    expect(() => logLevelOf({ LOG_LEVEL: "warning" })).toThrow(
      new ConfigError([
        {
          path: "LOG_LEVEL",
          message: 'Unknown level "warning": must be one of trace, debug, info, warn, error',
        },
      ]),
    );
    expect(() => logLevelOf({ LOG_LEVEL: "debg" })).toThrow(/did you mean debug\?$/);
  });
});
