import {
  configureSync,
  getAnsiColorFormatter,
  getJsonLinesFormatter,
  type LogLevel,
  type LogRecord,
  getLogger as logtape,
} from "@logtape/logtape";
import { ConfigError, messageOf } from "../core/errors.ts";
import type { LogFields, Logger } from "../core/logger.ts";
import { nearest } from "../core/nearest.ts";
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
  const format = terminal.isInteractive ? pretty : json;
  const write = (record: LogRecord): void => terminal.say(format(record).trimEnd());
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

const prettyLine = getAnsiColorFormatter({
  timestamp: "time",
  format: ({ timestamp, level, message }) => `${timestamp} ${level} ${message}`,
});

function pretty(record: LogRecord): string {
  const line = prettyLine(record).trimEnd();
  const fields = Object.entries(record.properties);
  if (fields.length === 0) return line;
  const shown = fields.map(([name, value]) => `${name}=${inline(value)}`).join(" ");
  return `${line} \u001b[2m${shown}\u001b[0m`;
}

// Nested, so that no field can pass for the message.
const json = getJsonLinesFormatter({ properties: "nest:fields" });

function inline(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(messageOf(value));
  if (typeof value === "string" && /^[\w./:@%+-]+$/.test(value)) return value;
  return JSON.stringify(value) ?? "undefined";
}
