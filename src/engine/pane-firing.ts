import type { EngineRow } from "./engine-row.ts";
import type { Accumulators } from "./function-set.ts";
import type { FillTarget, GapFiller } from "./gap-filler.ts";
import { KeyOrder } from "./key-order.ts";
import { ObjectSlots } from "./object-slots.ts";
import { Pane } from "./pane.ts";
import type { PaneLayout } from "./pane-layout.ts";
import type { PaneRing } from "./pane-ring.ts";
import type { RowWriter } from "./row-writer.ts";
import type { SeriesTable } from "./series-table.ts";
import type { WindowList, WindowState } from "./window-list.ts";
import type { HeldWindow, WindowsContext } from "./windows.ts";

export interface PaneFiringOptions {
  readonly context: WindowsContext;
  readonly layout: PaneLayout;
  readonly ring: PaneRing;
  readonly windows: WindowList;
  readonly series: SeriesTable;
  readonly filler: GapFiller | undefined;
  readonly writer: RowWriter;
  /** Whether a window may still be held. */
  readonly isOurs: (ordinal: number) => boolean;
}

/** Makes the rows of windows that are sums of panes. */
export class PaneFiring {
  readonly #of: PaneFiringOptions;
  readonly #order: KeyOrder;
  /** All panes of a window in one. */
  readonly #summed = new Pane();
  /** Where some series of it is merged alone. */
  readonly #scratch: Accumulators = { cells: new Float64Array(64), objects: new ObjectSlots() };
  /** By key: the number of the firing in which it was seen last. */
  #seenIn = new Float64Array(0);
  #firing = 0;

  constructor(options: PaneFiringOptions) {
    this.#of = options;
    this.#order = new KeyOrder(options.writer.groups, options.series);
  }

  /** What a window holds, for those who look at it. */
  shown(window: WindowState): Omit<HeldWindow, "rule"> {
    const panes = this.panesOf(window);
    return {
      start: window.start,
      end: window.end,
      series: this.keysOf(panes).length,
      count: panes.reduce((sum, { eventCount }) => sum + eventCount, 0),
      fired: window.firings > 0,
    };
  }

  /** The keys mean other series now. */
  renumbered(): void {
    this.#order.clear();
  }

  /** What changed in the panes changed in their windows that fired. */
  distributeChanges(): void {
    for (const pane of this.#of.ring.held) {
      const { changed } = pane;
      if (changed === undefined || changed.size === 0) continue;
      const { first, last } = this.#of.windows.ofPane(pane.ordinal);
      for (let k = first; k <= last; k++) {
        const window = this.#of.windows.get(k);
        if (window?.changed === undefined) continue;
        for (const key of changed) window.changed.add(key);
      }
      changed.clear();
    }
  }

  /**
   * Fires a window, or again what changed in it.
   *
   * @param isOver Whether the watermark passed its end; if not, the firing is an early one.
   */
  fire(window: WindowState, rows: EngineRow[], isOver: boolean): void {
    const own = this.panesOf(window);
    this.#lookForGaps(window, own);
    const isFirst = window.changed === undefined;
    // All series of several panes are summed pane by pane, which is faster than series by series.
    const panes = isFirst && own.length > 1 ? [this.#sum(own)] : own;
    this.#fireFrom(window, { rows, isOver, own, panes });
    this.#summed.clear(this.#of.series.offsets);
  }

  #fireFrom(
    window: WindowState,
    of: {
      readonly rows: EngineRow[];
      readonly isOver: boolean;
      /** The panes of the window, and those that its values are read from. */
      readonly own: readonly Pane[];
      readonly panes: readonly Pane[];
    },
  ): void {
    const { rows, isOver, own, panes } = of;
    const isFirst = window.changed === undefined;
    const all = isFirst || this.#settles(window, isOver) ? this.keysOf(panes) : [];
    const keys = isFirst ? all : [...window.changed!];
    // It may have been opened for an event whose series was one too many.
    if (isFirst && all.length === 0) return;
    const settles = all.length > 0 && this.#settles(window, isOver);
    const { filler } = this.#of;
    if (settles) filler?.fillTo(window.ordinal - 1, this.fillInto(rows));
    const before = rows.length;
    const values = this.#write(window, this.#order.sort(keys), { rows, panes });
    if (settles) {
      for (const key of all) {
        filler?.fired(window.ordinal, key, values.get(key) ?? this.#valuesOf(window, key, panes));
      }
      filler?.windowFired(window.ordinal, this.fillInto(rows));
    } else if (filler !== undefined && window.ordinal <= filler.filledTo) {
      for (const [key, ofKey] of values) filler.fired(window.ordinal, key, ofKey);
    }
    if (rows.length === before) return;
    this.#count(window, own, isFirst);
  }

  /** What early rows did not know: that events are missing. All of them are told again, at once. */
  #lookForGaps(window: WindowState, panes: readonly Pane[]): void {
    const { isEarly, isPartial } = this.#of.context;
    if (!isEarly || window.changed === undefined || window.partial) return;
    if (!isPartial(window.start, window.end)) return;
    for (const key of this.keysOf(panes)) window.changed.add(key);
  }

  /** Whether gaps are to be filled up to the window: once, when it is over. */
  #settles({ ordinal }: WindowState, isOver: boolean): boolean {
    const { filler } = this.#of;
    return isOver && filler !== undefined && ordinal > filler.filledTo;
  }

  #count(window: WindowState, panes: readonly Pane[], isFirst: boolean): void {
    const { firings } = this.#of.context;
    if (isFirst) firings.fired++;
    else firings.revisions++;
    window.firings++;
    window.changed = new Set();
    for (const pane of panes) pane.changed ??= new Set();
  }

  /** Writes the rows of some series. Returns the values of each, where gaps are to be filled. */
  #write(
    window: WindowState,
    keys: ArrayLike<number>,
    { rows, panes }: { readonly rows: EngineRow[]; readonly panes: readonly Pane[] },
  ): Map<number, readonly (number | null)[]> {
    const { context, writer, series, filler } = this.#of;
    const { start, end, firings: revision } = window;
    const written = new Map<number, readonly (number | null)[]>();
    const place = { start, end, revision, partial: context.isPartial(start, end) };
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      window.partial = place.partial;
      const { from, at } = this.#sumOf(key, panes);
      const set = series.functions[series.functionOf(key)]!;
      const values = writer.write(rows, series.groupOf(key), { set, from, at, place });
      if (!set.isPlain && from === this.#scratch) this.#scratch.objects.clear();
      if (filler !== undefined) written.set(key, values);
    }
    return written;
  }

  /** The values of a series that did not change since its rows were written. */
  #valuesOf(window: WindowState, key: number, panes: readonly Pane[]): readonly (number | null)[] {
    const { series } = this.#of;
    const { from, at } = this.#sumOf(key, panes);
    const set = series.functions[series.functionOf(key)]!;
    const facts = { count: from.cells[at]!, start: window.start, end: window.end };
    const values = set.functions.map((one) => set.result(one, from, at, facts).value);
    if (!set.isPlain && from === this.#scratch) this.#scratch.objects.clear();
    return values;
  }

  fillInto(rows: EngineRow[]): FillTarget {
    const { context, windows } = this.#of;
    return {
      rows,
      isPartial: context.isPartial,
      revisionOf: (ordinal) => windows.get(ordinal)?.firings ?? 0,
      onFilled: (ordinal) => {
        if (!this.#of.isOurs(ordinal)) return;
        // An event that comes late has to correct what was filled.
        const window = windows.ensure(ordinal);
        window.firings++;
        window.changed ??= new Set();
        for (const pane of this.panesOf(window)) pane.changed ??= new Set();
      },
    };
  }

  panesOf({ ordinal }: { readonly ordinal: number }): Pane[] {
    const { every, span } = this.#of.layout;
    const panes: Pane[] = [];
    for (let p = ordinal * every; p < ordinal * every + span; p++) {
      const pane = this.#of.ring.get(p);
      if (pane !== undefined) panes.push(pane);
    }
    return panes;
  }

  #sum(panes: readonly Pane[]): Pane {
    const { series } = this.#of;
    const sum = this.#summed;
    sum.ensureCells(series.cellCount);
    for (const pane of panes) {
      for (let i = 0; i < pane.touchedCount; i++) {
        const key = pane.touched[i]!;
        const at = series.offsets[key]!;
        const set = series.functions[series.functionOf(key)]!;
        if (sum.cells[at] === 0) {
          set.init(sum, at);
          sum.touch(key);
        }
        set.merge(sum, at, pane, at);
      }
    }
    return sum;
  }

  /** The series with events in any of the panes, each once. */
  keysOf(panes: readonly Pane[]): readonly number[] | Int32Array {
    const [only] = panes;
    if (panes.length === 1) return only!.touched.subarray(0, only!.touchedCount);
    if (this.#seenIn.length < this.#of.series.offsets.length) {
      this.#seenIn = new Float64Array(this.#of.series.offsets.length);
    }
    const firing = ++this.#firing;
    const keys: number[] = [];
    for (const { touched, touchedCount } of panes) {
      for (let i = 0; i < touchedCount; i++) {
        const key = touched[i]!;
        if (this.#seenIn[key] === firing) continue;
        this.#seenIn[key] = firing;
        keys.push(key);
      }
    }
    return keys;
  }

  /** The accumulators of a series over some panes: those of the pane itself when there is but one. */
  #sumOf(
    key: number,
    panes: readonly Pane[],
  ): { readonly from: Accumulators; readonly at: number } {
    const at = this.#of.series.offsets[key]!;
    if (panes.length === 1) return { from: panes[0]!, at };
    const holding = panes.filter(({ cells }) => cells[at]! > 0);
    if (holding.length === 1) return { from: holding[0]!, at };
    const set = this.#of.series.functions[this.#of.series.functionOf(key)]!;
    const scratch = this.#scratch;
    if (scratch.cells.length < set.width) scratch.cells = new Float64Array(set.width);
    scratch.cells[0] = 0;
    set.init(scratch, 0);
    for (const pane of holding) set.merge(scratch, 0, pane, at);
    return { from: scratch, at: 0 };
  }
}
