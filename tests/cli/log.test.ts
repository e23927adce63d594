import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { UsageError } from "../../src/cli/exit.ts";
import { openLog } from "../../src/cli/log.ts";
import { levelChoiceOf } from "../../src/cli/log-level.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { LOG_LEVELS, LOG_PARTS } from "../../src/core/logger.ts";
import { captureTerminal } from "../support/capture-terminal.ts";

describe("openLog()", () => {
  test("writes one JSON object a line where nobody watches", () => {
    const { terminal, written } = captureTerminal();
    const log = openLog(terminal);
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
    openLog(terminal).info("Sink is away", { sink: "warehouse", why: "no route" });
    expect(stripVTControlCharacters(written.stderr)).toMatch(
      /^[\d:.]+ INF Sink is away sink=warehouse why="no route"\n$/,
    );
  });

  test("leaves out what lies below the level", () => {
    const { terminal, written } = captureTerminal();
    const log = openLog(terminal, { chosen: { level: "warn" } });
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
    openLog(terminal).info('Password pa"ss refused', { url: "x?p=pa%22ss", raw: 'pa"ss' });
    expect(written.stderr).not.toMatch(/pa(\\"|"|%22)ss/);
    expect(written.stderr.match(/\*\*\*/g)).toHaveLength(3);
  });

  test("takes the level of a part before that of all, and what was said for this run before the settings", () => {
    const { terminal, written } = captureTerminal();
    const settings = {
      level: "warn",
      parts: { sink: "debug", bus: "trace" },
      format: "auto",
    } as const;
    const log = openLog(terminal, { settings });
    expect(log.isEnabled?.("info")).toBe(false);
    expect(log.within?.("sink").isEnabled?.("debug")).toBe(true);
    expect(log.within?.("sink").isEnabled?.("trace")).toBe(false);
    log.within?.("sink").debug("Rows were delivered.");
    log.within?.("state").info("no");
    const [line, ...more] = written.stderr.trimEnd().split("\n");
    expect(more).toEqual([]);
    expect(JSON.parse(line!)).toMatchObject({ logger: "aggregator.sink", level: "DEBUG" });

    const chosen = openLog(terminal, {
      chosen: { level: "error", parts: { bus: "info" } },
      settings,
    });
    expect(chosen.within?.("sink").isEnabled?.("warn")).toBe(false);
    expect(chosen.within?.("bus").isEnabled?.("info")).toBe(true);
    expect(chosen.within?.("bus").isEnabled?.("debug")).toBe(false);
  });

  test("follows other settings, and counts what it wrote", () => {
    const { terminal, written } = captureTerminal({ screen: "interactive" });
    const log = openLog(terminal);
    const sink = log.within!("sink");
    sink.debug("no");
    log.follow({ level: "info", parts: { sink: "debug" }, format: "json" });
    sink.debug("yes");
    log.warn("yes");
    const lines = written.stderr.trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual([
      "yes",
      "yes",
    ]);
    expect(log.lines).toEqual({ trace: 0, debug: 1, info: 0, warn: 1, error: 0 });
  });

  test("makes no fields for a line that is not written", () => {
    const { terminal, written } = captureTerminal();
    const log = openLog(terminal);
    let made = 0;
    const fields = (): { rows: number } => ({ rows: ++made });
    log.debug("no", fields);
    expect(made).toBe(0);
    log.follow({ level: "debug", parts: {}, format: "auto" });
    log.debug("yes", fields);
    expect(made).toBe(1);
    expect(JSON.parse(written.stderr)).toMatchObject({ fields: { rows: 1 } });
  });
});

describe("levelChoiceOf()", () => {
  test("says nothing unless the option or LOG_LEVEL does, and the option goes first", () => {
    expect(levelChoiceOf(undefined, {})).toEqual({ parts: {} });
    expect(levelChoiceOf(undefined, { LOG_LEVEL: "" })).toEqual({ parts: {} });
    expect(levelChoiceOf(undefined, { LOG_LEVEL: "DEBUG" })).toEqual({ level: "debug", parts: {} });
    expect(levelChoiceOf("warn, sink=trace", { LOG_LEVEL: "debug" })).toEqual({
      level: "warn",
      parts: { sink: "trace" },
    });
  });

  test("refuses another word with the nearest right one", () => {
    expect(() => levelChoiceOf(undefined, { LOG_LEVEL: "warning" })).toThrow(
      new ConfigError([
        {
          path: "LOG_LEVEL",
          message: 'Unknown level "warning": must be one of trace, debug, info, warn, error',
        },
      ]),
    );
    expect(() => levelChoiceOf(undefined, { LOG_LEVEL: "debg" })).toThrow(/did you mean debug\?$/);
    expect(() => levelChoiceOf("sinks=debug", {})).toThrow(
      new UsageError(
        `Option --log-level: Unknown part "sinks": must be one of ${Object.keys(LOG_PARTS).join(", ")}, ` +
          "did you mean sink?",
      ),
    );
    expect(() => levelChoiceOf("sink=debug=info", {})).toThrow("must be part=level");
    expect(() => levelChoiceOf("info,debug", {})).toThrow("only one is for all");
  });
});

describe("docs/logs.md", () => {
  test("tells of every part that can have a level of its own, in the words of the configuration", () => {
    const page = readFileSync(join(import.meta.dir, "../../docs/logs.md"), "utf8");
    for (const [part, about] of Object.entries(LOG_PARTS)) {
      expect(page).toMatch(new RegExp(`^\\| \`${part}\` +\\| ${about} +\\|$`, "m"));
    }
    for (const level of LOG_LEVELS) expect(page).toContain(`| \`${level}\``);
  });
});
