import {
  chownSync,
  closeSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { FatalError, messageOf } from "../core/errors.ts";
import { PRIVATE } from "../core/private.ts";
import { ROLES, type Role } from "../core/role.ts";
import { syncFolder } from "../state/sync-folder.ts";
import type { TokenEntry } from "../status/access/token-entry.ts";

/** A token that was made here: its hash, and what is known of it. */
export interface KeptToken extends TokenEntry {
  /** Epoch milliseconds; undefined: not known. */
  readonly madeAtMs: number | undefined;
  /** `start`: at the first start, since there was no other. It counts while the settings have none. */
  readonly madeBy: "start" | "command";
}

/** Who changes the file holds it for some milliseconds: one that is older was left behind by a crash. */
const STALE_MS = 10_000;

/** How long to wait for somebody else who changes it, and how often to look. */
const WAIT_MS = 3_000;
const LOOK_MS = 10;

/** The tokens that are kept in a folder, as hashes. Read by the service, changed by commands beside it. */
export class KeptTokens {
  readonly path: string;
  readonly #oldPath: string;
  #seen: { readonly stamp: string; readonly tokens: readonly KeptToken[] } | undefined;

  /** @param folder What outlives the process; one service alone uses it. */
  constructor(folder: string) {
    this.path = join(folder, "tokens.json");
    this.#oldPath = join(folder, "token");
  }

  /**
   * Those of this moment: read again when the file is another one.
   *
   * @returns Undefined: none were ever made.
   * @throws {FatalError} They cannot be read.
   */
  read(): readonly KeptToken[] | undefined {
    const stamp = `${stampOf(this.path)} ${stampOf(this.#oldPath)}`;
    if (this.#seen?.stamp !== stamp) {
      const tokens = this.#readFile();
      if (tokens === undefined) return undefined;
      this.#seen = { stamp, tokens };
    }
    return this.#seen.tokens;
  }

  /**
   * Makes the folder where there is none. Root who does so for a service of another user gives it to the
   * owner of the folder around it.
   *
   * @throws {FatalError} It cannot be made.
   */
  makeFolder(): void {
    const folder = dirname(this.path);
    try {
      const first = mkdirSync(folder, { recursive: true, mode: PRIVATE.folder });
      if (first === undefined || process.getuid?.() !== 0) return;
      const { uid, gid } = statSync(dirname(first));
      for (let at = folder; at.length >= first.length; at = dirname(at)) chownSync(at, uid, gid);
    } catch (failure) {
      throw new FatalError(`Cannot keep tokens in "${folder}": ${messageOf(failure)}`, {
        cause: failure,
      });
    }
  }

  /**
   * Puts others in the place of those that are kept: whole or not at all, and for nobody else to read.
   *
   * @throws {FatalError} It cannot be done, or somebody else is at it.
   */
  change(changed: (tokens: readonly KeptToken[]) => readonly KeptToken[]): void {
    const unfinished = `${this.path}.new`;
    let fd: number;
    try {
      fd = openAlone(unfinished);
      giveTo(fd, dirname(this.path));
    } catch (failure) {
      throw new FatalError(`Cannot keep tokens in "${this.path}": ${messageOf(failure)}`, {
        cause: failure,
      });
    }
    try {
      try {
        const tokens = changed(this.#readFile() ?? []);
        writeFileSync(fd, textOf(tokens));
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(unfinished, this.path);
      // What it held is in the new file.
      rmSync(this.#oldPath, { force: true });
      // A token that was revoked must not come back with the power.
      syncFolder(dirname(this.path));
    } catch (failure) {
      rmSync(unfinished, { force: true });
      if (failure instanceof FatalError) throw failure;
      throw new FatalError(`Cannot keep tokens in "${this.path}": ${messageOf(failure)}`, {
        cause: failure,
      });
    }
  }

  #readFile(): readonly KeptToken[] | undefined {
    const text = textAt(this.path);
    if (text !== undefined) return tokensIn(text, this.path);
    const old = textAt(this.#oldPath);
    return old === undefined ? undefined : [tokenOfOld(old, this.#oldPath)];
  }
}

/** Tells one file from another in the same place. */
function stampOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? "none" : `${stats.ino} ${stats.size} ${stats.mtimeNs}`;
}

/** Root who makes a token for a service of another user makes it a file that this one can read. */
function giveTo(fd: number, folder: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  fchownSync(fd, uid, gid);
}

/** Two commands at once would lose what one of them did: the second waits for the first. */
function openAlone(path: string): number {
  for (const untilMs = Date.now() + WAIT_MS; ; ) {
    try {
      return openSync(path, "wx", PRIVATE.file);
    } catch (failure) {
      if (!hasCode(failure, "EEXIST")) throw failure;
    }
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats !== undefined && Math.abs(Date.now() - stats.mtimeMs) >= STALE_MS) {
      rmSync(path, { force: true });
    } else if (Date.now() >= untilMs) {
      throw new Error("another command is at it, or was killed at it; try again in some seconds");
    } else {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
    }
  }
}

function hasCode(failure: unknown, code: string): boolean {
  return failure instanceof Error && "code" in failure && failure.code === code;
}

function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (failure) {
    if (hasCode(failure, "ENOENT")) return undefined;
    throw new FatalError(`Cannot read "${path}": ${messageOf(failure)}`, { cause: failure });
  }
}

function textOf(tokens: readonly KeptToken[]): string {
  const entries = tokens.map(({ name, role, digest, expiresAtMs, madeAtMs, madeBy }) => ({
    name,
    role,
    sha256: Buffer.from(digest).toString("hex"),
    expires_at: timeOf(expiresAtMs),
    made_at: timeOf(madeAtMs),
    made_by: madeBy,
  }));
  return `${JSON.stringify({ version: 1, tokens: entries }, null, 2)}\n`;
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

function tokensIn(text: string, path: string): readonly KeptToken[] {
  try {
    const { version, tokens } = JSON.parse(text) as { version?: unknown; tokens?: unknown };
    if (version !== 1 || !Array.isArray(tokens)) throw new TypeError("it is of another version");
    return tokens.map(tokenIn);
  } catch (failure) {
    throw new FatalError(
      `Cannot use "${path}": ${messageOf(failure)}; delete it to have new tokens made at the next start`,
    );
  }
}

function tokenIn(entry: unknown): KeptToken {
  const { name, role, sha256, expires_at, made_at, made_by } = entry as Record<string, unknown>;
  if (typeof name !== "string" || !isRole(role))
    throw new TypeError("an entry has no name or role");
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new TypeError(`the entry "${name}" holds no SHA-256 of a token`);
  }
  const expiresAtMs = typeof expires_at === "string" ? Date.parse(expires_at) : undefined;
  // One whose end cannot be read would open for ever.
  if (Number.isNaN(expiresAtMs) || (expiresAtMs === undefined && expires_at !== null)) {
    throw new TypeError(`the entry "${name}" holds no time in expires_at`);
  }
  return {
    name,
    role,
    digest: Buffer.from(sha256, "hex"),
    expiresAtMs,
    madeAtMs: typeof made_at === "string" ? Date.parse(made_at) : undefined,
    madeBy: made_by === "start" ? "start" : "command",
  };
}

function isRole(value: unknown): value is Role {
  return ROLES.some((role) => role === value);
}

/** Of an older version, which kept one token that opened everything. */
function tokenOfOld(text: string, path: string): KeptToken {
  const match = /^sha256:([0-9a-f]{64})\n$/.exec(text);
  if (match === null) {
    throw new FatalError(
      `Cannot use "${path}": it holds no SHA-256 of a token; delete it to have new tokens made at the next start`,
    );
  }
  const digest = Buffer.from(match[1]!, "hex");
  return { name: "operator", role: "operator", digest, madeAtMs: undefined, madeBy: "start" };
}
