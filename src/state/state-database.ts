import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import {
  DatabaseSync,
  type SQLInputValue,
  type SQLOutputValue,
  type StatementSync,
} from "node:sqlite";
import { crc32 } from "node:zlib";
import { FatalError } from "../core/errors.ts";
import { CommitGuard } from "./commit-guard.ts";
import { damage, explained, explaining } from "./state-failure.ts";
import {
  beginStateFile,
  CHECK,
  COMMITS,
  checkAbsence,
  checkCommits,
  checkHeader,
  checkTree,
  checkUnfinished,
  createStateFile,
  guardOf,
} from "./state-file.ts";

/** Those of the schema. */
const TABLES = ["meta", "pages", "outbox", "sinks", "dead_letters"] as const;

/** How long a copy holds the thread at once. */
const HELD_MS_MAX = 5;

/** How long a lock of another process is waited for in place. */
const BUSY_MS_MAX = 50;

/**
 * The SQL behind the state: one connection, its statements, and what its failures mean. SQLite itself
 * notices little of what happens to its file, so everything that is read here is covered by some check:
 * the tree of the file when it is opened, the table of places by a checksum, whole transactions by
 * a count beside the file, and pages, rows and letters by their seals.
 */
export class StateDatabase {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #guard: CommitGuard | undefined;
  #commits = 0;

  /**
   * Opens the file, or makes it where there never was one.
   *
   * @param begun What `meta` holds in a new one.
   * @throws {FatalError} The file is not ours, of a newer version, damaged, or gone.
   */
  static open(path: string, begun: Readonly<Record<string, string>>): StateDatabase {
    return explaining(path, () => {
      checkUnfinished(dirname(path));
      if (!existsSync(path)) {
        checkAbsence(path);
        createStateFile(path, begun);
      }
      return new StateDatabase(path, "write");
    });
  }

  /**
   * Opens the file for reading, also while another process writes it.
   *
   * @throws {FatalError} As `open`; also when there is none.
   */
  static read(path: string): StateDatabase {
    return explaining(path, () => {
      if (!existsSync(path)) throw new FatalError(`Cannot find the state "${path}"`);
      return new StateDatabase(path, "read");
    });
  }

  private constructor(path: string, mode: "read" | "write") {
    this.path = path;
    const db = new DatabaseSync(path, { readOnly: mode === "read" });
    this.#db = db;
    let guard: CommitGuard | undefined;
    try {
      // Waiting here would hold up everything else: whoever asked tries again.
      db.exec(`pragma busy_timeout = ${BUSY_MS_MAX}`);
      checkHeader(db, path);
      if (mode === "write") {
        db.exec("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on");
        checkTree(db, path);
      }
      this.#commits = Number(this.meta(COMMITS));
      if (this.meta(CHECK) !== this.#checksum())
        throw damage(path, "its table of places is not as it was written");
      if (mode === "write") {
        checkCommits(path, this.#commits);
        guard = new CommitGuard(guardOf(path));
        guard.note(this.#commits);
      }
      this.#guard = guard;
    } catch (failure) {
      guard?.close();
      db.close();
      throw failure;
    }
  }

  /**
   * All or nothing. Whatever is changed, is changed in one.
   *
   * @throws {TransientError} The disk is full: nothing happened. @throws {FatalError} The file is damaged.
   */
  transaction<Result>(work: () => Result): Result {
    try {
      this.#db.exec("begin immediate");
      const result = work();
      this.setMeta(COMMITS, String(this.#commits + 1));
      this.setMeta(CHECK, this.#checksum());
      this.#db.exec("commit");
      this.#commits++;
      this.#guard?.note(this.#commits);
      return result;
    } catch (failure) {
      this.#rollback();
      throw explained(failure, this.path);
    }
  }

  /**
   * Sees one moment of the file during `work`, whatever is committed meanwhile.
   *
   * @throws {FatalError} The file is damaged.
   */
  async snapshot<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      this.#db.exec("begin");
      // The moment is that of the first read.
      this.meta(COMMITS);
      return await work();
    } catch (failure) {
      throw explained(failure, this.path);
    } finally {
      this.#rollback();
    }
  }

  /**
   * Copies everything into a new file, row by row; within a {@link snapshot}. SQLite's own backup would hold
   * the thread to its end, and the pipeline with it. The caller syncs the file.
   */
  async copyTo(path: string): Promise<void> {
    const copy = beginStateFile(path, "by-caller");
    try {
      for (const table of TABLES) await this.#copyTable(table, copy);
      // By now it holds numbers of its own, of the rows that were copied.
      copy.exec("delete from sqlite_sequence");
      await this.#copyTable("sqlite_sequence", copy);
      copy.exec("commit");
    } finally {
      copy.close();
    }
  }

  async #copyTable(table: string, copy: DatabaseSync): Promise<void> {
    const rows = this.statement(`select * from ${table}`).iterate();
    let insert: StatementSync | undefined;
    let breathedMs = performance.now();
    for (const row of rows) {
      const values = Object.values(row);
      insert ??= copy.prepare(`insert into ${table} values (${values.map(() => "?").join(", ")})`);
      insert.run(...values);
      if (performance.now() - breathedMs < HELD_MS_MAX) continue;
      await new Promise((resolve) => setImmediate(resolve));
      breathedMs = performance.now();
    }
  }

  /** Every key of `meta`, in their order. */
  allMeta(): [key: string, value: string][] {
    return this.statement("select key, value from meta order by key")
      .all()
      .map((row) => [String(row["key"]), String(row["value"])]);
  }

  #checksum(): string {
    const meta = this.allMeta().filter(([key]) => key !== CHECK);
    const sinks = this.statement("select name, given, confirmed from sinks order by name")
      .all()
      .map((row) => [row["name"], row["given"], row["confirmed"]]);
    return crc32(JSON.stringify([meta, sinks])).toString(16);
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

  /** The rows of a query. @throws {FatalError} The file is damaged. */
  all(sql: string, ...values: SQLInputValue[]): Record<string, SQLOutputValue>[] {
    return explaining(this.path, () => this.statement(sql).all(...values));
  }

  meta(key: string): string | undefined {
    const row = this.statement("select value from meta where key = ?").get(key);
    return row === undefined ? undefined : String(row["value"]);
  }

  setMeta(key: string, value: string): void {
    this.statement("insert or replace into meta (key, value) values (?, ?)").run(key, value);
  }

  *pages(): Iterable<{ readonly key: string; readonly bytes: Uint8Array }> {
    const rows = explaining(this.path, () =>
      this.statement("select key, bytes from pages").iterate(),
    );
    for (;;) {
      const { done, value } = explaining(this.path, () => rows.next());
      if (done === true) return;
      // A text and a blob, by the schema.
      yield { key: String(value["key"]), bytes: value["bytes"] as Uint8Array };
    }
  }

  /** One page; undefined: it is not there. */
  page(key: string): Uint8Array | undefined {
    const row = this.statement("select bytes from pages where key = ?").get(key);
    return row?.["bytes"] as Uint8Array | undefined; // a blob, by the schema
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

  /** `ok`, or what is wrong with the tree of the file. Reads all of it. */
  integrity(): string {
    const [found] = this.all("pragma integrity_check(1)");
    return String(found?.["integrity_check"]).replace(/\s+/g, " ");
  }

  /** Writes the file anew, without what was overwritten in it. */
  compact(): void {
    explaining(this.path, () => this.#db.exec("vacuum"));
  }

  /** Bytes on disk, those of the log included. */
  get bytes(): number {
    const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    return sizeOf(this.path) + sizeOf(`${this.path}-wal`);
  }

  /** May be called twice. */
  close(): void {
    if (!this.#db.isOpen) return;
    this.#statements.clear();
    this.#db.close();
    this.#guard?.close();
  }

  #rollback(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec("rollback");
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
  }
}
