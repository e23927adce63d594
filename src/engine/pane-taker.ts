import type { CellAggregation } from "../core/aggregation.ts";
import { type EventTaker, FOLD, type OpenCells } from "../core/columns.ts";
import { PAGE_CELLS_SHIFT } from "../core/stored.ts";
import { type EpochMicros, epochMicros } from "../core/time.ts";
import type { Writable } from "../core/writable.ts";
import type { Pane } from "./pane.ts";
import type { SeriesTable } from "./series-table.ts";

export interface PaneTakerOptions {
  readonly series: SeriesTable;
  /** By function of the event; all live in cells. */
  readonly functions: readonly CellAggregation[];
  /** The pane of an instant, with cells for all series; undefined when its windows are forgotten, or not ours. */
  readonly select: (time: EpochMicros) => Pane | undefined;
  /** Gives a new series its cells, also in the pane; -1 when it would be one too many. */
  readonly addSeries: (key: number, pane: Pane) => number;
}

/**
 * The hot path: adds events to the panes of a rule, each by the function that it names. Most events fall
 * into the same pane as the one before, so what of that pane is needed is kept at hand.
 *
 * `resume` begins a run of events, `settle` ends it; in between nobody else may touch the panes.
 */
export class PaneTaker implements EventTaker {
  readonly #of: PaneTakerOptions;
  readonly #functions: readonly CellAggregation[];
  readonly #stride: number;
  readonly open: Writable<OpenCells>;
  /** The pane of the last event; undefined when that had none. */
  pane: Pane | undefined;
  #start = Infinity;
  #end = -Infinity;
  #cells: Float64Array = new Float64Array(0);
  #pages: Uint8Array = new Uint8Array(0);
  #offsets: Int32Array = new Int32Array(0);
  #limit = Infinity;
  #wholeFrom = -Infinity;
  /** Events taken into `pane` that it has not counted. */
  #uncounted = 0;
  #taken = 0;
  #newest = -Infinity;

  constructor(options: PaneTakerOptions) {
    this.#of = options;
    this.#functions = options.functions;
    this.#stride = options.series.stride;
    this.open = {
      start: Infinity,
      end: -Infinity,
      cells: this.#cells,
      changedPages: this.#pages,
      offsets: this.#offsets,
      stride: this.#stride,
      folds: Uint8Array.from(options.functions, ({ fold }) => FOLD[fold ?? "byAdd"]),
    };
  }

  /** Forgets the pane: it may be another's by now. */
  reset(): void {
    this.#enter(undefined);
  }

  /**
   * Begins a run of events.
   *
   * @param limit No event at or behind it is taken. @param wholeFrom Nor one whose pane begins before it: of
   *   some of its windows it is late.
   */
  resume(limit = Infinity, wholeFrom = -Infinity): void {
    this.#limit = limit;
    this.#wholeFrom = wholeFrom;
    this.#enter(this.pane);
  }

  take(group: number, fn: number, value: number, time: number): boolean {
    if ((time < this.#start || time >= this.#end) && !this.#select(time)) return false;
    const key = group * this.#stride + fn;
    // Beyond the table, or below it: reading there would make every read slow.
    let at = key >>> 0 < this.#offsets.length ? this.#offsets[key]! : -1;
    if (at < 0) {
      at = this.#addSeries(key);
      if (at < 0) return false;
    }
    const cells = this.#cells;
    const before = cells[at]!;
    cells[at] = before + 1;
    if (before === 0) this.#begin(key, fn, at);
    this.#pages[at >> PAGE_CELLS_SHIFT] = 1;
    this.#functions[fn]!.add(cells, at + 1, value, time);
    if (this.pane!.changed !== undefined) this.pane!.changed.add(key);
    this.#uncounted++;
    if (time > this.#newest) this.#newest = time;
    return true;
  }

  added(count: number, newest: number): void {
    this.#uncounted += count;
    if (newest > this.#newest) this.#newest = newest;
  }

  /** Ends a run: how many events were taken, and the time of the newest; -Infinity when there was none. */
  settle(): { readonly taken: number; readonly newest: number } {
    this.#count();
    const settled = { taken: this.#taken, newest: this.#newest };
    this.#taken = 0;
    this.#newest = -Infinity;
    return settled;
  }

  #count(): void {
    if (this.pane !== undefined) this.pane.eventCount += this.#uncounted;
    this.#taken += this.#uncounted;
    this.#uncounted = 0;
  }

  #select(time: number): boolean {
    if (time >= this.#limit) return false;
    this.#enter(this.#of.select(epochMicros(time)));
    return time < this.#end;
  }

  #enter(pane: Pane | undefined): void {
    this.#count();
    this.pane = pane;
    const isTaken = pane !== undefined && pane.start >= this.#wholeFrom;
    this.#start = isTaken ? pane.start : Infinity;
    this.#end = isTaken ? Math.min(pane.end, this.#limit) : -Infinity;
    this.#reload();
  }

  #addSeries(key: number): number {
    const at = this.#of.addSeries(key, this.pane!);
    this.#reload();
    return at;
  }

  /** The tables are others once they have grown. */
  #reload(): void {
    this.#offsets = this.#of.series.offsets;
    if (this.pane !== undefined) {
      this.#cells = this.pane.cells;
      this.#pages = this.pane.changedPages;
    }
    const { open } = this;
    open.offsets = this.#offsets;
    open.cells = this.#cells;
    open.changedPages = this.#pages;
    // Of a pane that has fired, each series that changes has to be noted.
    const isOpen = this.pane?.changed === undefined;
    open.start = isOpen ? this.#start : Infinity;
    open.end = isOpen ? this.#end : -Infinity;
  }

  #begin(key: number, fn: number, at: number): void {
    this.#functions[fn]!.init(this.#cells, at + 1);
    this.pane!.touch(key);
  }
}
