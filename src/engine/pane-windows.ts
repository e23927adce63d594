import { hasCells } from "../core/aggregation.ts";
import { MISSED } from "../core/columns.ts";
import type { AggregateSettings, FillSettings } from "../core/settings.ts";
import {
  PAGE_CELLS_SHIFT,
  type PageCollector,
  type StoredNumber,
  type StoredPages,
  storedNumber,
} from "../core/stored.ts";
import { type EpochMicros, epochMicros } from "../core/time.ts";
import type { WindowRule } from "../core/window.ts";
import type { EngineRow } from "./engine-row.ts";
import { GapFiller } from "./gap-filler.ts";
import { Pane } from "./pane.ts";
import { PaneFiring } from "./pane-firing.ts";
import { type PaneLayout, paneLayoutOf, panesHeld } from "./pane-layout.ts";
import { PaneRing } from "./pane-ring.ts";
import { PaneTaker } from "./pane-taker.ts";
import type { RowWriter } from "./row-writer.ts";
import type { RuleEvents } from "./rule-events.ts";
import { SeriesTable } from "./series-table.ts";
import { WindowList } from "./window-list.ts";
import type { HeldWindow, PaneConsumer, Windows, WindowsContext } from "./windows.ts";

export interface PaneWindowsOptions {
  readonly window: WindowRule;
  readonly aggregate: AggregateSettings;
  readonly fill: FillSettings | undefined;
  readonly context: WindowsContext;
  readonly writer: RowWriter;
}

/**
 * Windows that are the same for all series: tumbling, hopping, calendar. Time is cut into panes; an event
 * is added to one pane, once, whatever the overlap, and a window is the sum of its panes.
 *
 * The engine calls `forget` whenever the watermark reaches `nextForget`, before it adds the event that
 * brought it there, so within one `add` what is late is told by one comparison.
 */
export class PaneWindows implements Windows {
  readonly series: SeriesTable;
  readonly #context: WindowsContext;
  readonly #layout: PaneLayout;
  readonly #ring: PaneRing;
  readonly #windows: WindowList;
  readonly #filler: GapFiller | undefined;
  readonly #firing: PaneFiring;
  /** Where each event names its function, and all live in cells. */
  readonly #taker: PaneTaker | undefined;
  /** Takes the panes that are forgotten. */
  consumer: PaneConsumer | undefined;
  #until: EpochMicros;
  /** Windows up to this one are forgotten. */
  #lastForgotten = -Infinity;
  /** Events before it are late for all their windows; those before `#partlyBefore` for some. */
  #forgottenBefore = epochMicros(-Infinity);
  #partlyBefore = epochMicros(-Infinity);
  /** The pane of the last event; most events fall into the same one as the event before. */
  #pane: Pane | undefined;
  /** Ordinals of stored panes that are forgotten. */
  #removed: number[] = [];
  /** Whether series that nobody needs may have come about since the last look for them. */
  #mayRelease = true;

  constructor({ window, aggregate, fill, context, writer }: PaneWindowsOptions) {
    this.#context = context;
    this.#until = context.until;
    this.#layout = paneLayoutOf(window);
    const held = context.allowedLateness + context.outOfOrderness;
    this.#ring = new PaneRing(panesHeld(window, this.#layout, held));
    this.#windows = new WindowList(this.#layout);
    this.series = new SeriesTable(aggregate, context.seriesMax);
    const functions = aggregate.functions.map(({ aggregation }) => aggregation);
    if (aggregate.kind === "event" && functions.every(hasCells)) {
      this.#taker = new PaneTaker({
        series: this.series,
        functions,
        select: (time) => this.#select(time),
        addSeries: (key, pane) => this.#newSeries(key, pane),
      });
    }
    this.#filler =
      fill &&
      new GapFiller({ fill, layout: this.#layout, functions: this.series.functions, writer });
    this.#firing = new PaneFiring({
      context,
      layout: this.#layout,
      ring: this.#ring,
      windows: this.#windows,
      series: this.series,
      filler: this.#filler,
      writer,
      isOurs: (ordinal) => this.#isWindowOurs(ordinal),
    });
  }

  get seriesCount(): number {
    return this.series.size;
  }

  get forgottenBefore(): EpochMicros {
    return this.#forgottenBefore;
  }

  get isOver(): boolean {
    return this.#forgottenBefore >= this.#until;
  }

  reaches(time: EpochMicros): boolean {
    return this.#isOurs(this.#layout.ordinalOf(time));
  }

  nextForget(watermark: EpochMicros): EpochMicros {
    if (watermark === -Infinity) return epochMicros(-Infinity);
    const { allowedLateness } = this.#context;
    const next = this.#lastOver(epochMicros(watermark - allowedLateness)) + 1;
    return epochMicros(this.#windows.endOf(next) + allowedLateness);
  }

  /** The last window that ends at or before an instant. */
  #lastOver(time: EpochMicros): number {
    const { every, span } = this.#layout;
    return Math.floor((this.#layout.ordinalOf(time) - span) / every);
  }

  add(events: RuleEvents, from: number, to: number): number {
    return this.#taker === undefined
      ? this.#addSets(events, from, to)
      : this.#addByEvent(this.#taker, events, from, to);
  }

  /** Each event names its function, and all functions live in cells. */
  #addByEvent(taker: PaneTaker, events: RuleEvents, from: number, to: number): number {
    const { group, fn, value, time, marks } = events;
    let marked = 0;
    taker.resume();
    for (let i = from; i < to; i++) {
      const t = time[i]!;
      if (group[i]! < 0) {
        marked++;
      } else if (!taker.take(group[i]!, fn[i]!, value[i]!, t)) {
        marked++;
        marks[i] = taker.pane === undefined ? MISSED.late : MISSED.overLimit;
      } else if (t < this.#partlyBefore) {
        marked++;
        marks[i] = MISSED.latePartial;
      }
    }
    taker.settle();
    return marked;
  }

  /**
   * Takes events as they are decoded; undefined when they have to be looked at first.
   *
   * @param limit No event at or behind it is taken: it would move the watermark to where a window is forgotten.
   */
  takeUntil(limit: number): PaneTaker | undefined {
    this.#taker?.resume(limit, this.#partlyBefore);
    return this.#taker;
  }

  /** Several functions a series, or functions with objects. */
  #addSets(events: RuleEvents, from: number, to: number): number {
    const { group, fn, value, time } = events;
    const { stride, functions } = this.series;
    let marked = 0;
    let pane = this.#pane;
    for (let i = from; i < to; i++) {
      if (group[i]! < 0) {
        marked++;
        continue;
      }
      const t = time[i]!;
      if (pane === undefined || t < pane.start || t >= pane.end) {
        pane = this.#select(epochMicros(t));
      }
      if (pane === undefined) {
        marked++;
        events.marks[i] = MISSED.late;
        continue;
      }
      const key = stride === 1 ? group[i]! : group[i]! * stride + fn[i]!;
      let at = this.series.offsetOf(key);
      if (at < 0) at = this.#newSeries(key, pane);
      if (at < 0) {
        marked++;
        events.marks[i] = MISSED.overLimit;
        continue;
      }
      const set = stride === 1 ? functions[0]! : functions[fn[i]!]!;
      this.#touch(pane, key, at);
      pane.cells[at]!++;
      set.add(pane, at, value[i]!, t);
      pane.eventCount++;
      if (pane.start < this.#partlyBefore) {
        marked++;
        events.marks[i] = MISSED.latePartial;
      }
    }
    this.#pane = pane;
    return marked;
  }

  /** Makes sure that the cells of a series hold something, and notes that they change. */
  #touch(pane: Pane, key: number, at: number): void {
    pane.changedPages[at >> PAGE_CELLS_SHIFT] = 1;
    if (pane.cells[at] === 0) {
      this.series.functions[this.series.functionOf(key)]!.init(pane, at);
      pane.touch(key);
    }
    if (pane.changed !== undefined) pane.changed.add(key);
  }

  /** The pane of an instant, opened when it is new; undefined when its windows are forgotten, or not ours. */
  #select(time: EpochMicros): Pane | undefined {
    if (time < this.#forgottenBefore) return undefined;
    const ordinal = this.#layout.ordinalOf(time);
    let pane = this.#ring.get(ordinal);
    if (pane === undefined) {
      if (!this.#isOurs(ordinal)) return undefined;
      pane = this.#open(ordinal);
      this.#ring.add(pane);
    }
    pane.ensureCells(this.series.cellCount);
    return pane;
  }

  /** Whether some window of the pane begins within our reach. */
  #isOurs(pane: number): boolean {
    const { first, last } = this.#windows.ofPane(pane);
    return (
      this.#windows.startOf(first) < this.#until &&
      this.#windows.startOf(last) >= this.#context.since
    );
  }

  #isWindowOurs(ordinal: number): boolean {
    const start = this.#windows.startOf(ordinal);
    return start >= this.#context.since && start < this.#until && ordinal > this.#lastForgotten;
  }

  #open(ordinal: number): Pane {
    const pane = this.#ring.spare() ?? new Pane();
    pane.open(ordinal, this.#layout.startOf(ordinal), this.#layout.startOf(ordinal + 1));
    const { first, last } = this.#windows.ofPane(ordinal);
    for (let k = first; k <= last; k++) {
      if (!this.#isWindowOurs(k)) continue;
      // What comes into it changes a window that has fired.
      if (this.#windows.ensure(k).changed !== undefined) pane.changed ??= new Set();
    }
    return pane;
  }

  #newSeries(key: number, pane: Pane): number {
    let at = this.series.add(key);
    if (at < 0 && this.#mayRelease) {
      this.#mayRelease = false;
      this.releaseSeries();
      at = this.series.add(key);
    }
    if (at >= 0) pane.ensureCells(this.series.cellCount);
    return at;
  }

  /**
   * Merges a forgotten window of another rule. Returns how many events it took, and how many were over the
   * limit; undefined: the window is none of ours.
   */
  absorb(lower: Pane, series: SeriesTable): { taken: number; over: number } | undefined {
    let taken = 0;
    let over = 0;
    if (!this.reaches(lower.start)) return undefined;
    const pane = this.#select(lower.start);
    for (let i = 0; i < lower.touchedCount; i++) {
      const key = lower.touched[i]!;
      const from = series.offsets[key]!;
      const count = lower.cells[from]!;
      let at = pane === undefined ? -1 : this.series.offsetOf(key);
      if (at < 0 && pane !== undefined) at = this.#newSeries(key, pane);
      if (at < 0 || pane === undefined) {
        over += count;
        continue;
      }
      this.#touch(pane, key, at);
      this.series.functions[this.series.functionOf(key)]!.merge(pane, at, lower, from);
      pane.eventCount += count;
      taken += count;
    }
    return { taken, over };
  }

  forget(watermark: EpochMicros, rows: EngineRow[]): void {
    this.#firing.distributeChanges();
    const { allowedLateness } = this.#context;
    const last = this.#lastOver(epochMicros(watermark - allowedLateness));
    const { held } = this.#windows;
    while (held.length > 0 && held[0]!.ordinal <= last) {
      this.#firing.fire(held[0]!, rows, true);
      this.#windows.removeOldest();
    }
    if (last > this.#lastForgotten) this.#setForgotten(last);
    this.#fillTo(last, rows);
    while (this.#ring.held.length > 0) {
      const pane = this.#ring.held[0]!;
      if (this.#windows.ofPane(pane.ordinal).last > this.#lastForgotten) break;
      this.#dropOldest(pane);
    }
    this.#pane = undefined;
    this.#taker?.reset();
  }

  #setForgotten(last: number): void {
    const { every, span } = this.#layout;
    this.#lastForgotten = last;
    this.#forgottenBefore = this.#layout.startOf((last + 1) * every);
    this.#partlyBefore =
      span === 1 ? this.#forgottenBefore : this.#layout.startOf(last * every + span);
  }

  #dropOldest(pane: Pane): void {
    if (pane.touchedCount > 0) this.consumer?.(pane, this.series);
    this.#ring.removeOldest();
    if (pane.isStored) this.#removed.push(pane.ordinal);
    pane.clear(this.series.offsets);
    this.#ring.recycle(pane);
    this.#mayRelease = true;
  }

  collect(watermark: EpochMicros, rows: EngineRow[], isEarly: boolean): void {
    if (this.#context.isFinal) return;
    this.#firing.distributeChanges();
    for (const window of this.#windows.held) {
      const isOver = window.end <= watermark;
      if (!isOver && !isEarly) break;
      this.#firing.fire(window, rows, isOver);
    }
    if (watermark === -Infinity) return;
    this.#fillTo(this.#lastOver(watermark), rows);
  }

  /** Fills the gaps up to a window, but none in which another meaning holds. */
  #fillTo(last: number, rows: EngineRow[]): void {
    if (this.#filler === undefined) return;
    const newest = this.#layout.ordinalOf(epochMicros(this.#until - 1));
    const ours = Math.floor(newest / this.#layout.every);
    this.#filler.fillTo(Math.min(last, ours), this.#firing.fillInto(rows));
  }

  endFor(time: EpochMicros): EpochMicros {
    return this.#windows.endOf(this.#windows.ofPane(this.#layout.ordinalOf(time)).last);
  }

  lastForget(): EpochMicros {
    const newest = this.#ring.held.findLast((pane) => pane.touchedCount > 0);
    const filled = this.#filler?.lastEnd ?? -Infinity;
    const end =
      newest === undefined
        ? -Infinity
        : this.#windows.endOf(this.#windows.ofPane(newest.ordinal).last) +
          (this.#filler?.reach ?? 0);
    return epochMicros(Math.max(end, filled) + this.#context.allowedLateness);
  }

  endAt(until: EpochMicros): void {
    this.#until = until;
  }

  windows(after: EpochMicros, limit: number): Omit<HeldWindow, "rule">[] {
    const windows: Omit<HeldWindow, "rule">[] = [];
    for (const window of this.#windows.held) {
      if (windows.length >= limit) break;
      if (window.start <= after) continue;
      windows.push(this.#firing.shown(window));
    }
    return windows;
  }

  windowCounts(): { readonly held: number; readonly open: number } {
    const { held } = this.#windows;
    return { held: held.length, open: held.filter(({ firings }) => firings === 0).length };
  }

  changes(prefix: string, into: PageCollector): void {
    for (const ordinal of this.#removed) into.remove.push(`${prefix}/pane/${ordinal}`);
    this.#removed = [];
    this.series.changes(prefix, into);
    this.#firing.distributeChanges();
    for (const pane of this.#ring.held) {
      pane.changes(`${prefix}/pane/${pane.ordinal}`, into);
    }
    this.#windows.changes(prefix, into);
    this.#filler?.changes(prefix, into);
    into.json(`${prefix}/panes`, {
      forgottenBefore: storedNumber(this.#forgottenBefore),
      until: storedNumber(this.#until),
    } satisfies StoredPanes);
  }

  restore(prefix: string, pages: StoredPages): void {
    // Before version 0.2 the state of the rule had it.
    const state =
      pages.json<StoredPanes>(`${prefix}/panes`) ?? pages.json<StoredPanes>(`${prefix}/state`);
    if (state === undefined) return;
    const { every } = this.#layout;
    const forgottenBefore = epochMicros(Number(state.forgottenBefore));
    if (state.until !== undefined) this.#until = epochMicros(Number(state.until));
    if (forgottenBefore !== -Infinity) {
      this.#setForgotten(this.#layout.ordinalOf(forgottenBefore) / every - 1);
    }
    this.series.restore(prefix, pages);
    this.#filler?.restore(prefix, pages);
    this.#windows.restore(prefix, pages);
    for (const ordinal of pages.numbersBelow(`${prefix}/pane`)) {
      const pane = this.#open(ordinal);
      pane.restore(`${prefix}/pane/${ordinal}`, pages, this.series);
      this.#ring.add(pane);
    }
  }

  releaseSeries(): void {
    const inUse = new Uint8Array(this.series.offsets.length);
    for (const pane of this.#ring.held) {
      for (let i = 0; i < pane.touchedCount; i++) inUse[pane.touched[i]!] = 1;
    }
    this.series.release((key) => inUse[key] === 1);
  }

  markGroups(inUse: Uint8Array): void {
    this.series.markGroups(inUse);
    for (const key of this.#filler?.keys() ?? []) inUse[this.series.groupOf(key)] = 1;
  }

  renumber(numbers: Int32Array): void {
    const renumbered = (key: number): number => this.series.renumberedKey(key, numbers);
    const all = (keys: Set<number> | undefined) =>
      keys === undefined ? undefined : new Set([...keys].map(renumbered));
    for (const pane of this.#ring.held) {
      for (let i = 0; i < pane.touchedCount; i++) pane.touched[i] = renumbered(pane.touched[i]!);
      pane.changed = all(pane.changed);
    }
    for (const window of this.#windows.held) {
      window.changed = all(window.changed);
      window.storedFirings = -1;
    }
    this.#filler?.renumber(renumbered);
    this.series.renumber(numbers);
    this.#firing.renumbered();
  }
}
interface StoredPanes {
  readonly forgottenBefore: StoredNumber;
  readonly until?: StoredNumber;
}
