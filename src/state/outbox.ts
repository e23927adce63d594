import { OUTBOX_ROWS_MAX } from "../core/limits.ts";
import type { ResultRow } from "../core/result.ts";

/** The place of one sink in the outbox. */
interface Shelf {
  rows: ResultRow[];
  /** Rows at the front of `rows` that were confirmed; they go when they are the larger part. */
  confirmed: number;
  /** Rows ever confirmed: the sequence of the last of them. */
  sequence: number;
}

/**
 * Rows that are not yet delivered, one place for each sink, so that a dead one holds up no other. This
 * one keeps them in memory: they live as long as the process.
 */
export class Outbox {
  readonly #shelves = new Map<string, Shelf>();
  readonly #rowsMax: number;
  /** Waiting for rows of a sink, or for room; all are woken by any change and look again. */
  readonly #waiting = new Set<() => void>();

  constructor(sinks: readonly string[], options: { rowsMax?: number } = {}) {
    for (const sink of sinks) this.#shelves.set(sink, { rows: [], confirmed: 0, sequence: 0 });
    this.#rowsMax = options.rowsMax ?? OUTBOX_ROWS_MAX;
  }

  /** Rows not yet confirmed by a sink. */
  depth(sink: string): number {
    const shelf = this.#shelf(sink);
    return shelf.rows.length - shelf.confirmed;
  }

  /** Whether every sink has taken all. */
  get isEmpty(): boolean {
    return [...this.#shelves.keys()].every((sink) => this.depth(sink) === 0);
  }

  /** Whether reading has to wait: some sink is too far behind. */
  get isFull(): boolean {
    return [...this.#shelves.keys()].some((sink) => this.depth(sink) >= this.#rowsMax);
  }

  append(sink: string, rows: readonly ResultRow[]): void {
    if (rows.length === 0) return;
    const shelf = this.#shelf(sink);
    for (const row of rows) shelf.rows.push(row);
    this.#wake();
  }

  /** The first rows that a sink has not confirmed, `limit` at most. */
  peek(
    sink: string,
    limit: number,
  ): { readonly rows: readonly ResultRow[]; readonly through: number } {
    const shelf = this.#shelf(sink);
    const rows = shelf.rows.slice(shelf.confirmed, shelf.confirmed + limit);
    return { rows, through: shelf.sequence + rows.length };
  }

  /** The sink has the first `count` rows for good. */
  confirm(sink: string, count: number): void {
    const shelf = this.#shelf(sink);
    shelf.confirmed += count;
    shelf.sequence += count;
    if (shelf.confirmed * 2 >= shelf.rows.length) {
      shelf.rows = shelf.rows.slice(shelf.confirmed);
      shelf.confirmed = 0;
    }
    this.#wake();
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
