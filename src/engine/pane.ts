import type { EpochMicros } from "../core/time.ts";

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
  /** How often it fired: the next revision. */
  firings = 0;
  /** Keys of the series that changed since it fired; undefined before that. */
  changed: Set<number> | undefined = undefined;

  /** Makes it the pane of another slice. Its cells must be clear. */
  open(ordinal: number, start: EpochMicros, end: EpochMicros): void {
    this.ordinal = ordinal;
    this.start = start;
    this.end = end;
    this.firings = 0;
    this.changed = undefined;
  }

  /** Gives every offset below `length` a cell. */
  ensureCells(length: number): void {
    if (this.cells.length >= length) return;
    // Doubling keeps the copying linear in the number of series.
    const cells = new Float64Array(Math.max(length, this.cells.length * 2, 256));
    cells.set(this.cells);
    this.cells = cells;
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
    this.changed = undefined;
  }
}
