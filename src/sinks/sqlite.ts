import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import * as v from "valibot";
import { TransientError } from "../core/errors.ts";
import type { ResultRow } from "../core/result.ts";
import { labelsToJson } from "../core/result-json.ts";
import {
  defineSink,
  type RefusedRow,
  type RowBatch,
  type SinkWriter,
  type WriteOutcome,
} from "../core/sink.ts";
import { isRefusal, sqliteFailure } from "./sql/sqlite-failure.ts";
import { sqliteHistory } from "./sql/sqlite-history.ts";
import { SqliteProgress } from "./sql/sqlite-progress.ts";
import { openProgressTable, openTable, type TableStatements } from "./sql/sqlite-table.ts";
import { DEFAULT_TABLE, tableName } from "./sql/table-name.ts";
import { Claim } from "./support/claim.ts";

/**
 * How long another writer of the file is waited for. The calls are synchronous and hold up the whole
 * process, so that longer waits belong to the pipeline.
 */
const BUSY_TIMEOUT_MS = 250;

/** A table in a file: the embedded default. */
export const sqlite = defineSink({
  name: "sqlite",
  summary: "Upserts window results into a table of a SQLite file.",
  delivery: "transactional",
  options: v.strictObject({
    path: v.pipe(
      v.string(),
      v.nonEmpty(),
      v.description("The file of the database; made when it is missing, with its folder."),
      v.metadata({ kind: "path" }),
    ),
    table: v.pipe(
      v.optional(tableName, DEFAULT_TABLE),
      v.description("The table; made when it is missing."),
    ),
  }),
  example: { path: "aggregates.sqlite" },
  describe: describeSqlite,
  history: sqliteHistory,
  async open(options, context) {
    let database: DatabaseSync | undefined;
    try {
      mkdirSync(dirname(options.path), { recursive: true });
      database = new DatabaseSync(options.path);
      database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
      // Readers never hold up the writer, and what was committed survives a power cut.
      database.exec("pragma journal_mode = wal; pragma synchronous = full");
      const statements = openTable(database, options.table);
      openProgressTable(database, options.table);
      const place = describeSqlite(options);
      // Nobody has no progress.
      const progress = Claim.isWanted(context)
        ? new SqliteProgress(database, { table: options.table, place, context })
        : undefined;
      const { generation } = context;
      return new SqliteWriter({ database, statements, progress, generation, options });
    } catch (thrown) {
      database?.close();
      throw sqliteFailure(`Cannot open "${options.path}"`, thrown);
    }
  },
});

function describeSqlite({ path, table }: { path: string; table: string }): string {
  return `${path} table ${table}`;
}

interface WriterParts {
  readonly database: DatabaseSync;
  readonly statements: TableStatements;
  readonly progress: SqliteProgress | undefined;
  readonly generation: number;
  readonly options: { readonly path: string };
}

class SqliteWriter implements SinkWriter {
  readonly #database: DatabaseSync;
  readonly #upsert: StatementSync;
  readonly #remove: StatementSync;
  readonly #generation: number;
  readonly #path: string;
  readonly #fileId: string | undefined;
  readonly #progress: SqliteProgress | undefined;
  readonly progress: number | undefined;

  constructor({ database, statements, progress, generation, options }: WriterParts) {
    this.#database = database;
    this.#upsert = statements.upsert;
    this.#remove = statements.remove;
    this.#generation = generation;
    this.#path = options.path;
    this.#fileId = fileId(options.path);
    this.#progress = progress;
    this.progress = progress?.take();
  }

  async write(batch: RowBatch): Promise<WriteOutcome> {
    // An open file that was deleted or replaced takes every write, and nobody ever sees them.
    if (fileId(this.#path) !== this.#fileId) {
      throw new TransientError(`Cannot write to "${this.#path}": the file was replaced or removed`);
    }
    const refused = new Map<number, string>();
    try {
      // A round that fails has found one more row to leave out, so that this comes to an end.
      while (!this.#commit(batch, refused));
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec("rollback");
      throw sqliteFailure(`Cannot write to "${this.#path}"`, thrown);
    }
    return { refused: listOf(refused) };
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  /** Writes all rows but the refused ones, to which it adds; false when that undid the transaction. */
  #commit(batch: RowBatch, refused: Map<number, string>): boolean {
    const { rows } = batch;
    this.#database.exec("begin immediate");
    const known = this.#progress?.move(batch);
    if (known !== undefined) {
      this.#database.exec("rollback");
      for (const { index, reason } of known) refused.set(index, reason);
      return true;
    }
    for (const [index, row] of rows.entries()) {
      if (refused.has(index)) continue;
      try {
        this.#apply(row);
      } catch (thrown) {
        const reason = isRefusal(thrown);
        if (reason === undefined) throw thrown;
        refused.set(index, reason);
        // A trigger may say `raise(rollback)`: what came before the row is undone with it.
        if (!this.#database.isTransaction) return false;
      }
    }
    if (refused.size > 0) this.#progress?.keepRefused(listOf(refused), rows.length);
    this.#database.exec("commit");
    return true;
  }

  #apply(row: ResultRow): void {
    if (row.withdrawn) {
      this.#remove.run(row.id, this.#generation, row.revision);
      return;
    }
    this.#upsert.run(
      row.id,
      row.pipeline,
      row.rule,
      row.name,
      labelsToJson(row.labels),
      row.agg_func,
      row.window_start,
      row.window_end,
      row.value,
      row.count,
      row.revision,
      this.#generation,
      row.detail === undefined ? null : JSON.stringify(row.detail),
      row.partial ? 1 : 0,
      row.filled ? 1 : 0,
      row.overflow ? 1 : 0,
    );
  }
}

function listOf(refused: ReadonlyMap<number, string>): RefusedRow[] {
  return [...refused].map(([index, reason]) => ({ index, reason }));
}

/** Which file lies at a path; undefined when there is none. */
function fileId(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
}
