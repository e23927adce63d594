import { DatabaseSync } from "node:sqlite";
import { runSql } from "../../services/postgres.ts";
import { readTopic } from "../../support/topic-reading.ts";
import type { AnswerRow } from "./answer.ts";

/** Rows that an SQLite sink wrote, without that of the event that closes the windows. */
export function sqliteRows(path: string): AnswerRow[] {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const columns = "name, agg_func, window_start, value, count";
    const rows = db.prepare(`select ${columns} from aggregates where name <> 'end'`).all();
    return rows as unknown as AnswerRow[]; // the columns are those of the query
  } finally {
    db.close();
  }
}

/** Rows that a Postgres sink wrote. */
export async function postgresRows(url: string, table: string): Promise<AnswerRow[]> {
  const columns = "name, agg_func, value, count::float8, extract(epoch from window_start)::float8";
  const rows = await runSql(url, `select ${columns} as window_start from ${table}`);
  return rows as unknown as AnswerRow[]; // the columns are those of the query
}

/** Rows that a Kafka sink wrote, as a reader of committed records sees them. */
export async function topicRows(brokers: string, topic: string): Promise<AnswerRow[]> {
  const records = await readTopic(brokers, topic);
  return records
    .filter(({ value }) => value !== null)
    .map(({ value }) => JSON.parse(value!) as AnswerRow); // a row as JSON
}
