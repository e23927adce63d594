import type { StateDatabase } from "./state-database.ts";

/** A row of the outbox as it stands in the file. */
export interface StoredRow {
  readonly sink: string;
  readonly sequence: number;
  readonly sealed: Uint8Array;
}

const ROWS_AT_ONCE = 1000;

/** What a row is sealed to: its place in the outbox. */
export function placeOfRow({ sink, sequence }: Pick<StoredRow, "sink" | "sequence">): string {
  return `row ${sequence} for sink ${sink}`;
}

/** Every row, by sink and sequence; those behind it may be changed while it is looked at. */
export function* outboxRows(database: StateDatabase): Iterable<StoredRow> {
  let sink = "";
  let sequence = -1;
  for (;;) {
    const some = database.all(
      `select sink, sequence, row from outbox where (sink, sequence) > (?, ?)
        order by sink, sequence limit ?`,
      sink,
      sequence,
      ROWS_AT_ONCE,
    );
    if (some.length === 0) return;
    for (const row of some) {
      sink = String(row["sink"]);
      sequence = Number(row["sequence"]);
      yield { sink, sequence, sealed: row["row"] as Uint8Array }; // a blob, by the schema
    }
  }
}

/**
 * Counts the rows of every sink from 1 again, as if they were the first that it gets. Within a
 * transaction.
 *
 * @param reseal Seals a row to its new place.
 */
export function renumberOutbox(
  database: StateDatabase,
  reseal: (row: StoredRow, place: string) => Uint8Array,
): void {
  const update = database.statement(
    "update outbox set sequence = ?, row = ? where sink = ? and sequence = ?",
  );
  const given = new Map<string, number>();
  for (const row of outboxRows(database)) {
    const { sink, sequence } = row;
    // Never beyond the old number, and those before it have been moved already.
    const next = (given.get(sink) ?? 0) + 1;
    update.run(next, reseal(row, placeOfRow({ sink, sequence: next })), sink, sequence);
    given.set(sink, next);
  }
  database.statement("update sinks set given = 0, confirmed = 0").run();
  const settle = database.statement("update sinks set given = ? where name = ?");
  for (const [sink, rows] of given) settle.run(rows, sink);
}
