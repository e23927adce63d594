import type postgres from "postgres";
import { TransientError } from "../../core/errors.ts";
import { CALL_TIMEOUT_MS } from "../../core/limits.ts";
import type { RefusedRow, RowBatch, SinkContext } from "../../core/sink.ts";
import { Claim, type Progress, packRefused, unpackRefused } from "../support/claim.ts";
import { progressTableOf, quoteTable } from "./table-name.ts";

/** The entry of a `(pipeline, share, sink)` beside the rows, moved in the transaction that writes them. */
export class PostgresProgress {
  readonly #table: string;
  readonly #claim: Claim;
  readonly #key: readonly string[];

  readonly #place: string;

  constructor({ table, place, context }: { table: string; place: string; context: SinkContext }) {
    this.#table = quoteTable(progressTableOf(table));
    this.#place = place;
    this.#claim = Claim.of(context, place);
    this.#key = [context.pipeline, context.owner.share, context.sink];
  }

  /** Takes the sink over, and says how far our lineage is. @throws {FatalError} A newer one has it. */
  async take(sql: postgres.Sql): Promise<number | undefined> {
    const taken = await sql.begin(async (transaction) => {
      await transaction.unsafe(`set local statement_timeout = ${CALL_TIMEOUT_MS}`);
      // So that there is a row to lock, and two who come at a time go one after the other.
      await transaction.unsafe(
        `insert into ${this.#table} ("pipeline", "share", "sink", "lineage", "epoch", "writer")
         values ($1, $2, $3, '', 0, '') on conflict ("pipeline", "share", "sink") do nothing`,
        [...this.#key],
      );
      const found = await this.#read(transaction, "for update");
      const mine = this.#claim.takeOver(found?.lineage === "" ? undefined : found);
      await transaction.unsafe(
        `update ${this.#table} set "lineage" = $4, "epoch" = $5::text::bigint, "writer" = $6,
           "through" = $7::text::bigint, "refused" = $8
         where ("pipeline", "share", "sink") = ($1, $2, $3)`,
        [
          ...this.#key,
          mine.lineage,
          String(mine.epoch),
          mine.writer,
          mine.through === undefined ? null : String(mine.through),
          mine.refused ?? null,
        ],
      );
      return mine;
    });
    this.#claim.hold();
    return taken.through;
  }

  /**
   * Moves the progress to the end of a batch, within the transaction that writes its rows; until that
   * ends, the row is ours alone. When the batch was written before: what was refused of it then.
   *
   * @throws {FatalError} Somebody else took the sink over.
   */
  async move(
    transaction: postgres.TransactionSql,
    { through, rows }: RowBatch,
  ): Promise<RefusedRow[] | undefined> {
    const moved = await transaction.unsafe(
      `update ${this.#table} set "through" = $5::text::bigint, "refused" = null
       where ("pipeline", "share", "sink") = ($1, $2, $3) and "writer" = $4
         and ("through" is null or "through" < $5::text::bigint)`,
      [...this.#key, this.#claim.writer, String(through)],
    );
    if (moved.count === 1) return undefined;
    const found = await this.#read(transaction, "");
    if (found === undefined) {
      throw new TransientError(`Cannot write to ${this.#place}: the entry of our progress is gone`);
    }
    if (found.writer !== this.#claim.writer) throw this.#claim.fenced(found);
    return found.through === through ? unpackRefused(found.refused, rows.length) : [];
  }

  /** Keeps what was refused of the batch, so that it is known even when nobody hears our answer. */
  async keepRefused(
    transaction: postgres.TransactionSql,
    { refused, rows }: { refused: readonly RefusedRow[]; rows: number },
  ): Promise<void> {
    await transaction.unsafe(
      `update ${this.#table} set "refused" = $4 where ("pipeline", "share", "sink") = ($1, $2, $3)`,
      [...this.#key, packRefused(refused, rows) ?? null],
    );
  }

  async #read(
    transaction: postgres.TransactionSql,
    lock: "for update" | "",
  ): Promise<Progress | undefined> {
    const [row] = await transaction.unsafe<StoredProgress[]>(
      `select "lineage", "epoch"::text, "writer", "through"::text, "refused"
       from ${this.#table} where ("pipeline", "share", "sink") = ($1, $2, $3) ${lock}`,
      [...this.#key],
    );
    if (row === undefined) return undefined;
    const { lineage, epoch, writer, through, refused } = row;
    return {
      lineage,
      epoch: Number(epoch),
      writer,
      through: through === null ? undefined : Number(through),
      refused: refused ?? undefined,
    };
  }
}

interface StoredProgress {
  readonly lineage: string;
  readonly epoch: string;
  readonly writer: string;
  readonly through: string | null;
  readonly refused: string | null;
}
