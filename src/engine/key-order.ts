import { compareLabels, compareTexts } from "./engine-row.ts";
import type { Groups } from "./rule-events.ts";
import type { SeriesTable } from "./series-table.ts";

/** A window of fewer series than one in so many of those known is sorted by itself. */
const KNOWN_PER_KEY_MAX = 8;

/**
 * Puts the series of a window in the order of their rows: by name, labels and function. The texts of a
 * series are compared when it is first seen; from then on its place is a number.
 */
export class KeyOrder {
  readonly #groups: Groups;
  readonly #series: SeriesTable;
  /** All keys learned, in order, and the name of each. */
  #sorted: Int32Array = new Int32Array(0);
  #names: string[] = [];
  /** By key: its index in `#sorted`, or -1. */
  #places: Int32Array = new Int32Array(0);

  constructor(groups: Groups, series: SeriesTable) {
    this.#groups = groups;
    this.#series = series;
  }

  /** The keys, no key twice, in the order of their rows. */
  sort(keys: ArrayLike<number>): ArrayLike<number> {
    if (keys.length < 2) return keys;
    if (keys.length * KNOWN_PER_KEY_MAX < this.#sorted.length) {
      return Array.from(keys).sort((a, b) => this.#compare(a, b));
    }
    this.#learn(keys);
    const places = new Int32Array(keys.length);
    for (let i = 0; i < keys.length; i++) places[i] = this.#places[keys[i]!]!;
    places.sort();
    for (let i = 0; i < places.length; i++) places[i] = this.#sorted[places[i]!]!;
    return places;
  }

  /** Forgets all: keys mean other series now. */
  clear(): void {
    this.#sorted = new Int32Array(0);
    this.#names = [];
    this.#places = new Int32Array(0);
  }

  /** Takes in the keys that are new: sorts them alone, and merges them with the others. */
  #learn(keys: ArrayLike<number>): void {
    if (this.#places.length < this.#series.offsets.length) {
      const places = new Int32Array(this.#series.offsets.length).fill(-1);
      places.set(this.#places);
      this.#places = places;
    }
    const fresh: number[] = [];
    for (let i = 0; i < keys.length; i++) if (this.#places[keys[i]!]! < 0) fresh.push(keys[i]!);
    if (fresh.length === 0) return;
    this.#merge(this.#sortedByName(fresh));
  }

  /**
   * Names are sorted as plain texts, which runtimes do several times as fast as they call a function for
   * each two; only the keys of one name are compared by it.
   */
  #sortedByName(keys: readonly number[]): number[] {
    const byName = new Map<string, number | number[]>();
    for (const key of keys) {
      const name = this.#nameOf(key);
      const others = byName.get(name);
      if (others === undefined) byName.set(name, key);
      else if (typeof others === "number") byName.set(name, [others, key]);
      else others.push(key);
    }
    const sorted: number[] = [];
    for (const name of [...byName.keys()].sort()) {
      const ofName = byName.get(name)!;
      if (typeof ofName === "number") sorted.push(ofName);
      else for (const key of ofName.sort((a, b) => this.#compareWithin(a, b))) sorted.push(key);
    }
    return sorted;
  }

  #merge(fresh: readonly number[]): void {
    const old = this.#sorted;
    const oldNames = this.#names;
    const sorted = new Int32Array(old.length + fresh.length);
    const names: string[] = [];
    let from = 0;
    let next = 0;
    let freshName = this.#nameOf(fresh[0]!);
    for (let i = 0; i < sorted.length; i++) {
      const order =
        next === fresh.length
          ? -1
          : from === old.length
            ? 1
            : compareTexts(oldNames[from]!, freshName);
      if (order < 0 || (order === 0 && this.#compareWithin(old[from]!, fresh[next]!) < 0)) {
        names.push(oldNames[from]!);
        sorted[i] = old[from++]!;
      } else {
        names.push(freshName);
        sorted[i] = fresh[next++]!;
        if (next < fresh.length) freshName = this.#nameOf(fresh[next]!);
      }
      this.#places[sorted[i]!] = i;
    }
    this.#sorted = sorted;
    this.#names = names;
  }

  #nameOf(key: number): string {
    return this.#groups.name(this.#series.groupOf(key));
  }

  #compare(a: number, b: number): number {
    return compareTexts(this.#nameOf(a), this.#nameOf(b)) || this.#compareWithin(a, b);
  }

  /** The order of two series of one name. */
  #compareWithin(a: number, b: number): number {
    const series = this.#series;
    const labelsOf = (key: number) => this.#groups.labels(series.groupOf(key));
    return (
      compareLabels(labelsOf(a), labelsOf(b)) ||
      compareTexts(functionText(series, a), functionText(series, b))
    );
  }
}

/** The function of a series whose events name it; a rule with functions of its own has one key a group. */
function functionText(series: SeriesTable, key: number): string {
  return series.functions[series.functionOf(key)]!.functions[0]!.key;
}
