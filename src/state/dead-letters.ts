import type { Refusal, RefusalReason } from "../core/event.ts";
import { DEAD_LETTERS_MAX } from "../core/limits.ts";
import type { Seal } from "./seal.ts";
import type { StateDatabase } from "./state-database.ts";

/** A refusal as it is kept. */
export interface DeadLetter extends Refusal {
  /** Counts up from 1 over the life of the state; never given twice. */
  readonly seq: number;
  /** Unix seconds at which it was refused. */
  readonly received_at: number;
}

export interface DeadLetterQuery {
  /** Only those behind this one; undefined: from the first on. */
  readonly after?: number | undefined;
  readonly limit: number;
  readonly reason?: RefusalReason | undefined;
  /** The newest first. */
  readonly isNewestFirst?: boolean;
}

export interface PurgeQuery {
  /** Only those up to this one. */
  readonly through: number;
  readonly reason?: RefusalReason | undefined;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What was refused, with its reason and place: a table in the file of the state. */
export class DeadLetters {
  readonly #database: StateDatabase;
  readonly #seal: Seal;
  readonly #lettersMax: number;
  #count: number;
  /** What the transaction under way adds and takes. */
  #change = { stored: 0, evicted: 0, removed: 0 };
  /** Letters that went because there were too many. */
  evicted = 0;

  constructor(database: StateDatabase, seal: Seal, options: { lettersMax?: number } = {}) {
    this.#database = database;
    this.#seal = seal;
    this.#lettersMax = options.lettersMax ?? DEAD_LETTERS_MAX;
    const row = database.statement("select count(*) as n from dead_letters").get();
    this.#count = Number(row?.["n"]);
  }

  get count(): number {
    return this.#count;
  }

  /** The number of the newest letter; 0: there is none. */
  get newestSeq(): number {
    return Number(this.#database.all("select max(seq) as seq from dead_letters")[0]?.["seq"] ?? 0);
  }

  /** Takes letters out, within a transaction and before it stores any. One that is gone is passed over. */
  remove(seqs: readonly number[]): void {
    const statement = this.#database.statement("delete from dead_letters where seq = ?");
    for (const seq of seqs) this.#change.removed += Number(statement.run(seq).changes);
  }

  /** Takes out those up to `through`, within a transaction; of one reason, or of any. Returns how many. */
  purge({ through, reason }: PurgeQuery): number {
    const { changes } = this.#database
      .statement("delete from dead_letters where seq <= ? and (?2 is null or reason = ?2)")
      .run(through, reason ?? null);
    this.#change.removed += Number(changes);
    return Number(changes);
  }

  /** Adds refusals, within a transaction; the oldest go when there are too many. */
  store(refusals: readonly Refusal[], receivedAt: number): void {
    if (refusals.length === 0) return;
    const insert = this.#database.statement(
      "insert into dead_letters (reason, at, received_at, body) values (?, ?, ?, ?)",
    );
    for (const { reason, at, detail, event } of refusals) {
      const body = encoder.encode(JSON.stringify({ detail, event }));
      insert.run(reason, at, receivedAt, this.#seal.seal(body, placeOf(reason, at)));
    }
    const held = this.#count - this.#change.removed + refusals.length;
    const evicted = Math.max(held - this.#lettersMax, 0);
    if (evicted > 0) {
      this.#database
        .statement(
          "delete from dead_letters where seq in (select seq from dead_letters order by seq limit ?)",
        )
        .run(evicted);
    }
    this.#change = { ...this.#change, stored: refusals.length, evicted };
  }

  /** The transaction under way was committed, or not. */
  settle(committed: boolean): void {
    if (committed) {
      const { stored, evicted, removed } = this.#change;
      this.#count += stored - evicted - removed;
      this.evicted += evicted;
    }
    this.#change = { stored: 0, evicted: 0, removed: 0 };
  }

  /** @throws {DamagedError} A letter is not as it was written. */
  list(query: DeadLetterQuery): DeadLetter[] {
    const { after, limit, reason, isNewestFirst = false } = query;
    const [behind, order, start] = isNewestFirst ? ["<", "desc", 2 ** 53] : [">", "asc", 0];
    const filter = reason === undefined ? "" : "and reason = ?";
    const rows = this.#database.all(
      `select * from dead_letters where seq ${behind} ? ${filter} order by seq ${order} limit ?`,
      after ?? start,
      ...(reason === undefined ? [] : [reason]),
      limit,
    );
    return rows.map((row) => {
      const at = String(row["at"]);
      const why = String(row["reason"]) as RefusalReason; // only `store` writes it
      const sealed = row["body"] as Uint8Array; // a blob, by the schema
      const body = decoder.decode(this.#seal.open(sealed, placeOf(why, at)));
      const { detail, event } = JSON.parse(body) as Pick<Refusal, "detail" | "event">; // likewise
      const seq = Number(row["seq"]);
      return { seq, reason: why, detail, event, at, received_at: Number(row["received_at"]) };
    });
  }
}

function placeOf(reason: string, at: string): string {
  return `dead letter ${reason} ${at}`;
}
