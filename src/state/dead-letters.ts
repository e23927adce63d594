import { DatabaseSync } from "node:sqlite";
import type { Refusal, RefusalReason } from "../core/event.ts";
import { DEAD_LETTERS_MAX } from "../core/limits.ts";

/** A refusal as it is kept. */
export interface DeadLetter extends Refusal {
  /** Counts up from 1 over the life of the state; never given twice. */
  readonly seq: number;
  /** Unix seconds at which it was refused. */
  readonly received_at: number;
}

export interface DeadLetterQuery {
  /** Only those behind this one. */
  readonly after: number;
  readonly limit: number;
  readonly reason?: RefusalReason | undefined;
}

const SCHEMA = `
  create table if not exists dead_letters (
    seq integer primary key autoincrement,
    reason text not null,
    detail text not null,
    event text not null,
    at text not null,
    received_at real not null
  ) strict;
  create index if not exists dead_letters_by_reason on dead_letters (reason, seq);
`;

/** What was refused, with its reason and place: a table in the SQLite file of the state. */
export class DeadLetters {
  readonly #db: DatabaseSync;
  readonly #lettersMax: number;
  #count: number;
  /** Letters that went because there were too many. */
  evicted = 0;

  /** @param path The SQLite file; made when it is missing. `:memory:` keeps nothing. */
  constructor(path: string, options: { lettersMax?: number } = {}) {
    this.#db = new DatabaseSync(path);
    this.#db.exec(
      "pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000;",
    );
    this.#db.exec(SCHEMA);
    this.#lettersMax = options.lettersMax ?? DEAD_LETTERS_MAX;
    const row = this.#db.prepare("select count(*) as n from dead_letters").get();
    this.#count = Number(row?.["n"]);
  }

  get count(): number {
    return this.#count;
  }

  /** Keeps refusals; resolved means on disk. The oldest go when there are too many. */
  append(refusals: readonly Refusal[], receivedAt: number): void {
    if (refusals.length === 0) return;
    this.#db.exec("begin immediate");
    try {
      const insert = this.#db.prepare(
        "insert into dead_letters (reason, detail, event, at, received_at) values (?, ?, ?, ?, ?)",
      );
      for (const { reason, detail, event, at } of refusals) {
        insert.run(reason, detail, event, at, receivedAt);
      }
      this.#count += refusals.length;
      this.#evict();
      this.#db.exec("commit");
    } catch (error) {
      this.#db.exec("rollback");
      throw error;
    }
  }

  list(query: DeadLetterQuery): DeadLetter[] {
    const { after, limit, reason } = query;
    const where = reason === undefined ? "seq > ?" : "seq > ? and reason = ?";
    const values = reason === undefined ? [after, limit] : [after, reason, limit];
    const rows = this.#db
      .prepare(`select * from dead_letters where ${where} order by seq limit ?`)
      .all(...values);
    return rows.map((row) => ({
      seq: Number(row["seq"]),
      reason: String(row["reason"]) as RefusalReason, // only `append` writes it
      detail: String(row["detail"]),
      event: String(row["event"]),
      at: String(row["at"]),
      received_at: Number(row["received_at"]),
    }));
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #evict(): void {
    const over = this.#count - this.#lettersMax;
    if (over <= 0) return;
    this.#db
      .prepare(
        "delete from dead_letters where seq in (select seq from dead_letters order by seq limit ?)",
      )
      .run(over);
    this.evicted += over;
    this.#count -= over;
  }
}
