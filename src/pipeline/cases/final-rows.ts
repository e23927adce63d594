import type { ResultRow } from "../../core/result.ts";

/** The rows as they stand in a sink in the end: the last revision of each, without those withdrawn. */
export class FinalRows {
  readonly #byId = new Map<string, ResultRow>();

  add(rows: readonly ResultRow[]): void {
    for (const row of rows) {
      // A row that comes again stands where it came last: in the order of the firings.
      this.#byId.delete(row.id);
      if (row.withdrawn !== true) this.#byId.set(row.id, row);
    }
  }

  get rows(): ResultRow[] {
    return [...this.#byId.values()];
  }
}
