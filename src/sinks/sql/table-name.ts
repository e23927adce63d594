import { createHash } from "node:crypto";
import * as v from "valibot";

/** PostgreSQL cuts longer identifiers in silence, so that two tables could become one. */
const IDENTIFIER_BYTES_MAX = 63;

/** The default of the option `table` of every SQL sink. */
export const DEFAULT_TABLE = "aggregates";

const PROGRESS_SUFFIX = "_progress";

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

/** The name of the table that keeps the progress of those who write to `table`: beside it. */
export function progressTableOf(table: string): string {
  const nameAt = table.lastIndexOf(".") + 1;
  const schema = table.slice(0, nameAt);
  const name = table.slice(nameAt);
  if (isIdentifier(name + PROGRESS_SUFFIX)) return schema + name + PROGRESS_SUFFIX;
  // No room: a part of the name, and a mark that two names with the same part do not share.
  const mark = `_${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
  const characters = Array.from(name);
  while (!isIdentifier(characters.join("") + mark + PROGRESS_SUFFIX)) characters.pop();
  return schema + characters.join("") + mark + PROGRESS_SUFFIX;
}

function isIdentifier(text: string): boolean {
  const bytes = new TextEncoder().encode(text).length;
  return bytes >= 1 && bytes <= IDENTIFIER_BYTES_MAX && !/[.\0]/.test(text) && text.isWellFormed();
}
