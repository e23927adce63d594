import { QUERY_CACHE_MAX, RECENT_ROWS_MAX } from "../core/limits.ts";
import type { ResultRow } from "../core/result.ts";
import { LruCache } from "./lru-cache.ts";
import { type RecentSeries, RecentSeriesTable } from "./recent-series.ts";
import type { ResultPage, ResultQuery, ResultView, SeriesPage, SeriesQuery } from "./view.ts";

const PARTIAL = 1;
const FILLED = 2;
const OVERFLOW = 4;
const WITHDRAWN = 8;

/**
 * The rows that fired last, for whoever looks: the newest `rowsMax` of all series in a ring of columns,
 * the rows of one series linked from the newest to the oldest. It is no store: a restart forgets them.
 */
export class RecentResults {
  readonly #max: number;
  readonly #series: RecentSeriesTable;
  readonly #searches = new LruCache<SeriesPage>(QUERY_CACHE_MAX);
  readonly #queries = new LruCache<ResultPage>(QUERY_CACHE_MAX);
  /** Made with the first row: many a pipeline never has a dashboard. */
  #columns: Columns | undefined;
  /** Rows ever added; the number of a row is how many came before it. */
  added = 0;

  constructor(options: { rowsMax?: number; seriesMax?: number } = {}) {
    this.#max = options.rowsMax ?? RECENT_ROWS_MAX;
    this.#series = new RecentSeriesTable(options.seriesMax);
  }

  get rowCount(): number {
    return Math.min(this.added, this.#max);
  }

  get seriesCount(): number {
    return this.#series.size;
  }

  add(rows: readonly ResultRow[]): void {
    if (rows.length === 0) return;
    const columns = (this.#columns ??= new Columns(this.#max));
    // Of more than there is room for only the last would be left.
    for (let i = Math.max(rows.length - this.#max, 0); i < rows.length; i++) {
      this.#addOne(columns, rows[i]!);
    }
  }

  #addOne(columns: Columns, row: ResultRow): void {
    const number = this.#series.ensure(row);
    if (number === undefined) return;
    const slot = this.added % this.#max;
    // The series that is added to must not go with the row that makes room.
    const series = this.#series.at(number);
    series.rows++;
    if (this.added >= this.#max) this.#series.release(columns.series[slot]!);
    columns.series[slot] = number;
    columns.start[slot] = row.window_start;
    columns.end[slot] = row.window_end;
    columns.value[slot] = row.value ?? Number.NaN;
    columns.count[slot] = row.count;
    columns.revision[slot] = row.revision;
    columns.flags[slot] =
      (row.partial === true ? PARTIAL : 0) |
      (row.filled === true ? FILLED : 0) |
      (row.overflow === true ? OVERFLOW : 0) |
      (row.withdrawn === true ? WITHDRAWN : 0);
    columns.before[slot] = series.lastRow;
    series.lastRow = this.added;
    this.added++;
  }

  /** Series by a part of their text. */
  series(query: SeriesQuery): SeriesPage {
    const { search, limit } = query;
    const words = search.split(/\s+/).filter((word) => word !== "");
    const page = this.#searches.get(JSON.stringify([words, limit]), this.#series.version, () => {
      const { matched, series } = this.#series.search(words, limit);
      return {
        total: this.#series.size,
        matched,
        series: series.map(({ rule, name, labels, agg_func }) => ({
          rule,
          name,
          labels: parsed(labels),
          agg_func,
        })),
      };
    });
    return page;
  }

  /** The newest rows that are asked for, oldest first: of a window the last revision, and no withdrawn one. */
  results(query: ResultQuery): ResultPage {
    return this.#queries.get(JSON.stringify(query), this.added, () => {
      const rows = this.#isOneSeries(query) ? this.#ofOne(query) : this.#ofMany(query);
      return { rows: rows.reverse(), added: this.added };
    });
  }

  /** The rows behind number `after`, the newest `limit` at most, and how many were left out. */
  since(
    after: number,
    limit: number,
  ): { readonly rows: readonly ResultView[]; readonly skipped: number } {
    const oldest = this.added - this.rowCount;
    const from = Math.max(Math.min(after, this.added), oldest, this.added - limit);
    const rows: ResultView[] = [];
    for (let row = from; row < this.added; row++) rows.push(this.#view(row % this.#max));
    return { rows, skipped: Math.max(from - Math.max(after, 0), 0) };
  }

  #isOneSeries({ rule, name, agg_func, labels }: ResultQuery): boolean {
    return [rule, name, agg_func, labels].every((part) => part !== undefined);
  }

  #ofOne(query: ResultQuery): ResultView[] {
    const { rule = "", name = "", agg_func = "", labels = "" } = query;
    const number = this.#series.find({ rule, name, agg_func, labels });
    const collector = new Collector(query);
    if (number === undefined) return collector.rows;
    const oldest = this.added - this.rowCount;
    const columns = this.#columns!;
    for (let row = this.#series.at(number).lastRow; row >= oldest && !collector.isFull; ) {
      const slot = row % this.#max;
      this.#collect(slot, collector);
      row = columns.before[slot]!;
    }
    return collector.rows;
  }

  #ofMany(query: ResultQuery): ResultView[] {
    const { rule, name, agg_func, labels } = query;
    const wanted = (series: RecentSeries): boolean =>
      (rule === undefined || series.rule === rule) &&
      (name === undefined || series.name === name) &&
      (agg_func === undefined || series.agg_func === agg_func) &&
      (labels === undefined || series.labels === labels);
    const collector = new Collector(query);
    const oldest = this.added - this.rowCount;
    for (let row = this.added - 1; row >= oldest && !collector.isFull; row--) {
      const slot = row % this.#max;
      if (wanted(this.#series.at(this.#columns!.series[slot]!))) this.#collect(slot, collector);
    }
    return collector.rows;
  }

  #collect(slot: number, collector: Collector): void {
    const { start, flags, series } = this.#columns!;
    if (!collector.takes(series[slot]!, start[slot]!)) return;
    if ((flags[slot]! & WITHDRAWN) === 0) collector.rows.push(this.#view(slot));
  }

  #view(slot: number): ResultView {
    const columns = this.#columns!;
    const { rule, name, labels, agg_func } = this.#series.at(columns.series[slot]!);
    const value = columns.value[slot]!;
    const flags = columns.flags[slot]!;
    return {
      rule,
      name,
      labels: parsed(labels),
      agg_func,
      window_start: columns.start[slot]!,
      window_end: columns.end[slot]!,
      value: Number.isNaN(value) ? null : value,
      count: columns.count[slot]!,
      revision: columns.revision[slot]!,
      ...((flags & PARTIAL) === 0 ? {} : { partial: true }),
      ...((flags & FILLED) === 0 ? {} : { filled: true }),
      ...((flags & OVERFLOW) === 0 ? {} : { overflow: true }),
      ...((flags & WITHDRAWN) === 0 ? {} : { withdrawn: true }),
    };
  }
}

/** The rows of an answer, which are offered from the newest on. */
class Collector {
  readonly rows: ResultView[] = [];
  readonly #query: ResultQuery;
  readonly #seen = new Set<string>();

  constructor(query: ResultQuery) {
    this.#query = query;
  }

  get isFull(): boolean {
    return this.rows.length >= this.#query.limit;
  }

  /** Whether the window is asked for, and no later revision of it was there. */
  takes(series: number, start: number): boolean {
    const { from = -Infinity, to = Infinity } = this.#query;
    if (start < from || start >= to) return false;
    const window = `${series} ${start}`;
    if (this.#seen.has(window)) return false;
    this.#seen.add(window);
    return true;
  }
}

class Columns {
  readonly series: Int32Array;
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly value: Float64Array;
  readonly count: Float64Array;
  readonly revision: Int32Array;
  readonly flags: Uint8Array;
  /** The number of the row before it in its series; -1: there is none. */
  readonly before: Float64Array;

  constructor(size: number) {
    this.series = new Int32Array(size);
    this.start = new Float64Array(size);
    this.end = new Float64Array(size);
    this.value = new Float64Array(size);
    this.count = new Float64Array(size);
    this.revision = new Int32Array(size);
    this.flags = new Uint8Array(size);
    this.before = new Float64Array(size);
  }
}

/** Without a prototype, so that `__proto__` is a label like any other. */
function parsed(labels: string): Readonly<Record<string, string>> {
  if (labels === "{}") return NO_LABELS;
  return JSON.parse(labels) as Record<string, string>; // `labelsToJson` wrote it
}

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});
