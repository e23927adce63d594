import * as v from "valibot";

/** PostgreSQL cuts longer identifiers in silence, so that two tables could become one. */
const IDENTIFIER_BYTES_MAX = 63;

/** The default of the option `table` of every SQL sink. */
export const DEFAULT_TABLE = "aggregates";

/** A name of a table: any characters but NUL and dots; quoted wherever it is used. */
export const tableName = v.pipe(
  v.string(),
  v.check(isIdentifier, "must be 1 to 63 bytes, without a dot"),
);

/** `table` or `schema.table`. */
export const qualifiedTableName = v.pipe(
  v.string(),
  v.check(
    (text) => text.split(".").length <= 2 && text.split(".").every(isIdentifier),
    'must be "table" or "schema.table", each of 1 to 63 bytes',
  ),
);

/** The name as SQL takes it: every part quoted, so that case, spaces and quotes are kept. */
export function quoteTable(table: string): string {
  return table.split(".").map(quoteIdentifier).join(".");
}

/** One identifier as SQL takes it, in PostgreSQL as in SQLite. */
export function quoteIdentifier(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

function isIdentifier(text: string): boolean {
  const bytes = new TextEncoder().encode(text).length;
  return bytes >= 1 && bytes <= IDENTIFIER_BYTES_MAX && !/[.\0]/.test(text) && text.isWellFormed();
}
