import type { WindowFacts } from "../core/aggregation.ts";
import type { EpochMicros } from "../core/time.ts";
import type { Writable } from "../core/writable.ts";
import type { EngineRow } from "./engine-row.ts";
import type { Accumulators, FunctionSet } from "./function-set.ts";
import type { Groups } from "./rule-events.ts";

/** The window and the place of a row. */
export interface RowPlace {
  readonly start: EpochMicros;
  readonly end: EpochMicros;
  readonly revision: number;
  readonly partial: boolean;
}

/** Makes the rows of a rule. */
export class RowWriter {
  readonly #rule: string;
  /** What its series are called. */
  readonly groups: Groups;
  readonly #onFailure: (detail: string) => void;

  /** @param onFailure Told when a function of the configuration threw. */
  constructor(rule: string, groups: Groups, onFailure: (detail: string) => void) {
    this.#rule = rule;
    this.groups = groups;
    this.#onFailure = onFailure;
  }

  /** One row for each function of a series, in their order. Returns the values in that of the functions. */
  write(
    rows: EngineRow[],
    group: number,
    of: {
      readonly set: FunctionSet;
      readonly from: Accumulators;
      readonly at: number;
      readonly place: RowPlace;
    },
  ): (number | null)[] {
    const { set, from, at, place } = of;
    const count = from.cells[at]!;
    const facts: WindowFacts = { count, start: place.start, end: place.end };
    const values = new Array<number | null>(set.functions.length).fill(null);
    for (const index of set.rowOrder) {
      const one = set.functions[index]!;
      const { value, overflow, detail } = set.result(one, from, at, facts);
      values[index] = value;
      const row = this.#row(group, one.key, place, { value, count });
      row.overflow = overflow;
      row.detail = detail;
      rows.push(row);
      const error = detail?.["error"];
      if (one.aggregation.kind === "object" && typeof error === "string") {
        this.#onFailure(`rule ${this.#rule}, function ${one.key}, series ${row.name}: ${error}`);
      }
    }
    return values;
  }

  /** Rows of a series that had no events: a value for each function. */
  writeFilled(
    rows: EngineRow[],
    group: number,
    of: {
      readonly set: FunctionSet;
      readonly values: readonly (number | null)[];
      readonly place: RowPlace;
    },
  ): void {
    for (const i of of.set.rowOrder) {
      const { key } = of.set.functions[i]!;
      const row = this.#row(group, key, of.place, { value: of.values[i] ?? null, count: 0 });
      row.filled = true;
      rows.push(row);
    }
  }

  /** Takes back the rows of a series. */
  writeWithdrawn(
    rows: EngineRow[],
    group: number,
    of: { readonly set: FunctionSet; readonly place: RowPlace },
  ): void {
    for (const { key } of of.set.functions) {
      const row = this.#row(group, key, of.place, { value: null, count: 0 });
      row.withdrawn = true;
      rows.push(row);
    }
  }

  #row(
    group: number,
    agg_func: string,
    { start, end, revision, partial }: RowPlace,
    { value, count }: { readonly value: number | null; readonly count: number },
  ): Writable<EngineRow> {
    return {
      rule: this.#rule,
      name: this.groups.name(group),
      labels: this.groups.labels(group),
      agg_func,
      start,
      end,
      value,
      count,
      revision,
      partial,
      overflow: false,
      filled: false,
      withdrawn: false,
      detail: undefined,
    };
  }
}
