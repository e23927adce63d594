/** What a column of the result table holds; each store has its own type for it. */
export type ColumnKind = "id" | "text" | "json" | "time" | "number" | "whole" | "flag";

export interface RowColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly nullable: boolean;
}

/**
 * The columns of a table of results, in their order: the fields of a result row and `generation`. A
 * withdrawn row is deleted, so that it has no column.
 */
export const ROW_COLUMNS = [
  { name: "id", kind: "id", nullable: false },
  { name: "pipeline", kind: "text", nullable: false },
  { name: "rule", kind: "text", nullable: false },
  { name: "name", kind: "text", nullable: false },
  { name: "labels", kind: "json", nullable: false },
  { name: "agg_func", kind: "text", nullable: false },
  { name: "window_start", kind: "time", nullable: false },
  { name: "window_end", kind: "time", nullable: false },
  { name: "value", kind: "number", nullable: true },
  { name: "count", kind: "whole", nullable: false },
  { name: "revision", kind: "whole", nullable: false },
  // Unix seconds as they come: cut to whole ones, two replays within a second would be equals.
  { name: "generation", kind: "number", nullable: false },
  { name: "detail", kind: "json", nullable: true },
  { name: "partial", kind: "flag", nullable: false },
  { name: "filled", kind: "flag", nullable: false },
  { name: "overflow", kind: "flag", nullable: false },
] as const satisfies readonly RowColumn[];

/** The columns of the table that keeps the progress of the writers of a table of results. */
export const PROGRESS_COLUMNS = [
  { name: "pipeline", kind: "text", nullable: false },
  { name: "share", kind: "text", nullable: false },
  { name: "sink", kind: "text", nullable: false },
  { name: "lineage", kind: "text", nullable: false },
  { name: "epoch", kind: "whole", nullable: false },
  { name: "writer", kind: "text", nullable: false },
  { name: "through", kind: "whole", nullable: true },
  { name: "refused", kind: "text", nullable: true },
] as const satisfies readonly RowColumn[];

/** Its primary key: how many of its columns, from the first. */
export const PROGRESS_KEY_COLUMNS = 3;

/** A column that a table has. */
export interface FoundColumn {
  readonly name: string;
  /** As the store writes it. */
  readonly type: string;
  /** Whether an insert that does not name the column fails. */
  readonly required: boolean;
}

/** How a store's types meet the columns. */
export interface ColumnTypes {
  /** The type with which a column is made. */
  typeOf(column: RowColumn): string;
  /** Whether a column of an existing table can hold it. */
  accepts(column: RowColumn, type: string): boolean;
}

/**
 * What keeps an existing table from being written, for a person; undefined when it can be. Columns of
 * one's own are welcome, as long as an insert may leave them out.
 */
export function faultOfShape(
  found: readonly FoundColumn[],
  {
    wanted: columns,
    types,
  }: { readonly wanted: readonly RowColumn[]; readonly types: ColumnTypes },
): string | undefined {
  const byName = new Map(found.map((column) => [column.name, column]));
  const faults: string[] = [];
  for (const column of columns) {
    const match = byName.get(column.name);
    const wanted = types.typeOf(column);
    if (match === undefined) {
      faults.push(`column "${column.name}" is missing, wanted ${wanted}`);
    } else if (!types.accepts(column, match.type)) {
      faults.push(`column "${column.name}" is ${match.type || "untyped"}, wanted ${wanted}`);
    }
    byName.delete(column.name);
  }
  for (const column of byName.values()) {
    if (!column.required) continue;
    faults.push(`column "${column.name}" is unknown here, and has neither a default nor null`);
  }
  return faults.length === 0 ? undefined : faults.join("; ");
}

/** What a person does about a table of another shape. */
export const SHAPE_REMEDY = 'change the table, or name another one with the option "table"';
