import { statSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { FatalError, messageOf, TransientError } from "../core/errors.ts";

/** The format of the file; a change that older programs cannot read counts it up. */
export const STATE_VERSION = 1;

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

/** Result codes of SQLite that pass: the disk is full, a write failed for now. */
const FULL_CODES = [10, 13];
/** Result codes of SQLite that say that the file is no database, or a damaged one. */
const DAMAGE_CODES = [11, 26];

/** The SQL behind the state: one connection, its statements, and what its failures mean. */
export class StateDatabase {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** @throws {FatalError} The file is not ours, of a newer version, or damaged. */
  static open(path: string): StateDatabase {
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(path);
      db.exec("pragma busy_timeout = 5000");
      prepare(db, path);
      return new StateDatabase(path, db);
    } catch (failure) {
      db?.close();
      throw failure instanceof FatalError ? failure : explained(failure, path);
    }
  }

  private constructor(path: string, db: DatabaseSync) {
    this.path = path;
    this.#db = db;
  }

  /**
   * All or nothing.
   *
   * @throws {TransientError} The disk is full: nothing happened. @throws {FatalError} The file is damaged.
   */
  transaction(work: () => void): void {
    try {
      this.#db.exec("begin immediate");
      work();
      this.#db.exec("commit");
    } catch (failure) {
      this.#rollback();
      throw explained(failure, this.path);
    }
  }

  /** A statement, prepared once. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  meta(key: string): string | undefined {
    const row = this.statement("select value from meta where key = ?").get(key);
    return row === undefined ? undefined : String(row["value"]);
  }

  setMeta(key: string, value: string): void {
    this.statement("insert or replace into meta (key, value) values (?, ?)").run(key, value);
  }

  *pages(): Iterable<{ readonly key: string; readonly bytes: Uint8Array }> {
    const statement = this.statement("select key, bytes from pages");
    for (const row of statement.iterate()) {
      yield { key: String(row["key"]), bytes: row["bytes"] as Uint8Array }; // a blob, by the schema
    }
  }

  putPage(key: string, bytes: Uint8Array): void {
    this.statement("insert or replace into pages (key, bytes) values (?, ?)").run(key, bytes);
  }

  /** Removes the page with this key, and all whose keys go on behind it with a slash. */
  removePages(prefix: string): void {
    // "0" is the character behind "/": a range serves the primary key, a pattern would not.
    this.statement("delete from pages where key = ? or (key > ? and key < ?)").run(
      prefix,
      `${prefix}/`,
      `${prefix}0`,
    );
  }

  /** Bytes on disk, those of the log included. */
  get bytes(): number {
    const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    return sizeOf(this.path) + sizeOf(`${this.path}-wal`);
  }

  close(): void {
    this.#statements.clear();
    if (this.#db.isOpen) this.#db.close();
  }

  #rollback(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec("rollback");
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
  }
}

function prepare(db: DatabaseSync, path: string): void {
  const application = numberOf(db, "application_id");
  const version = numberOf(db, "user_version");
  const tables = db.prepare("select count(*) as n from sqlite_schema").get();
  const isNew = Number(tables?.["n"]) === 0 && application === 0 && version === 0;
  if (!isNew && application !== APPLICATION_ID) {
    throw new FatalError(
      `File "${path}" is not a state of Aggregator: name another folder in state.dir`,
    );
  }
  if (version > STATE_VERSION) {
    throw new FatalError(
      `State "${path}" was written by a newer version (format ${version}, this one knows ` +
        `${STATE_VERSION}): run that version, or restore a backup that this one made`,
    );
  }
  db.exec("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on");
  if (!isNew) return;
  db.exec(`begin; ${SCHEMA}
    pragma application_id = ${APPLICATION_ID}; pragma user_version = ${STATE_VERSION}; commit`);
}

function numberOf(db: DatabaseSync, pragma: string): number {
  return Number(db.prepare(`pragma ${pragma}`).get()?.[pragma]);
}

/** What a failure of SQLite means for the state. */
function explained(failure: unknown, path: string): unknown {
  const message = messageOf(failure);
  const code = codeOf(failure);
  const isFull = FULL_CODES.includes(code) || /disk is full|disk I\/O error/.test(message);
  if (isFull) {
    return new TransientError(
      `Cannot write the state "${path}": ${message}; make room on its disk`,
      {
        cause: failure,
      },
    );
  }
  if (DAMAGE_CODES.includes(code) || /malformed|not a database/.test(message)) {
    return new FatalError(
      `State "${path}" is damaged (${message}). Restore it from a backup (aggregator restore), or name ` +
        "an empty folder in state.dir and read the source again from its start",
      { cause: failure },
    );
  }
  return failure;
}

/** The primary result code of SQLite, without its extension; -1: none is told. */
function codeOf(failure: unknown): number {
  if (typeof failure !== "object" || failure === null || !("errcode" in failure)) return -1;
  return typeof failure.errcode === "number" ? failure.errcode & 0xff : -1;
}
