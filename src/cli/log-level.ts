import { ConfigError } from "../core/errors.ts";
import { type LevelName, LOG_LEVELS, LOG_PARTS, type LogPart } from "../core/logger.ts";
import { mustBeOneOf } from "../core/must-be-one-of.ts";
import { UsageError } from "./exit.ts";

/** How much the log says: a level for all, and others for some parts. */
export interface LevelChoice {
  readonly level?: LevelName;
  readonly parts?: Readonly<Partial<Record<LogPart, LevelName>>>;
}

/** The option of every command with a log. */
export const logLevelArg = {
  type: "string",
  valueHint: "level",
  description:
    "How much the log says: trace, debug, info, warn or error; of one part: info,sink=debug. " +
    "Default: LOG_LEVEL, else the configuration, else info",
} as const;

/**
 * What the command line or else `LOG_LEVEL` asks for; nothing when neither does.
 *
 * @throws {UsageError} The option is no level.
 * @throws {ConfigError} The variable is none.
 */
export function levelChoiceOf(
  option: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): LevelChoice {
  if (option !== undefined) {
    return read(option, (why) => new UsageError(`Option --log-level: ${why}`));
  }
  return read(
    env["LOG_LEVEL"] ?? "",
    (why) => new ConfigError([{ path: "LOG_LEVEL", message: why }]),
  );
}

/** Reads `info,sink=debug`. */
function read(text: string, failure: (why: string) => Error): LevelChoice {
  const words = text.toLowerCase().split(",");
  let level: LevelName | undefined;
  const parts: Partial<Record<LogPart, LevelName>> = {};
  for (const word of words.map((one) => one.trim()).filter((one) => one !== "")) {
    const [name, of, ...more] = word.split("=");
    if (of === undefined) {
      if (level !== undefined) throw failure(`Levels ${level} and ${word}: only one is for all`);
      level = levelNamed(word, failure);
    } else {
      if (more.length > 0) throw failure(`Cannot read "${word}": must be part=level`);
      parts[partNamed(name!, failure)] = levelNamed(of, failure); // what stands before the first =
    }
  }
  return { ...(level === undefined ? {} : { level }), parts };
}

function levelNamed(word: string, failure: (why: string) => Error): LevelName {
  const known = LOG_LEVELS.find((level) => level === word);
  if (known !== undefined) return known;
  throw failure(`Unknown level "${word}": ${mustBeOneOf(LOG_LEVELS, word)}`);
}

function partNamed(word: string, failure: (why: string) => Error): LogPart {
  const parts = Object.keys(LOG_PARTS) as LogPart[]; // the keys of what is written there
  const known = parts.find((part) => part === word);
  if (known !== undefined) return known;
  throw failure(`Unknown part "${word}": ${mustBeOneOf(parts, word)}`);
}
