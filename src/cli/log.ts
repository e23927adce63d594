import {
  configureSync,
  getAnsiColorFormatter,
  getJsonLinesFormatter,
  getTextFormatter,
  type LogLevel,
  type LogRecord,
  getLogger as logtape,
} from "@logtape/logtape";
import { messageOf } from "../core/errors.ts";
import {
  type LazyFields,
  type LevelName,
  LOG_LEVELS,
  type LogFields,
  type Logger,
  type LogPart,
} from "../core/logger.ts";
import type { LogSettings } from "../core/settings.ts";
import { shownText } from "../core/shown-text.ts";
import type { LevelChoice } from "./log-level.ts";
import type { Terminal } from "./terminal.ts";

const CATEGORY = "aggregator";

const LIBRARY_LEVELS: Readonly<Record<LevelName, LogLevel>> = {
  trace: "trace",
  debug: "debug",
  info: "info",
  warn: "warning",
  error: "error",
};

export interface LogOptions {
  /** What was said for this run: it goes before what the configuration says. */
  readonly chosen?: LevelChoice;
  readonly settings?: LogSettings | undefined;
}

/** The log of the process. */
export interface Log extends Logger {
  /** Lines written so far. */
  readonly lines: Readonly<Record<LevelName, number>>;
  /** From now on these settings are in force. */
  follow(settings: LogSettings | undefined): void;
}

/**
 * The log of the process, on stderr: for a person's eye on a terminal, one JSON object a line
 * otherwise. Opening it again replaces the one before.
 */
export function openLog(terminal: Terminal, { chosen = {}, settings }: LogOptions = {}): Log {
  let inForce = settings;
  const lines = { trace: 0, debug: 0, info: 0, warn: 0, error: 0 };
  const style = terminal.saysColours ? "colour" : "plain";
  const write = (record: LogRecord): void => {
    const { format = "auto" } = inForce ?? {};
    const isPretty = format === "auto" ? terminal.isInteractive : format === "pretty";
    if (isPretty) terminal.sayStyled(pretty(record, style));
    else terminal.say(json(record).trimEnd());
  };
  configureSync({
    reset: true,
    sinks: { terminal: write },
    loggers: [
      // Which of them are written is decided before a record is made.
      { category: CATEGORY, lowestLevel: "trace", sinks: ["terminal"] },
      // What the library says of itself is worth reading when something is wrong only.
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["terminal"] },
    ],
  });

  const levelOf = (part: LogPart | undefined): LevelName => {
    const own = part === undefined ? undefined : chosen.parts?.[part];
    const configured = part === undefined ? undefined : inForce?.parts[part];
    return own ?? chosen.level ?? configured ?? inForce?.level ?? "info";
  };

  function loggerOf(part: LogPart | undefined): Logger {
    const category = part === undefined ? [CATEGORY] : [CATEGORY, part];
    const isEnabled = (level: LevelName): boolean =>
      LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(levelOf(part));
    const emit = (level: LevelName, message: string, fields: LazyFields = {}): void => {
      if (!isEnabled(level)) return;
      lines[level]++;
      emitRecord(category, { level, message, fields: made(fields) });
    };
    return {
      trace: (message, fields) => emit("trace", message, fields),
      debug: (message, fields) => emit("debug", message, fields),
      info: (message, fields) => emit("info", message, fields),
      warn: (message, fields) => emit("warn", message, fields),
      error: (message, fields) => emit("error", message, fields),
      isEnabled,
      within: loggerOf,
    };
  }

  return { ...loggerOf(undefined), lines, follow: (changed) => void (inForce = changed) };
}

function made(fields: LazyFields): LogFields {
  return typeof fields === "function" ? fields() : fields;
}

function emitRecord(
  category: readonly string[],
  { level, message, fields }: { level: LevelName; message: string; fields: LogFields },
): void {
  // A record of its own, since the library would take braces in a message for placeholders.
  logtape([...category]).emit({
    level: LIBRARY_LEVELS[level],
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
