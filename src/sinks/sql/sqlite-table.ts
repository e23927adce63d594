import type { DatabaseSync, StatementSync } from "node:sqlite";
import { FatalError, messageOf } from "../../core/errors.ts";
import {
  type ColumnTypes,
  type FoundColumn,
  faultOfShape,
  PROGRESS_COLUMNS,
  PROGRESS_KEY_COLUMNS,
  ROW_COLUMNS,
  type RowColumn,
  SHAPE_REMEDY,
} from "./columns.ts";
import { progressTableOf, quoteIdentifier, quoteTable } from "./table-name.ts";

export interface TableStatements {
  /** Parameters in the order of `ROW_COLUMNS`. */
  readonly upsert: StatementSync;
  /** Parameters: id, generation, revision of the withdrawal. */
  readonly remove: StatementSync;
}

const TYPES: Readonly<Record<RowColumn["kind"], string>> = {
  id: "TEXT",
  text: "TEXT",
  json: "TEXT",
  // Unix seconds, which may have a fraction.
  time: "REAL",
  number: "REAL",
  whole: "INTEGER",
  flag: "INTEGER",
};

const sqliteTypes: ColumnTypes = {
  typeOf: (column) => TYPES[column.kind],
  accepts(column, type) {
    const affinity = affinityOf(type);
    const wanted = TYPES[column.kind];
    return affinity === wanted || (affinity === "NUMERIC" && wanted !== "TEXT");
  },
};

/**
 * Makes the table when it is missing, and looks at it when it is there.
 *
 * @throws {FatalError} If a table of that name has another shape.
 */
export function openTable(database: DatabaseSync, table: string): TableStatements {
  if (!isShaped(database, { table, wanted: ROW_COLUMNS })) create(database, table);
  try {
    return prepare(database, table);
  } catch (thrown) {
    if (!messageOf(thrown).includes("ON CONFLICT")) throw thrown;
    const problem = `column "id" is neither its primary key nor unique; ${SHAPE_REMEDY}`;
    throw new FatalError(`Cannot write to table "${table}": ${problem}`);
  }
}

/** The same for the table beside it, which keeps the progress of those who write. */
export function openProgressTable(database: DatabaseSync, table: string): void {
  const beside = progressTableOf(table);
  if (isShaped(database, { table: beside, wanted: PROGRESS_COLUMNS })) return;
  const key = PROGRESS_COLUMNS.slice(0, PROGRESS_KEY_COLUMNS).map(({ name }) => name);
  database.exec(`create table if not exists ${quoteTable(beside)} (
    ${PROGRESS_COLUMNS.map(definitionOf).join(", ")}, primary key (${key.join(", ")}))`);
}

/** Whether the table is there; one of another shape is refused. */
function isShaped(
  database: DatabaseSync,
  { table, wanted }: { table: string; wanted: readonly RowColumn[] },
): boolean {
  const found = columnsOf(database, table);
  if (found.length === 0) return false;
  const fault = faultOfShape(found, { wanted, types: sqliteTypes });
  if (fault === undefined) return true;
  throw new FatalError(`Cannot write to table "${table}": ${fault}; ${SHAPE_REMEDY}`);
}

function columnsOf(database: DatabaseSync, table: string): FoundColumn[] {
  const query = `select name, type, "notnull" and dflt_value is null and pk = 0 as required
    from pragma_table_info(?)`;
  return database
    .prepare(query)
    .all(table)
    .map(({ name, type, required }) => ({
      name: String(name),
      type: String(type).toUpperCase(),
      required: required === 1,
    }));
}

function create(database: DatabaseSync, table: string): void {
  const columns = ROW_COLUMNS.map(definitionOf);
  const index = quoteIdentifier(`${table}_name_window_start`);
  // Another process may make it at the same moment.
  database.exec(`begin immediate;
    create table if not exists ${quoteTable(table)} (${columns.join(", ")});
    create index if not exists ${index} on ${quoteTable(table)} ("name", "window_start");
    commit`);
}

function definitionOf({ name, kind, nullable }: RowColumn): string {
  const key = kind === "id" ? " primary key" : "";
  return `${quoteIdentifier(name)} ${TYPES[kind]}${key}${nullable ? "" : " not null"}`;
}

function prepare(database: DatabaseSync, table: string): TableStatements {
  const names = ROW_COLUMNS.map(({ name }) => quoteIdentifier(name));
  const changed = names.slice(1).map((name) => `${name} = excluded.${name}`);
  return {
    upsert: database.prepare(`insert into ${quoteTable(table)} as kept (${names.join(", ")})
      values (${names.map(() => "?").join(", ")})
      on conflict (id) do update set ${changed.join(", ")}
      where (excluded.generation, excluded.revision) >= (kept.generation, kept.revision)`),
    remove: database.prepare(`delete from ${quoteTable(table)}
      where id = ? and (generation, revision) <= (?, ?)`),
  };
}

/** SQLite's own rule: what a column makes of a value. */
function affinityOf(type: string): string {
  if (type.includes("INT")) return "INTEGER";
  if (/CHAR|CLOB|TEXT/.test(type)) return "TEXT";
  if (type === "" || type.includes("BLOB")) return "BLOB";
  return /REAL|FLOA|DOUB/.test(type) ? "REAL" : "NUMERIC";
}
