import connect, { type Sql, type TransactionSql } from "postgres";
import { type History, type HistoryQuery, historyOf, historyStep } from "../../core/history.ts";
import { HISTORY_MS_MAX } from "../../core/limits.ts";
import type { HistoryContext } from "../../core/sink.ts";
import { within } from "../support/deadline.ts";
import { postgresFailure } from "./postgres-failure.ts";
import { clientOptions, describePostgres, type PostgresOptions } from "./postgres-options.ts";
import { quoteTable } from "./table-name.ts";

interface Extent {
  readonly rows: string;
  readonly first: number | null;
  readonly last: number | null;
}

interface Window {
  readonly start: number;
  readonly end: number;
  readonly value: number | null;
}

interface Bucket {
  readonly start: number;
  readonly end: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly avg: number | null;
  readonly windows: string;
}

/**
 * Rows of a series out of a table, over a connection of its own that only reads. The server puts them
 * together, and gives up by itself. Throws as told at `history`.
 */
export async function postgresHistory(
  options: PostgresOptions,
  query: HistoryQuery,
  { clock, signal }: HistoryContext,
): Promise<History> {
  const action = `Cannot read ${describePostgres(options)}`;
  const sql = connect(options.url, clientOptions(options, query.pipeline));
  try {
    // A moment longer than the server takes to give up.
    const ms = HISTORY_MS_MAX + 1_000;
    return await within(readIn(sql, options.table, query), { action, ms, clock, signal });
  } catch (thrown) {
    throw postgresFailure(action, thrown);
  } finally {
    await sql.end({ timeout: 0 });
  }
}

async function readIn(sql: Sql, table: string, query: HistoryQuery): Promise<History> {
  return await sql.begin<History>("read only", async (transaction) => {
    await transaction.unsafe(`set local statement_timeout = ${HISTORY_MS_MAX}`);
    return await read(transaction, table, query);
  });
}

async function read(sql: TransactionSql, table: string, query: HistoryQuery): Promise<History> {
  const { from, pointsMax } = query;
  const values = [
    query.name,
    query.rule,
    query.agg_func,
    query.labels,
    query.pipeline,
    // No time of theirs is before 4713 BC.
    Math.max(query.from, EARLIEST),
    Math.max(query.to, EARLIEST),
  ];
  const [extent] = await sql.unsafe<Extent[]>(
    `select count(*) as rows, ${secondsOf("min(window_start)")} as first,
      ${secondsOf("max(window_start)")} as last from ${quoteTable(table)} ${WHERE}`,
    values,
  );
  const { rows, first, last } = extent!; // an aggregate gives one row
  if (Number(rows) <= pointsMax) {
    const windows = await sql.unsafe<Window[]>(
      `select ${secondsOf("window_start")} as start, ${secondsOf("window_end")} as end, value
        from ${quoteTable(table)} ${WHERE}`,
      values,
    );
    return historyOf(windows, { pointsMax: Number(rows), wholeFrom: from });
  }
  const step = historyStep(last! - first!, pointsMax - 1);
  const buckets = await sql.unsafe<Bucket[]>(
    `select ${secondsOf("min(window_start)")} as start, ${secondsOf("max(window_end)")} as end,
      min(value) as min, max(value) as max, avg(value) as avg, count(*) as windows
      from ${quoteTable(table)} ${WHERE}
      group by floor(${secondsOf("window_start")} / $8::float8) order by 1`,
    [...values, step],
  );
  const points = buckets.map((bucket) => ({ ...bucket, windows: Number(bucket.windows) }));
  return { points, stepSeconds: step, wholeFrom: from };
}

const EARLIEST = -200_000_000_000;

const WHERE = `where "name" = $1 and rule = $2 and agg_func = $3 and labels = $4::text::jsonb
  and pipeline = $5 and window_start >= to_timestamp($6::float8) and window_start < to_timestamp($7::float8)`;

function secondsOf(column: string): string {
  return `extract(epoch from ${column})::float8`;
}
