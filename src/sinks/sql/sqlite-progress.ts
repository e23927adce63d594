import type { DatabaseSync, StatementSync } from "node:sqlite";
import { TransientError } from "../../core/errors.ts";
import type { RefusedRow, RowBatch, SinkContext } from "../../core/sink.ts";
import { Claim, type Progress, packRefused, unpackRefused } from "../support/claim.ts";
import { progressTableOf, quoteTable } from "./table-name.ts";

/** The entry of a `(pipeline, share, sink)` beside the rows, moved in the transaction that writes them. */
export class SqliteProgress {
  readonly #place: string;
  readonly #claim: Claim;
  readonly #key: readonly [string, string, string];
  readonly #database: DatabaseSync;
  readonly #find: StatementSync;
  readonly #move: StatementSync;
  readonly #refuse: StatementSync;
  readonly #remove: StatementSync;
  readonly #insert: StatementSync;

  constructor(
    database: DatabaseSync,
    { table, place, context }: { table: string; place: string; context: SinkContext },
  ) {
    this.#database = database;
    this.#place = place;
    this.#claim = Claim.of(context, place);
    this.#key = [context.pipeline, context.owner.share, context.sink];
    const beside = quoteTable(progressTableOf(table));
    const mine = "where pipeline = ? and share = ? and sink = ?";
    this.#find = database.prepare(
      `select lineage, epoch, writer, through, refused from ${beside} ${mine}`,
    );
    this.#move = database.prepare(
      `update ${beside} set through = ?, refused = null ${mine}
         and writer = ? and (through is null or through < ?)`,
    );
    this.#remove = database.prepare(`delete from ${beside} ${mine}`);
    this.#insert = database.prepare(
      `insert into ${beside} (pipeline, share, sink, lineage, epoch, writer, through, refused)
       values (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#refuse = database.prepare(`update ${beside} set refused = ? ${mine}`);
  }

  /** Takes the sink over, and says how far our lineage is. @throws {FatalError} A newer one has it. */
  take(): number | undefined {
    this.#database.exec("begin immediate");
    try {
      const mine = this.#claim.takeOver(this.#found());
      this.#remove.run(...this.#key);
      this.#insert.run(
        ...this.#key,
        mine.lineage,
        mine.epoch,
        mine.writer,
        mine.through ?? null,
        mine.refused ?? null,
      );
      this.#database.exec("commit");
      this.#claim.hold();
      return mine.through;
    } finally {
      if (this.#database.isTransaction) this.#database.exec("rollback");
    }
  }

  /**
   * Moves the progress to the end of a batch, within the transaction that writes its rows. When the batch
   * was written before: what was refused of it then.
   *
   * @throws {FatalError} Somebody else took the sink over.
   */
  move({ through, rows }: RowBatch): RefusedRow[] | undefined {
    const { changes } = this.#move.run(through, ...this.#key, this.#claim.writer, through);
    if (Number(changes) === 1) return undefined;
    const found = this.#found();
    if (found === undefined) {
      throw new TransientError(`Cannot write to ${this.#place}: the entry of our progress is gone`);
    }
    if (found.writer !== this.#claim.writer) throw this.#claim.fenced(found);
    return found.through === through ? unpackRefused(found.refused, rows.length) : [];
  }

  /** Keeps what was refused of the batch, so that it is known even when nobody hears our answer. */
  keepRefused(refused: readonly RefusedRow[], rows: number): void {
    this.#refuse.run(packRefused(refused, rows) ?? null, ...this.#key);
  }

  #found(): Progress | undefined {
    const row = this.#find.get(...this.#key);
    if (row === undefined) return undefined;
    const { lineage, epoch, writer, through, refused } = row;
    return {
      lineage: String(lineage),
      epoch: Number(epoch),
      writer: String(writer),
      through: through === null ? undefined : Number(through),
      refused: refused === null ? undefined : String(refused),
    };
  }
}
