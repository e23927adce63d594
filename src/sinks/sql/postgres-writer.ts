import connect, { type Sql, type TransactionSql } from "postgres";
import { CALL_TIMEOUT_MS } from "../../core/limits.ts";
import type { ResultRow } from "../../core/result.ts";
import { labelsToJson } from "../../core/result-json.ts";
import type {
  RefusedRow,
  RowBatch,
  SinkContext,
  SinkWriter,
  WriteOutcome,
} from "../../core/sink.ts";
import { microsOfTimestamp } from "../../core/time.ts";
import { Claim } from "../support/claim.ts";
import { type Deadline, within } from "../support/deadline.ts";
import { postgresFailure, refusalOf } from "./postgres-failure.ts";
import { clientOptions, describePostgres, type PostgresOptions } from "./postgres-options.ts";
import { PostgresProgress } from "./postgres-progress.ts";
import {
  arrayText,
  deleteFrom,
  openProgressTable,
  openTable,
  upsertInto,
} from "./postgres-table.ts";

/** How long the refused rows of one batch may be looked for: halving it takes a few calls for each. */
const SALVAGE_TIMEOUT_MS = 10 * CALL_TIMEOUT_MS;

/**
 * Connects, and makes what is missing. Throws as told at `open` of a sink.
 */
export async function openPostgres(
  options: PostgresOptions,
  context: SinkContext,
  signal: AbortSignal,
): Promise<SinkWriter> {
  const place = describePostgres(options);
  const sql = connect(options.url, clientOptions(options, context.pipeline));
  const writer = new PostgresWriter({ sql, table: options.table, place, context });
  try {
    await within(writer.connect(options.table), {
      action: `Cannot open ${place}`,
      ms: CALL_TIMEOUT_MS,
      clock: context.clock,
      signal,
    });
    return writer;
  } catch (thrown) {
    await sql.end({ timeout: 0 });
    throw postgresFailure(`Cannot open ${place}`, thrown);
  }
}

/** A row and its place in the batch. */
interface Entry {
  readonly index: number;
  readonly row: ResultRow;
}

class PostgresWriter implements SinkWriter {
  readonly #sql: Sql;
  readonly #place: string;
  readonly #context: SinkContext;
  readonly #upsert: string;
  readonly #delete: string;
  /** Undefined: nobody's, who keeps none. */
  readonly #progress: PostgresProgress | undefined;
  progress: number | undefined;
  /** Whether a call failed, so that nothing that is under way is worth waiting for. */
  #broken = false;

  constructor(parts: { sql: Sql; table: string; place: string; context: SinkContext }) {
    this.#sql = parts.sql;
    this.#place = parts.place;
    this.#context = parts.context;
    this.#upsert = upsertInto(parts.table);
    this.#delete = deleteFrom(parts.table);
    this.#progress = Claim.isWanted(parts.context) ? new PostgresProgress(parts) : undefined;
  }

  async write(batch: RowBatch, signal: AbortSignal): Promise<WriteOutcome> {
    const { clock } = this.#context;
    const action = `Cannot write to ${this.#place}`;
    try {
      const refused = await this.#writeAll(batch, { action, ms: CALL_TIMEOUT_MS, clock, signal });
      return { refused };
    } catch (thrown) {
      this.#broken = true;
      throw postgresFailure(action, thrown);
    }
  }

  async close(): Promise<void> {
    await this.#sql.end({ timeout: this.#broken ? 0 : 5 });
  }

  /** Makes what is missing, looks at what is there, and takes the sink over. */
  async connect(table: string): Promise<void> {
    await openTable(this.#sql, table);
    // Nothing is written, with the very statements of a write: finds missing rights and a missing key.
    await this.#sql.begin(async (transaction) => {
      await this.#upsertRows(transaction, []);
      await this.#deleteRows(transaction, []);
    });
    await openProgressTable(this.#sql, table);
    this.progress = await this.#progress?.take(this.#sql);
  }

  async #writeAll(batch: RowBatch, deadline: Deadline): Promise<readonly RefusedRow[]> {
    const entries = newestOfEachId(batch.rows);
    try {
      const work = this.#transaction(batch, async (transaction) => {
        await this.#apply(transaction, entries);
        return [];
      });
      return await within(work, deadline);
    } catch (thrown) {
      if (refusalOf(thrown) === undefined) throw thrown;
    }
    // Some row is refused; all of it again, in halves.
    const salvage = this.#transaction(batch, async (transaction) => {
      const refused: RefusedRow[] = [];
      await transaction.unsafe("set constraints all immediate");
      await this.#salvage(transaction, entries, refused);
      await this.#progress?.keepRefused(transaction, { refused, rows: batch.rows.length });
      return refused;
    });
    return await within(salvage, { ...deadline, ms: SALVAGE_TIMEOUT_MS });
  }

  /** Rows and progress together; the rows that were refused, now or when the batch was written before. */
  async #transaction(
    batch: RowBatch,
    work: (transaction: TransactionSql) => Promise<RefusedRow[]>,
  ): Promise<readonly RefusedRow[]> {
    const outcome = await this.#sql.begin(async (transaction) => {
      // Ours may have gone away by then; the server must not hold locks for it.
      await transaction.unsafe(
        `set local statement_timeout = ${CALL_TIMEOUT_MS};
         set local idle_in_transaction_session_timeout = ${CALL_TIMEOUT_MS}`,
      );
      const known = await this.#progress?.move(transaction, batch);
      return { refused: known ?? (await work(transaction)) };
    });
    return outcome.refused;
  }

  /** Writes what can be written and collects the rest, by halving what fails. */
  async #salvage(
    transaction: TransactionSql,
    entries: readonly Entry[],
    refused: RefusedRow[],
  ): Promise<void> {
    try {
      await transaction.savepoint((savepoint) => this.#apply(savepoint, entries));
      return;
    } catch (thrown) {
      const reason = refusalOf(thrown);
      if (reason === undefined) throw thrown;
      if (entries.length === 1) {
        refused.push({ index: entries[0]!.index, reason });
        return;
      }
    }
    const middle = entries.length >> 1;
    await this.#salvage(transaction, entries.slice(0, middle), refused);
    await this.#salvage(transaction, entries.slice(middle), refused);
  }

  async #apply(transaction: TransactionSql, entries: readonly Entry[]): Promise<void> {
    const rows = entries.map(({ row }) => row);
    const kept = rows.filter((row) => row.withdrawn === undefined);
    const gone = rows.filter((row) => row.withdrawn !== undefined);
    if (kept.length > 0) await this.#upsertRows(transaction, kept);
    if (gone.length > 0) await this.#deleteRows(transaction, gone);
  }

  async #upsertRows(transaction: TransactionSql, rows: readonly ResultRow[]): Promise<void> {
    const { generation } = this.#context;
    await transaction.unsafe(this.#upsert, [
      arrayText(rows.map((row) => row.id)),
      arrayText(rows.map((row) => row.pipeline)),
      arrayText(rows.map((row) => row.rule)),
      arrayText(rows.map((row) => row.name)),
      arrayText(rows.map((row) => labelsToJson(row.labels))),
      arrayText(rows.map((row) => row.agg_func)),
      arrayText(rows.map((row) => microsOfTimestamp(row.window_start, "s"))),
      arrayText(rows.map((row) => microsOfTimestamp(row.window_end, "s"))),
      arrayText(rows.map((row) => row.value)),
      arrayText(rows.map((row) => row.count)),
      arrayText(rows.map((row) => row.revision)),
      arrayText(rows.map(() => generation)),
      arrayText(rows.map((row) => (row.detail === undefined ? null : JSON.stringify(row.detail)))),
      arrayText(rows.map((row) => row.partial === true)),
      arrayText(rows.map((row) => row.filled === true)),
      arrayText(rows.map((row) => row.overflow === true)),
    ]);
  }

  async #deleteRows(transaction: TransactionSql, rows: readonly ResultRow[]): Promise<void> {
    await transaction.unsafe(this.#delete, [
      arrayText(rows.map((row) => row.id)),
      arrayText(rows.map((row) => row.revision)),
      arrayText(rows.map(() => this.#context.generation)),
    ]);
  }
}

/** One statement cannot change a row twice. An older one comes late when it was refused and given again. */
function newestOfEachId(rows: readonly ResultRow[]): Entry[] {
  const newest = new Map<string, Entry>();
  for (const [index, row] of rows.entries()) {
    const other = newest.get(row.id);
    if (other === undefined || row.revision >= other.row.revision)
      newest.set(row.id, { index, row });
  }
  return [...newest.values()];
}
