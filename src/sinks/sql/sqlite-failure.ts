import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { FatalError, messageOf, TransientError } from "../../core/errors.ts";

/** Primary result codes of SQLite. */
const CONSTRAINT = 19;
const TOO_BIG = 18;
const MISMATCH = 20;

/** Trying again cannot help: the file, or the right to it, is what is wrong. */
const CANTOPEN = 14;
const FATAL = new Map([
  [3, "the right to it is missing"], // SQLITE_PERM
  [8, "it is read-only"], // SQLITE_READONLY
  [11, "the file is damaged"], // SQLITE_CORRUPT
  [CANTOPEN, "the file cannot be opened"],
  [23, "the right to it is missing"], // SQLITE_AUTH
  [26, "the file is not a SQLite database"], // SQLITE_NOTADB
]);

/** Deno gives no code for what fails outside a prepared statement. */
const MESSAGES: readonly (readonly [RegExp, number])[] = [
  [/readonly database/, 8],
  [/malformed/, 11],
  [/unable to open/, 14],
  [/not a database/, 26],
];

/** What the store says of a row that it will never take; undefined when it is another failure. */
export function isRefusal(thrown: unknown): string | undefined {
  const code = codeOf(thrown);
  if (code !== CONSTRAINT && code !== TOO_BIG && code !== MISMATCH) return undefined;
  return messageOf(thrown);
}

/**
 * The failure of a call, as the pipeline wants it. What is not known to be for good is transient: a
 * locked file, a full disk, a table that somebody dropped and that opening makes again.
 */
export function sqliteFailure(action: string, thrown: unknown): Error {
  if (thrown instanceof FatalError || thrown instanceof TransientError) return thrown;
  const text = messageOf(thrown);
  const code = codeOf(thrown) ?? 0;
  if (code === CANTOPEN && !canOpenAny()) {
    return new TransientError(`${action}: no file descriptor is left`, { cause: thrown });
  }
  const fatal = FATAL.get(code);
  if (fatal !== undefined) return new FatalError(`${action}: ${fatal} (${text})`);
  return new TransientError(`${action}: ${text}`, { cause: thrown });
}

/** SQLite does not tell whether it was this file, or any. */
function canOpenAny(): boolean {
  try {
    closeSync(openSync(devNull, "r"));
    return true;
  } catch {
    return false;
  }
}

function codeOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error)) return undefined;
  // The low byte is the primary code; the rest refines it.
  if ("errcode" in thrown && typeof thrown.errcode === "number") return thrown.errcode & 0xff;
  return MESSAGES.find(([pattern]) => pattern.test(thrown.message))?.[1];
}
