import { FatalError } from "../core/errors.ts";
import { OUTBOX_BYTES_MAX } from "../core/limits.ts";
import type { ResultRow } from "../core/result.ts";
import { rowFromJson, rowToJson } from "../core/result-json.ts";
import { DamagedError, type Seal } from "./seal.ts";
import type { StateDatabase } from "./state-database.ts";
import { damage } from "./state-failure.ts";

/** The place of one sink. */
interface Shelf {
  /** Sequence of the last row that was given to it, and of the last that it confirmed. */
  given: number;
  confirmed: number;
  /** Sizes of the rows in between, so that room is known without asking the disk. */
  bytes: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Rows that are durable and not yet delivered, one place for each sink, so that a dead one holds up no
 * other. Rows of a sink are counted from 1 over the life of the state.
 */
export class Outbox {
  readonly #database: StateDatabase;
  readonly #seal: Seal;
  #bytesMax: number;
  readonly #shelves = new Map<string, Shelf>();
  /** What the transaction under way adds and takes, by sink. */
  #given = new Map<string, { rows: number; bytes: number }>();
  #confirmed = new Map<string, { through: number; bytes: number }>();
  /** Waiting for rows of a sink, or for room; all are woken by any change and look again. */
  readonly #waiting = new Set<() => void>();

  constructor(
    database: StateDatabase,
    options: { sinks: readonly string[]; seal: Seal; bytesMax?: number | undefined },
  ) {
    this.#database = database;
    this.#seal = options.seal;
    this.#bytesMax = options.bytesMax ?? OUTBOX_BYTES_MAX;
    for (const sink of options.sinks) this.#shelves.set(sink, this.#load(sink));
  }

  /**
   * Prepares places for these sinks, within a transaction. What it returns, called when that is committed,
   * puts them in force. Rows that wait for other sinks stay where they are.
   */
  serve(sinks: readonly string[], bytesMax: number | undefined): () => void {
    const shelves = sinks.map((sink) => [sink, this.#load(sink)] as const);
    return () => {
      this.#bytesMax = bytesMax ?? OUTBOX_BYTES_MAX;
      this.#shelves.clear();
      for (const [sink, shelf] of shelves) this.#shelves.set(sink, shelf);
      this.#wake();
    };
  }

  /** Rows that wait for sinks which are no longer configured, by sink. */
  get strangers(): { readonly sink: string; readonly rows: number }[] {
    return this.#database
      .statement("select sink, count(*) as n from outbox group by sink")
      .all()
      .map((row) => ({ sink: String(row["sink"]), rows: Number(row["n"]) }))
      .filter(({ sink }) => !this.#shelves.has(sink));
  }

  /** Rows not yet confirmed by a sink. */
  depth(sink: string): number {
    const { given, confirmed } = this.#shelf(sink);
    return given - confirmed;
  }

  /** Sequence of the last row that a sink was given; 0: none yet. */
  given(sink: string): number {
    return this.#shelf(sink).given;
  }

  /** Sequence of the last row that a sink has confirmed; 0: none yet. */
  confirmed(sink: string): number {
    return this.#shelf(sink).confirmed;
  }

  /** Bytes that may wait for one sink. */
  get bytesMax(): number {
    return this.#bytesMax;
  }

  /** Bytes of the rows not yet confirmed by a sink. */
  bytes(sink: string): number {
    return this.#shelf(sink).bytes;
  }

  /** Whether every sink has taken all. */
  get isEmpty(): boolean {
    return [...this.#shelves.keys()].every((sink) => this.depth(sink) === 0);
  }

  /** Whether reading has to wait: some sink is too far behind. */
  get isFull(): boolean {
    return [...this.#shelves.values()].some(({ bytes }) => bytes >= this.#bytesMax);
  }

  /** Adds rows for a sink, within a transaction. */
  store(sink: string, rows: readonly ResultRow[]): void {
    if (rows.length === 0) return;
    const { given } = this.#shelf(sink);
    const insert = this.#database.statement(
      "insert into outbox (sink, sequence, row) values (?, ?, ?)",
    );
    let bytes = 0;
    for (const [i, row] of rows.entries()) {
      const sequence = given + 1 + i;
      const sealed = this.#seal.seal(encoder.encode(rowToJson(row)), placeOf(sink, sequence));
      insert.run(sink, sequence, sealed);
      bytes += sealed.length;
    }
    this.#database
      .statement("update sinks set given = ? where name = ?")
      .run(given + rows.length, sink);
    this.#given.set(sink, { rows: rows.length, bytes });
  }

  /** Takes out the rows up to `through`, which the sink has, within a transaction. */
  remove(sink: string, through: number): void {
    if (through <= this.#shelf(sink).confirmed) return;
    const database = this.#database;
    const size = database
      .statement("select sum(length(row)) as n from outbox where sink = ? and sequence <= ?")
      .get(sink, through);
    database.statement("delete from outbox where sink = ? and sequence <= ?").run(sink, through);
    database.statement("update sinks set confirmed = ? where name = ?").run(through, sink);
    this.#confirmed.set(sink, { through, bytes: Number(size?.["n"] ?? 0) });
  }

  /** The transaction under way was committed, or not. */
  settle(committed: boolean): void {
    const given = this.#given;
    const confirmed = this.#confirmed;
    this.#given = new Map();
    this.#confirmed = new Map();
    if (!committed || given.size + confirmed.size === 0) return;
    for (const [sink, { rows, bytes }] of given) {
      const shelf = this.#shelf(sink);
      shelf.given += rows;
      shelf.bytes += bytes;
    }
    for (const [sink, { through, bytes }] of confirmed) {
      const shelf = this.#shelf(sink);
      shelf.confirmed = through;
      shelf.bytes -= bytes;
    }
    this.#wake();
  }

  /**
   * The first rows that a sink has not confirmed, `limit` at most; `through` is the sequence of the last.
   *
   * @throws {FatalError} A row is not as it was written, or is gone.
   */
  peek(
    sink: string,
    limit: number,
  ): { readonly rows: readonly ResultRow[]; readonly through: number } {
    const { given, confirmed } = this.#shelf(sink);
    const stored = this.#database.all(
      "select sequence, row from outbox where sink = ? and sequence > ? order by sequence limit ?",
      sink,
      confirmed,
      limit,
    );
    if (stored.length < Math.min(limit, given - confirmed)) {
      throw damage(this.#database.path, `rows for sink ${sink} are gone`);
    }
    // By the place where it belongs: a row that was moved does not open.
    const rows = stored.map((one, i) => {
      const sealed = one["row"] as Uint8Array; // a blob, by the schema
      return this.#open(sealed, placeOf(sink, confirmed + 1 + i));
    });
    return { rows, through: confirmed + rows.length };
  }

  #open(sealed: Uint8Array, place: string): ResultRow {
    try {
      return rowFromJson(decoder.decode(this.#seal.open(sealed, place)));
    } catch (failure) {
      if (!(failure instanceof DamagedError)) throw failure;
      throw damage(this.#database.path, failure.message, failure);
    }
  }

  /**
   * Checks how far the sink itself says that it is.
   *
   * @throws {FatalError} It is ahead of this outbox: the state is older than what the sink has.
   */
  checkProgress(sink: string, progress: number): void {
    const { given } = this.#shelf(sink);
    if (progress <= given) return;
    throw new FatalError(
      `Sink ${sink} has rows up to ${progress} of this very state, which has given only ${given}: ` +
        "the state was put back by other means than aggregator restore; restore it by that command",
    );
  }

  /** Resolves when the sink has rows to take, or `signal` aborts. */
  async rowsFor(sink: string, signal: AbortSignal): Promise<void> {
    await this.#until(() => this.depth(sink) > 0, signal);
  }

  /** Resolves when there is room for more, or `signal` aborts. */
  async room(signal: AbortSignal): Promise<void> {
    await this.#until(() => !this.isFull, signal);
  }

  /** Resolves when all is delivered, or `signal` aborts. */
  async drained(signal: AbortSignal): Promise<void> {
    await this.#until(() => this.isEmpty, signal);
  }

  #load(sink: string): Shelf {
    const database = this.#database;
    database
      .statement("insert or ignore into sinks (name, given, confirmed) values (?, 0, 0)")
      .run(sink);
    const row = database.statement("select given, confirmed from sinks where name = ?").get(sink);
    const size = database
      .statement("select sum(length(row)) as n from outbox where sink = ?")
      .get(sink);
    return {
      given: Number(row?.["given"]),
      confirmed: Number(row?.["confirmed"]),
      bytes: Number(size?.["n"] ?? 0),
    };
  }

  async #until(done: () => boolean, signal: AbortSignal): Promise<void> {
    while (!done() && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener("abort", wake, { once: true });
      });
    }
  }

  #wake(): void {
    const waiting = [...this.#waiting]; // a waker takes itself out
    for (const wake of waiting) wake();
  }

  #shelf(sink: string): Shelf {
    const shelf = this.#shelves.get(sink);
    if (shelf === undefined) throw new Error(`Invariant broken: no sink ${sink} in the outbox`);
    return shelf;
  }
}

function placeOf(sink: string, sequence: number): string {
  return `row ${sequence} for sink ${sink}`;
}
