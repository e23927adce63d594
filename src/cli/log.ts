import {
  configureSync,
  getAnsiColorFormatter,
  getJsonLinesFormatter,
  getTextFormatter,
  type LogLevel,
  type LogRecord,
  getLogger as logtape,
} from "@logtape/logtape";
import { ConfigError, messageOf } from "../core/errors.ts";
import type { LogFields, Logger } from "../core/logger.ts";
import { nearest } from "../core/nearest.ts";
import { shownText } from "../core/shown-text.ts";
import type { Terminal } from "./terminal.ts";

const CATEGORY = "aggregator";

/** The words of `LOG_LEVEL`, from the most to the least. */
const LEVELS = {
  trace: "trace",
  debug: "debug",
  info: "info",
  warn: "warning",
  error: "error",
} as const;

export type LevelName = keyof typeof LEVELS;

/**
 * The log of the process, on stderr: for a person's eye on a terminal, one JSON object a line
 * otherwise. Opening it again replaces the one before.
 */
export function openLog(terminal: Terminal, level: LevelName): Logger {
  const style = terminal.saysColours ? "colour" : "plain";
  const write = (record: LogRecord): void => {
    if (terminal.isInteractive) terminal.sayStyled(pretty(record, style));
    else terminal.say(json(record).trimEnd());
  };
  configureSync({
    reset: true,
    sinks: { terminal: write },
    loggers: [
      { category: CATEGORY, lowestLevel: LEVELS[level], sinks: ["terminal"] },
      // What the library says of itself is worth reading when something is wrong only.
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["terminal"] },
    ],
  });
  return {
    trace: (message, fields) => emit("trace", message, fields),
    debug: (message, fields) => emit("debug", message, fields),
    info: (message, fields) => emit("info", message, fields),
    warn: (message, fields) => emit("warning", message, fields),
    error: (message, fields) => emit("error", message, fields),
  };
}

/**
 * The level that the environment asks for; `info` when it does not.
 *
 * @throws {ConfigError} It is no level.
 */
export function logLevelOf(env: Readonly<Record<string, string | undefined>>): LevelName {
  const text = (env["LOG_LEVEL"] ?? "").toLowerCase();
  if (text === "") return "info";
  if (Object.hasOwn(LEVELS, text)) return text as LevelName; // The line before says so.
  const names = Object.keys(LEVELS);
  const meant = nearest(text, names);
  const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
  throw new ConfigError([
    {
      path: "LOG_LEVEL",
      message: `Unknown level "${text}": must be one of ${names.join(", ")}${hint}`,
    },
  ]);
}

function emit(level: LogLevel, message: string, fields: LogFields = {}): void {
  // A record of its own, since the library would take braces in a message for placeholders.
  logtape(CATEGORY).emit({
    level,
    message: [message],
    rawMessage: message,
    timestamp: Date.now(),
    properties: { ...fields },
  });
}

const LINE = {
  timestamp: "time",
  format: (parts: { timestamp: string | null; level: string; message: string }): string =>
    `${parts.timestamp} ${parts.level} ${parts.message}`,
} as const;

const lineIn = { colour: getAnsiColorFormatter(LINE), plain: getTextFormatter(LINE) } as const;

function pretty(record: LogRecord, style: "colour" | "plain"): string {
  // What strangers wrote must not give the screen orders; our own colours do.
  const message = record.message.map((part) => (typeof part === "string" ? shownText(part) : part));
  const line = lineIn[style]({ ...record, message }).trimEnd();
  const fields = Object.entries(record.properties);
  if (fields.length === 0) return line;
  const shown = fields.map(([name, value]) => `${name}=${shownText(inline(value))}`).join(" ");
  return style === "colour" ? `${line} \u001b[2m${shown}\u001b[0m` : `${line} ${shown}`;
}

// Nested, so that no field can pass for the message.
const json = getJsonLinesFormatter({ properties: "nest:fields" });

function inline(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(messageOf(value));
  if (typeof value === "string" && /^[\w./:@%+-]+$/.test(value)) return value;
  return JSON.stringify(value) ?? "undefined";
}
