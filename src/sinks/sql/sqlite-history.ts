import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { FatalError, TransientError } from "../../core/errors.ts";
import { type History, type HistoryQuery, type HistoryRow, historyOf } from "../../core/history.ts";
import { HISTORY_MS_MAX, HISTORY_ROWS_MAX } from "../../core/limits.ts";
import type { HistoryContext } from "../../core/sink.ts";
import { sqliteFailure } from "./sqlite-failure.ts";
import { quoteTable } from "./table-name.ts";

/** How long the thread is held at once: the pipeline runs on it. */
const HELD_MS_MAX = 4;

/** Rows between two looks at the clock. */
const ROWS_PER_LOOK = 200;

/** Reading waits for no writer in WAL mode, but for a moment while the file is opened. */
const BUSY_TIMEOUT_MS = 50;

interface Row {
  readonly pipeline: string;
  readonly rule: string;
  readonly labels: string;
  readonly agg_func: string;
  readonly window_start: number;
  readonly window_end: number;
  readonly value: number | null;
}

/** Rows of a series out of the table in a file, over a connection of its own. Throws as told at `history`. */
export async function sqliteHistory(
  { path, table }: { readonly path: string; readonly table: string },
  query: HistoryQuery,
  context: HistoryContext,
): Promise<History> {
  const action = `Cannot read "${path}"`;
  // Opening would make no file, but tell of a missing one in words of SQLite.
  if (!existsSync(path)) throw new TransientError(`${action}: it is not there yet`);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
    return await read(database, { table, action }, { query, context });
  } catch (thrown) {
    throw sqliteFailure(action, thrown);
  } finally {
    database?.close();
  }
}

async function read(
  database: DatabaseSync,
  { table, action }: { readonly table: string; readonly action: string },
  { query, context }: { readonly query: HistoryQuery; readonly context: HistoryContext },
): Promise<History> {
  const { pipeline, rule, labels, agg_func, name, from, to, pointsMax } = query;
  // What is not of the series is left out here, or the thread would be held while it is passed over.
  const sql = `select pipeline, rule, labels, agg_func, window_start, window_end, value
    from ${quoteTable(table)} where name = ? and window_start >= ? and window_start < ?
    order by window_start desc`;
  checkIndex(database, { sql, table, action });
  const { clock, signal } = context;
  const rows: HistoryRow[] = [];
  const startMs = clock.monotonicMs();
  let heldMs = startMs;
  let looked = 0;
  let wholeFrom = from;
  for (const found of database.prepare(sql).iterate(name, from, to)) {
    const row = found as unknown as Row; // the columns of the statement
    if (looked >= HISTORY_ROWS_MAX) {
      // Others may begin at the same moment.
      wholeFrom = rows.at(-1)?.start ?? row.window_start;
      break;
    }
    looked++;
    if (
      row.rule === rule &&
      row.agg_func === agg_func &&
      row.labels === labels &&
      row.pipeline === pipeline
    ) {
      rows.push({ start: row.window_start, end: row.window_end, value: row.value });
    }
    if (looked % ROWS_PER_LOOK !== 0 || clock.monotonicMs() - heldMs < HELD_MS_MAX) continue;
    if (clock.monotonicMs() - startMs > HISTORY_MS_MAX) {
      throw new TransientError(`${action}: no answer within ${HISTORY_MS_MAX / 1000} s`);
    }
    await clock.sleep(0, signal);
    if (signal.aborted) throw new TransientError(`${action}: it was stopped`);
    heldMs = clock.monotonicMs();
  }
  return historyOf(rows, { pointsMax, wholeFrom });
}

/** Without an index on the name the whole table would be looked at, and sorted, at once. */
function checkIndex(
  database: DatabaseSync,
  { sql, table, action }: { readonly sql: string; readonly table: string; readonly action: string },
): void {
  const plan = database
    .prepare(`explain query plan ${sql}`)
    .all("", 0, 0)
    .map(({ detail }) => String(detail));
  const isQuick = plan.some((line) => line.includes("USING INDEX")) && plan.length === 1;
  if (isQuick) return;
  throw new FatalError(
    `${action}: it has no index for it; make one: create index on ${quoteTable(table)} ("name", "window_start")`,
  );
}
