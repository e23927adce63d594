import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { FatalError } from "../core/errors.ts";
import { PRIVATE } from "../core/private.ts";
import { CommitGuard } from "./commit-guard.ts";
import { damage } from "./state-failure.ts";
import { syncFolder } from "./sync-folder.ts";

/** File of the state in its folder. */
export const STATE_FILE = "state.sqlite";

/** The format of the file; a change that older programs cannot read counts it up. */
export const STATE_VERSION = 2;

/** Marks the file as ours, in the place that SQLite has for it: "AGGR". */
const APPLICATION_ID = 0x41474752;

const SCHEMA = `
  create table meta (key text primary key, value text not null) without rowid, strict;
  create table pages (key text primary key, bytes blob not null) without rowid, strict;
  create table outbox (
    sink text not null,
    sequence integer not null,
    row blob not null,
    primary key (sink, sequence)
  ) without rowid, strict;
  create table sinks (
    name text primary key,
    given integer not null,
    confirmed integer not null
  ) without rowid, strict;
  create table dead_letters (
    seq integer primary key autoincrement,
    reason text not null,
    at text not null,
    received_at real not null,
    body blob not null
  ) strict;
  create index dead_letters_by_reason on dead_letters (reason, seq);
`;

/** A key of `meta`: how many transactions there were; checksum of what no seal protects. */
export const COMMITS = "commits";
export const CHECK = "check";

/**
 * Makes a file with the tables of a state, in a transaction that is still open.
 *
 * @param synced `"by-caller"`: the commit does not wait for the disk.
 */
export function beginStateFile(path: string, synced: "by-commit" | "by-caller"): DatabaseSync {
  // Before anything of it is made: what SQLite puts beside it gets the mode of the file.
  closeSync(openSync(path, "w", PRIVATE.file));
  const db = new DatabaseSync(path);
  db.exec(`pragma synchronous = ${synced === "by-commit" ? "full" : "off"}; begin; ${SCHEMA}
    pragma application_id = ${APPLICATION_ID}; pragma user_version = ${STATE_VERSION}`);
  return db;
}

/**
 * Makes a new file, whole or not at all: one that is there has a beginning, so that an empty one is
 * damage and never taken for a new state.
 */
export function createStateFile(path: string, begun: Readonly<Record<string, string>>): void {
  const unfinished = `${path}.new`;
  rmSync(unfinished, { force: true });
  const db = beginStateFile(unfinished, "by-commit");
  try {
    const insert = db.prepare("insert into meta (key, value) values (?, ?)");
    const meta = Object.entries({ ...begun, [COMMITS]: "0" }).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [key, value] of meta) insert.run(key, value);
    insert.run(CHECK, crc32(JSON.stringify([meta, []])).toString(16));
    db.exec("commit");
  } finally {
    db.close();
  }
  renameSync(unfinished, path);
  syncFolder(dirname(path));
}

/** @throws {FatalError} There was a state, and it is gone. */
export function checkAbsence(path: string): void {
  const left = [`${path}-wal`, guardOf(path)].find((beside) => existsSync(beside));
  if (left !== undefined) {
    throw damage(path, `it is gone, but "${left}" shows that there was one`);
  }
}

/** Below the folder of the state: its files under another key, whole, on their way to their places. */
export const REKEYED_FOLDER = "rekeyed";

/**
 * @throws {FatalError} Some files of the folder are under the old key yet, others under the new one; or it
 *   was to be restored, and is not there yet.
 */
export function checkUnfinished(dir: string): void {
  if (!existsSync(join(dir, STATE_FILE))) checkRestored(dir);
  if (!existsSync(join(dir, REKEYED_FOLDER))) return;
  throw new FatalError(
    `State in "${dir}" is between two keys: aggregator rekey was interrupted; run it again to the end`,
  );
}

/** Folders beside that of a state, with these and a time behind its name: one that is being restored. */
export const RESTORING = ".restoring-";
export const BEFORE = ".before-";

/** Paths of the folders beside that of a state which restores have left. */
export function besideOf(dir: string, mark: typeof RESTORING | typeof BEFORE): string[] {
  const parent = dirname(dir);
  if (!existsSync(parent)) return [];
  const names = readdirSync(parent).filter((name) => name.startsWith(basename(dir) + mark));
  return names.sort().map((name) => join(parent, name));
}

/** @throws {FatalError} There is no state yet, as a restore of it was killed on its way. */
function checkRestored(dir: string): void {
  const left = besideOf(dir, RESTORING).at(-1);
  if (left === undefined) return;
  const before = besideOf(dir, BEFORE).at(-1);
  const old = before === undefined ? "" : `; what was there before is in "${before}"`;
  throw new FatalError(
    `State in "${dir}" is not there: aggregator restore was interrupted; run it again${old}. To begin ` +
      `with an empty state instead, remove "${left}"`,
  );
}

/** @throws {FatalError} */
export function checkHeader(db: DatabaseSync, path: string): void {
  if (statSync(path).size === 0) throw damage(path, "the file is empty");
  const application = numberOf(db, "application_id");
  if (application !== APPLICATION_ID) {
    throw new FatalError(
      `File "${path}" is not a state of Aggregator: name another folder in state.dir`,
    );
  }
  const version = numberOf(db, "user_version");
  if (version > STATE_VERSION) {
    throw new FatalError(
      `State "${path}" was written by a newer version (format ${version}, this one knows ` +
        `${STATE_VERSION}): run that version, or restore a backup that this one made`,
    );
  }
}

/**
 * For who is about to write: makes sure that it can be done, and that the file says in which format it is
 * from then on. An older one is read as it is, and written page by page.
 *
 * @throws {FatalError} Pages are missing, or do not hang together.
 */
export function checkTree(db: DatabaseSync, path: string): void {
  const found = String(db.prepare("pragma quick_check(1)").get()?.["quick_check"]);
  if (found !== "ok") throw damage(path, found.replace(/\s+/g, " "));
  if (numberOf(db, "user_version") < STATE_VERSION) {
    db.exec(`pragma user_version = ${STATE_VERSION}`);
  }
}

/** @throws {FatalError} The file has lost transactions. */
export function checkCommits(path: string, commits: number): void {
  const seen = CommitGuard.read(guardOf(path)) ?? 0;
  if (seen <= commits) return;
  throw damage(
    path,
    `it is at transaction ${commits}, but had come to ${seen}: its log "${path}-wal" was removed or ` +
      "damaged, or the file alone was put back",
  );
}

/** The file of the count beside the state. */
export function guardOf(path: string): string {
  return path.replace(/\.sqlite$/, ".commits");
}

function numberOf(db: DatabaseSync, pragma: string): number {
  return Number(db.prepare(`pragma ${pragma}`).get()?.[pragma]);
}
