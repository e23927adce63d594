import { FatalError, messageOf, TransientError } from "../core/errors.ts";

/** The result code of SQLite for a disk that is full, and for one that fails: both may pass. */
const FULL_CODE = 13;
const DISK_CODE = 10;
/** Those of a file that another process has locked: an SQLite browser, a backup tool. */
const LOCKED_CODES = [5, 6];
/** Result codes of SQLite that say that the file is no database, or a damaged one. */
const DAMAGE_CODES = [11, 26];
/** That of a file that may not be written: by its rights, or by what stands in its head. */
const READONLY_CODE = 8;

/** What a failure of SQLite means for the state. */
export function explained(failure: unknown, path: string): unknown {
  const message = messageOf(failure);
  const code = codeOf(failure);
  if (code === FULL_CODE || /disk is full/.test(message)) {
    const text = `Cannot write the state "${path}": ${message}; make room on its disk`;
    return new TransientError(text, { cause: failure });
  }
  if (code === DISK_CODE || /disk I\/O error/.test(message)) {
    return new TransientError(
      `Cannot read or write the state "${path}": ${message}; its disk is full or fails: make room, or see ` +
        "what the log of the system says of that disk",
      { cause: failure },
    );
  }
  if (LOCKED_CODES.includes(code) || /database (?:table )?is locked/.test(message)) {
    return new TransientError(
      `Cannot write the state "${path}": another process has locked it (${message}); close what has it open`,
      { cause: failure },
    );
  }
  if (code === READONLY_CODE) {
    return new FatalError(
      `Cannot write the state "${path}": ${message}; let this user write the file and its folder, or, ` +
        "if it may, restore the file from a backup (aggregator restore)",
      { cause: failure },
    );
  }
  if (
    DAMAGE_CODES.includes(code) ||
    /malformed|not a database|no such (?:table|column)/.test(message)
  ) {
    return damage(path, message, failure);
  }
  return failure;
}

/** Does `work` and says what its failures mean. */
export function explaining<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (failure) {
    throw explained(failure, path);
  }
}

/** Some part of the state is not as it was written. */
export function damage(path: string, detail: string, cause?: unknown): FatalError {
  return new FatalError(
    `State "${path}" is damaged (${detail}). Restore it from a backup (aggregator restore), or name ` +
      "an empty folder in state.dir and read the source again from its start",
    cause === undefined ? {} : { cause },
  );
}

/** The primary result code of SQLite, without its extension; -1: none is told. */
function codeOf(failure: unknown): number {
  if (typeof failure !== "object" || failure === null || !("errcode" in failure)) return -1;
  return typeof failure.errcode === "number" ? failure.errcode & 0xff : -1;
}
