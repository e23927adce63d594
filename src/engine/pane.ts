import {
  doublesOf,
  PAGE_CELLS,
  PAGE_CELLS_SHIFT,
  type PageCollector,
  type StoredPages,
} from "../core/stored.ts";
import type { EpochMicros } from "../core/time.ts";
import { ObjectSlots, type SlotOwner } from "./object-slots.ts";
import type { SeriesTable } from "./series-table.ts";

const TOUCHED_MIN = 64;

/**
 * The disjoint slice of time that windows are composed of: the cells of every series in it. All panes
 * of a rule share one layout: a series has the same offset in each. The first cell of a series counts
 * its events; 0 means that the other cells hold nothing yet.
 */
export class Pane {
  ordinal = 0;
  start = 0 as EpochMicros;
  end = 0 as EpochMicros;
  cells: Float64Array = new Float64Array(0);
  /** Keys of the series that have events here, in the order of their first ones. */
  touched: Int32Array = new Int32Array(TOUCHED_MIN);
  touchedCount = 0;
  /** Events in it: the sum of what the first cells count. */
  eventCount = 0;
  /** The accumulators that are objects. */
  readonly objects = new ObjectSlots();
  /** By page of the cells: 1 when it changed since it was stored. */
  changedPages: Uint8Array = new Uint8Array(0);
  /** Whether something of it is stored. */
  isStored = false;
  /** Keys of the series that changed since that was last told; undefined while no window of it fired. */
  changed: Set<number> | undefined = undefined;

  /** Makes it the pane of another slice. Its cells must be clear. */
  open(ordinal: number, start: EpochMicros, end: EpochMicros): void {
    this.ordinal = ordinal;
    this.start = start;
    this.end = end;
    this.changed = undefined;
    this.isStored = false;
  }

  /** Gives every offset below `length` a cell. */
  ensureCells(length: number): void {
    if (this.cells.length >= length) return;
    // Doubling keeps the copying linear in the number of series.
    const cells = new Float64Array(Math.max(length, this.cells.length * 2, 256));
    cells.set(this.cells);
    this.cells = cells;
    const pages = new Uint8Array((cells.length >> PAGE_CELLS_SHIFT) + 1);
    pages.set(this.changedPages);
    this.changedPages = pages;
  }

  /** Notes that a series has its first event here. */
  touch(key: number): void {
    if (this.touchedCount === this.touched.length) {
      const touched = new Int32Array(this.touched.length * 2);
      touched.set(this.touched);
      this.touched = touched;
    }
    this.touched[this.touchedCount++] = key;
  }

  /** Forgets all events. `offsets` gives the cells of a key. */
  clear(offsets: Int32Array): void {
    for (let i = 0; i < this.touchedCount; i++) this.cells[offsets[this.touched[i]!]!] = 0;
    this.touchedCount = 0;
    this.eventCount = 0;
    this.changed = undefined;
    this.changedPages.fill(0);
    this.objects.clear();
  }

  /** Gathers what changed since the last call. */
  changes(prefix: string, into: PageCollector): void {
    for (let page = 0; page < this.changedPages.length; page++) {
      if (this.changedPages[page] === 0) continue;
      const from = page << PAGE_CELLS_SHIFT;
      into.numbers(`${prefix}/cells/${page}`, this.cells.subarray(from, from + PAGE_CELLS));
    }
    this.changedPages.fill(0);
    this.isStored = true;
    this.objects.changes(prefix, into);
  }

  /** Takes over what `changes` gave. @param series The series that may have cells here. */
  restore(prefix: string, pages: StoredPages, series: SeriesTable): void {
    this.ensureCells(series.cellCount);
    for (const { word, bytes } of pages.below(`${prefix}/cells`)) {
      const cells = doublesOf(bytes);
      const from = Number(word) << PAGE_CELLS_SHIFT;
      this.ensureCells(from + cells.length);
      this.cells.set(cells, from);
    }
    // What is in other cells is of series that are gone: nobody begins with it, now or after the next restart.
    const stored = this.cells;
    this.cells = new Float64Array(stored.length);
    for (let key = 0; key < series.offsets.length; key++) {
      const at = series.offsets[key]!;
      if (!(at >= 0 && stored[at]! > 0)) continue;
      const { width } = series.functions[series.functionOf(key)]!;
      for (let i = at; i < at + width; i++) this.cells[i] = stored[i]!;
      this.touch(key);
      this.eventCount += stored[at]!;
    }
    for (let i = 0; i < stored.length; i++) {
      if (stored[i] !== this.cells[i]) this.changedPages[i >> PAGE_CELLS_SHIFT] = 1;
    }
    this.isStored = true;
    this.objects.restore(prefix, pages, this.#slotOwners(series));
  }

  /** Whose accumulator stands in which slot. */
  *#slotOwners(series: SeriesTable): Iterable<SlotOwner> {
    if (series.functions.every(({ isPlain }) => isPlain)) return;
    for (let i = 0; i < this.touchedCount; i++) {
      const key = this.touched[i]!;
      const set = series.functions[series.functionOf(key)]!;
      yield* set.slotsOf(this.cells, series.offsets[key]!);
    }
  }
}
