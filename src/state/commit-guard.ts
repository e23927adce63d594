import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import { PRIVATE } from "../core/private.ts";

/** The count is written over itself, always as long, so that it needs no room on a full disk. */
const DIGITS = 16;

/**
 * How many transactions the state has seen, in a small file beside it. SQLite goes back without a word
 * to what it had before when its log is lost or cut; this count does not.
 *
 * It is written behind each commit and never synced: it may lag behind the state, never be ahead of it.
 */
export class CommitGuard {
  readonly #fd: number;

  constructor(path: string) {
    // Made when it is missing, and never cut to nothing: what stands there is written over.
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT, PRIVATE.file);
  }

  /** What was written last; undefined: nothing ever was, or what stands there is no count. */
  static read(path: string): number | undefined {
    try {
      const text = readFileSync(path, "utf8").trim();
      return /^\d{1,16}$/.test(text) ? Number(text) : undefined;
    } catch (failure) {
      const { code } = failure as NodeJS.ErrnoException; // what the file system throws
      if (code === "ENOENT") return undefined;
      throw failure;
    }
  }

  note(commits: number): void {
    writeSync(this.#fd, String(commits).padStart(DIGITS, "0"), 0);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
