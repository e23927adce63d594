import { RECENT_SERIES_MAX } from "../core/limits.ts";
import type { ResultRow } from "../core/result.ts";
import { labelsToJson } from "../core/result-json.ts";

/** A series that has rows among the recent ones. */
export interface RecentSeries {
  readonly rule: string;
  readonly name: string;
  /** As JSON, sorted by key; `{}` without any. */
  readonly labels: string;
  readonly agg_func: string;
  /** Rows held. */
  rows: number;
  /** Number of its newest row. */
  lastRow: number;
}

/** Rows of one rule, name, labels and function belong together. */
export type SeriesKey = Pick<RecentSeries, "rule" | "name" | "labels" | "agg_func">;

/** What separates the series in the text that is searched: no name holds it. */
const SEPARATOR = "\u0000";

/** New series are searched one by one until there are so many; then the text is made anew. */
const LOOSE_MAX = 2_000;

/** The series of the recent rows, by number, found by their key or by a part of their text. */
export class RecentSeriesTable {
  readonly #max: number;
  readonly #numbers = new Map<string, number>();
  readonly #series: (RecentSeries | undefined)[] = [];
  readonly #free: number[] = [];
  /** Rises whenever a series comes or goes. */
  version = 0;
  /** The texts of all series, in the order of `#sorted`. */
  #text = "";
  /** Where the text of each begins. */
  #starts = new Float64Array(0);
  #sorted: RecentSeries[] = [];
  /** Those that came since the text was made. */
  #loose: RecentSeries[] = [];

  constructor(max: number = RECENT_SERIES_MAX) {
    this.#max = max;
  }

  get size(): number {
    return this.#numbers.size;
  }

  at(number: number): RecentSeries {
    return this.#series[number]!;
  }

  /** The number of a series; undefined when it is not there. */
  find(key: SeriesKey): number | undefined {
    return this.#numbers.get(keyText(key));
  }

  /** The number of the series of a row; undefined when there are too many. */
  ensure(row: ResultRow): number | undefined {
    const { rule, name, agg_func } = row;
    const labels = labelsToJson(row.labels);
    const key = keyText({ rule, name, labels, agg_func });
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#numbers.size >= this.#max) return undefined;
    const number = this.#free.pop() ?? this.#series.length;
    const series = { rule, name, labels, agg_func, rows: 0, lastRow: -1 };
    this.#series[number] = series;
    this.#numbers.set(key, number);
    this.#loose.push(series);
    this.version++;
    return number;
  }

  /** A row of it is gone; with its last row it goes itself. */
  release(number: number): void {
    const series = this.#series[number]!;
    series.rows--;
    if (series.rows > 0) return;
    this.#series[number] = undefined;
    this.#numbers.delete(keyText(series));
    this.#free.push(number);
    this.version++;
  }

  /**
   * The series whose text holds every word, in any case; those whose name begins with the first word
   * come first, else by name.
   */
  search(words: readonly string[], limit: number): { matched: number; series: RecentSeries[] } {
    if (this.#loose.length > LOOSE_MAX) this.#index();
    const lower = words.map((word) => word.toLowerCase());
    const loose = this.#loose.filter((series) => {
      const text = searchText(series);
      return series.rows > 0 && lower.every((word) => text.includes(word));
    });
    const first: RecentSeries[] = [];
    const others: RecentSeries[] = [];
    let matched = loose.length;
    const beginsWithWord = ({ name }: RecentSeries): boolean =>
      lower.length > 0 && name.toLowerCase().startsWith(lower[0]!);
    this.#eachIndexed(lower, (series) => {
      if (series.rows === 0) return;
      matched++;
      const list = beginsWithWord(series) ? first : others;
      if (list.length < limit) list.push(series);
    });
    for (const series of loose) (beginsWithWord(series) ? first : others).push(series);
    if (loose.length > 0) {
      first.sort(byText);
      others.sort(byText);
    }
    return { matched, series: [...first, ...others].slice(0, limit) };
  }

  /** One search through one long text is much faster than one for each series. */
  #eachIndexed(words: readonly string[], take: (series: RecentSeries) => void): void {
    const longest = words.toSorted((a, b) => b.length - a.length)[0];
    if (longest === undefined) {
      for (const series of this.#sorted) take(series);
      return;
    }
    const others = words.filter((word) => word !== longest);
    const text = this.#text;
    let index = 0;
    for (let at = text.indexOf(longest); at >= 0; ) {
      index = this.#indexAt(at, index);
      const end = this.#starts[index + 1]!;
      const mine = others.length === 0 ? "" : text.slice(this.#starts[index], end);
      if (others.every((word) => mine.includes(word))) take(this.#sorted[index]!);
      at = text.indexOf(longest, end);
    }
  }

  /** Which series the text at `at` belongs to. */
  #indexAt(at: number, from: number): number {
    let low = from;
    let high = this.#sorted.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #index(): void {
    const all = this.#series.filter((series) => series !== undefined);
    const keyed = all.map((series) => ({ series, text: searchText(series) }));
    keyed.sort((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)));
    this.#starts = new Float64Array(keyed.length + 1);
    let at = 0;
    for (const [index, { text }] of keyed.entries()) {
      this.#starts[index] = at;
      at += text.length + SEPARATOR.length;
    }
    this.#starts[keyed.length] = at;
    this.#text = keyed.map(({ text }) => text + SEPARATOR).join("");
    this.#sorted = keyed.map(({ series }) => series);
    this.#loose = [];
  }
}

function byText(a: RecentSeries, b: RecentSeries): number {
  const [one, other] = [searchText(a), searchText(b)];
  return one < other ? -1 : Number(one > other);
}

function keyText({ rule, name, labels, agg_func }: SeriesKey): string {
  // No name holds a NUL, and labels are JSON.
  return `${rule}\u0000${name}\u0000${agg_func}\u0000${labels}`;
}

function searchText({ rule, name, labels, agg_func }: SeriesKey): string {
  const shown = labels === "{}" ? "" : ` ${labels}`;
  return `${name} ${agg_func} ${rule}${shown}`.toLowerCase();
}
