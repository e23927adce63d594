import type postgres from "postgres";
import { FatalError } from "../../core/errors.ts";
import {
  type ColumnTypes,
  faultOfShape,
  PROGRESS_COLUMNS,
  PROGRESS_KEY_COLUMNS,
  ROW_COLUMNS,
  type RowColumn,
  SHAPE_REMEDY,
} from "./columns.ts";
import { progressTableOf, quoteIdentifier, quoteTable } from "./table-name.ts";

const TYPES: Readonly<Record<RowColumn["kind"], string>> = {
  id: "uuid",
  text: "text",
  json: "jsonb",
  time: "timestamp with time zone",
  number: "double precision",
  whole: "bigint",
  flag: "boolean",
};

/** Types of one's own choice that hold the same. */
const ALSO: Partial<Readonly<Record<RowColumn["kind"], RegExp>>> = {
  text: /^character varying/,
  number: /^numeric$/,
  whole: /^numeric$/,
};

/** The advisory lock under which tables are made, so that two processes do not make one at a time. */
const CREATION_LOCK = 7_171_717;

const postgresTypes: ColumnTypes = {
  typeOf: (column) => (column.name === "revision" ? "integer" : TYPES[column.kind]),
  accepts(column, type) {
    const wanted = postgresTypes.typeOf(column);
    return type === wanted || type === TYPES[column.kind] || ALSO[column.kind]?.test(type) === true;
  },
};

/**
 * Makes the table when it is missing, and looks at it when it is there.
 *
 * @throws {FatalError} If a table of that name has another shape.
 */
export async function openTable(sql: postgres.Sql, table: string): Promise<void> {
  await openTableOf(sql, { table, wanted: ROW_COLUMNS, definition: definitionOf(table) });
}

/** The same for the table beside it, which keeps the progress of those who write. */
export async function openProgressTable(sql: postgres.Sql, table: string): Promise<void> {
  await openTableOf(sql, {
    table: progressTableOf(table),
    wanted: PROGRESS_COLUMNS,
    definition: progressDefinitionOf(table),
  });
}

async function openTableOf(
  sql: postgres.Sql,
  {
    table,
    wanted,
    definition,
  }: { table: string; wanted: readonly RowColumn[]; definition: string },
): Promise<void> {
  const found = await columnsOf(sql, table);
  if (found.length > 0) {
    const fault = faultOfShape(found, { wanted, types: postgresTypes });
    if (fault === undefined) return;
    throw new FatalError(`Cannot write to table "${table}": ${fault}; ${SHAPE_REMEDY}`);
  }
  await sql.begin(async (transaction) => {
    await transaction.unsafe(`select pg_advisory_xact_lock(${CREATION_LOCK})`);
    // Whoever held the lock before us may have made it.
    if ((await columnsOf(transaction, table)).length === 0) await transaction.unsafe(definition);
  });
}

/** The statements that make the table; `docs/sinks.md` shows them. */
export function definitionOf(table: string): string {
  const columns = ROW_COLUMNS.map((column) => {
    const key = column.kind === "id" ? " primary key" : "";
    return `  ${columnText(column)}${key}${column.nullable || key !== "" ? "" : " not null"}`;
  });
  return `create table ${quoteTable(table)} (\n${columns.join(",\n")}\n);
create index on ${quoteTable(table)} ("name", "window_start");`;
}

/** The statement that makes the table of progress; `docs/sinks.md` shows it. */
export function progressDefinitionOf(table: string): string {
  const columns = PROGRESS_COLUMNS.map(
    (column) => `  ${columnText(column)}${column.nullable ? "" : " not null"}`,
  );
  const key = PROGRESS_COLUMNS.slice(0, PROGRESS_KEY_COLUMNS).map(({ name }) =>
    quoteIdentifier(name),
  );
  return `create table ${quoteTable(progressTableOf(table))} (
${columns.join(",\n")},
  primary key (${key.join(", ")})
);`;
}

function columnText(column: RowColumn): string {
  return `${quoteIdentifier(column.name)} ${postgresTypes.typeOf(column)}`;
}

interface CatalogColumn {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
}

async function columnsOf(
  sql: postgres.Sql | postgres.TransactionSql,
  table: string,
): Promise<CatalogColumn[]> {
  const query = `select attname as name, format_type(atttypid, atttypmod) as type,
      attnotnull and not atthasdef and attidentity = '' as required
    from pg_attribute
    where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`;
  return sql.unsafe<CatalogColumn[]>(query, [quoteTable(table)]);
}

/**
 * The statement that writes rows. One parameter a column, each the text of an array, so that their number
 * does not grow with the rows; then the generation.
 */
export function upsertInto(table: string): string {
  const names = ROW_COLUMNS.map(({ name }) => quoteIdentifier(name));
  const arrays = ROW_COLUMNS.map(({ kind }, i) => `$${i + 1}::text::${elementOf(kind)}[]`);
  const values = ROW_COLUMNS.map(({ kind, name }) => {
    const value = `new.${quoteIdentifier(name)}`;
    // Whole microseconds are exact, and an interval of them is; text in a time zone need not be.
    return kind === "time" ? `'epoch'::timestamptz + ${value} * interval '1 microsecond'` : value;
  });
  const changed = names.slice(1).map((name) => `${name} = excluded.${name}`);
  return `insert into ${quoteTable(table)} as kept (${names.join(", ")})
    select ${values.join(", ")} from unnest(${arrays.join(", ")}) as new (${names.join(", ")})
    on conflict ("id") do update set ${changed.join(", ")}
    where (excluded."generation", excluded."revision") >= (kept."generation", kept."revision")`;
}

/** The statement that deletes withdrawn rows: arrays of ids, revisions and generations. */
export function deleteFrom(table: string): string {
  return `delete from ${quoteTable(table)} as kept
    using unnest($1::text::uuid[], $2::text::bigint[], $3::text::float8[])
      as gone ("id", "revision", "generation")
    where kept."id" = gone."id"
      and (kept."generation", kept."revision") <= (gone."generation", gone."revision")`;
}

function elementOf(kind: RowColumn["kind"]): string {
  return kind === "time" ? "bigint" : TYPES[kind];
}

/**
 * The text of an array as PostgreSQL reads it. Every element is quoted, so that none is taken for `NULL`
 * or for a delimiter.
 *
 * @example
 * ```ts
 * arrayText(["a", null, 'say "hi"']); // => '{"a",NULL,"say \\"hi\\""}'
 * ```
 */
export function arrayText(elements: readonly (string | number | boolean | null)[]): string {
  const texts = elements.map((element) =>
    element === null ? "NULL" : `"${String(element).replace(/["\\]/g, "\\$&")}"`,
  );
  return `{${texts.join(",")}}`;
}
