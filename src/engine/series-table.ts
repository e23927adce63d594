import type { AggregateSettings } from "../core/settings.ts";
import { integersOf, PAGE_CELLS, type PageCollector, type StoredPages } from "../core/stored.ts";
import { FreeCells } from "./free-cells.ts";
import { FunctionSet } from "./function-set.ts";

const KEYS_MIN = 1024;

/** Keys of one stored page: 4 KiB of offsets. */
const PAGE_KEYS = 1024;

/** The functions of a rule, by function of the event where each event names its own. */
export function functionSetsOf({ kind, functions }: AggregateSettings): readonly FunctionSet[] {
  return kind === "event"
    ? functions.map((one) => new FunctionSet([one]))
    : [new FunctionSet(functions)];
}

/**
 * The series of a rule and where their cells stand in every pane. A series is known by its key,
 * `group * stride + function`: with `eventFunction()` every function has series of its own, otherwise
 * one set of cells serves all functions of the rule (`stride` 1).
 */
export class SeriesTable {
  readonly stride: number;
  /** By function of the event (one entry when `stride` is 1): the functions that its cells serve. */
  readonly functions: readonly FunctionSet[];
  /** By key: the offset of the cells, or -1. Replaced when it grows. */
  offsets: Int32Array = new Int32Array(KEYS_MIN).fill(-1);
  /** Cells that a pane may need. */
  cellCount = 0;
  /** Series, each function counted. */
  size = 0;
  readonly #sizeMax: number;
  readonly #free = new FreeCells();
  /** Groups with series of more than one function, where each event names its own. */
  #mixed = new Set<number>();
  /** Pages of `offsets` that changed since they were stored. */
  readonly #changedPages = new Set<number>();

  constructor(aggregate: AggregateSettings, sizeMax: number) {
    this.functions = functionSetsOf(aggregate);
    this.stride = this.functions.length;
    this.#sizeMax = sizeMax;
  }

  /** Which group a key means. */
  groupOf(key: number): number {
    return Math.floor(key / this.stride);
  }

  /** Which entry of `functions` a key means. */
  functionOf(key: number): number {
    return key % this.stride;
  }

  /** Groups whose events name several functions: with more than one series each. */
  get mixed(): ReadonlySet<number> {
    return this.#mixed;
  }

  /** The functions of which a group has a series: indices of `functions`. */
  functionsOf(group: number): number[] {
    return this.functions.flatMap((_, fn) =>
      (this.offsets[group * this.stride + fn] ?? -1) >= 0 ? [fn] : [],
    );
  }

  #noteMixed(group: number): void {
    let count = 0;
    for (let key = group * this.stride; key < (group + 1) * this.stride; key++) {
      if ((this.offsets[key] ?? -1) >= 0) count++;
    }
    if (count > 1) this.#mixed.add(group);
  }

  /**
   * Where the cells of a key stand; -1 when it has none. One beyond the table is not read there: that would
   * make every read slow.
   */
  offsetOf(key: number): number {
    return key >>> 0 < this.offsets.length ? this.offsets[key]! : -1;
  }

  /** Gives a new key its cells; -1 when the rule holds as many series as it may. */
  add(key: number): number {
    const set = this.functions[this.functionOf(key)]!;
    const count = set.functions.length;
    if (this.size + count > this.#sizeMax) return -1;
    const { width } = set;
    let offset = this.#free.take(width);
    if (offset === undefined) {
      // The cells of a series stand in one page, so that a change marks one page only.
      const room = PAGE_CELLS - (this.cellCount % PAGE_CELLS);
      offset = room < width ? this.cellCount + room : this.cellCount;
      this.cellCount = offset + width;
    }
    if (key >= this.offsets.length) this.#grow(key + 1);
    this.offsets[key] = offset;
    this.#changedPages.add(Math.floor(key / PAGE_KEYS));
    this.size += count;
    this.#noteMixed(this.groupOf(key));
    return offset;
  }

  /** Room for every key below `keys`, so that looking one up stays inside the table. */
  ensureKeys(keys: number): void {
    if (keys > this.offsets.length) this.#grow(keys);
  }

  /** Gives back the cells of all keys that are not in use. Returns how many series went. */
  release(inUse: (key: number) => boolean): number {
    let released = 0;
    for (let key = 0; key < this.offsets.length; key++) {
      const offset = this.offsets[key]!;
      if (offset < 0 || inUse(key)) continue;
      const { width, functions } = this.functions[this.functionOf(key)]!;
      this.#free.give(width, offset);
      this.offsets[key] = -1;
      this.#changedPages.add(Math.floor(key / PAGE_KEYS));
      released += functions.length;
    }
    this.size -= released;
    for (const group of this.#mixed) {
      if (this.functionsOf(group).length < 2) this.#mixed.delete(group);
    }
    return released;
  }

  /** Marks the groups that have a series. */
  markGroups(inUse: Uint8Array): void {
    for (let key = 0; key < this.offsets.length; key++) {
      if (this.offsets[key]! >= 0) inUse[this.groupOf(key)] = 1;
    }
  }

  /** The groups were numbered anew. */
  renumber(numbers: Int32Array): void {
    const old = this.offsets;
    this.offsets = new Int32Array(old.length).fill(-1);
    for (let key = 0; key < old.length; key++) {
      if (old[key]! >= 0) this.offsets[this.renumberedKey(key, numbers)] = old[key]!;
    }
    this.#mixed = new Set([...this.#mixed].map((group) => numbers[group]!));
    for (let page = 0; page * PAGE_KEYS < old.length; page++) this.#changedPages.add(page);
  }

  /** The key of the same series once its group has another number. */
  renumberedKey(key: number, numbers: Int32Array): number {
    return numbers[this.groupOf(key)]! * this.stride + this.functionOf(key);
  }

  /** Gathers what changed since the last call. */
  changes(prefix: string, into: PageCollector): void {
    if (this.#changedPages.size === 0) return;
    for (const page of this.#changedPages) {
      const from = page * PAGE_KEYS;
      into.numbers(`${prefix}/series/${page}`, this.offsets.subarray(from, from + PAGE_KEYS));
    }
    into.json(`${prefix}/layout`, { cellCount: this.cellCount });
    this.#changedPages.clear();
  }

  /** Takes over what `changes` gave. Called once, before any event. */
  restore(prefix: string, pages: StoredPages): void {
    const layout = pages.json<{ cellCount: number }>(`${prefix}/layout`);
    if (layout === undefined) return;
    this.cellCount = layout.cellCount;
    const isUsed = new Uint8Array(this.cellCount);
    for (const { word, bytes } of pages.below(`${prefix}/series`)) {
      const from = Number(word) * PAGE_KEYS;
      const offsets = integersOf(bytes);
      this.ensureKeys(from + offsets.length);
      this.offsets.set(offsets, from);
      for (const [i, offset] of offsets.entries()) {
        if (offset < 0) continue;
        const { width, functions } = this.functions[this.functionOf(from + i)]!;
        isUsed.fill(1, offset, offset + width);
        this.size += functions.length;
        this.#noteMixed(this.groupOf(from + i));
      }
    }
    this.#free.fillFrom(isUsed);
  }

  #grow(keys: number): void {
    const offsets = new Int32Array(Math.max(keys, this.offsets.length * 2)).fill(-1);
    offsets.set(this.offsets);
    this.offsets = offsets;
  }
}
