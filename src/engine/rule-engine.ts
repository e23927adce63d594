import type { CellAggregation } from "../core/aggregation.ts";
import { type EventColumns, MISSED, type Names } from "../core/columns.ts";
import { emptyLedger, type LedgerCounts } from "../core/ledger.ts";
import type { RuleSettings } from "../core/settings.ts";
import {
  PAGE_CELLS_SHIFT,
  type PageCollector,
  type StoredNumber,
  type StoredPages,
  storedNumber,
} from "../core/stored.ts";
import { type DurationMicros, type EpochMicros, epochMicros } from "../core/time.ts";
import type { TumblingWindow } from "../core/window.ts";
import type { EngineRow } from "./engine-row.ts";
import { Pane } from "./pane.ts";
import { type PaneLayout, paneLayoutOf } from "./pane-layout.ts";
import { PaneRing } from "./pane-ring.ts";
import { type SeriesFunction, SeriesTable } from "./series-table.ts";

/** What a rule shows of one window it holds. */
export interface HeldWindow {
  readonly rule: string;
  readonly start: EpochMicros;
  readonly end: EpochMicros;
  readonly series: number;
  readonly count: number;
  readonly fired: boolean;
}

/**
 * One rule: its series, its panes and what it made of the events. It knows no watermark of its own;
 * the engine calls `forget` whenever the watermark reaches `nextForget`, before it adds the event that
 * brought it there, so within one `add` what is late is told by one comparison.
 */
export class RuleEngine {
  readonly name: string;
  /** All that decides what its windows hold: while it stays the same, so does the state. */
  readonly meaning: string;
  readonly ledger: LedgerCounts = emptyLedger();
  /** Windows fired for the first time, and again for late events. */
  fired = 0;
  revisions = 0;
  readonly series: SeriesTable;
  readonly #lateness: DurationMicros;
  readonly #layout: PaneLayout;
  readonly #ring: PaneRing;
  readonly #byEvent: boolean;
  /** By function of the event, when each event names its own. */
  readonly #eventFunctions: readonly CellAggregation[];
  readonly #isPartial: (start: EpochMicros, end: EpochMicros) => boolean;
  readonly #names: Names;
  /** Every window that ends at or before it is forgotten. */
  #forgottenBefore = epochMicros(-Infinity);
  /** The pane of the last event; most events fall into the same one as the event before. */
  #pane: Pane | undefined;
  /** Ordinals of stored panes that are forgotten. */
  #removed: number[] = [];
  /** Whether series that nobody needs may have come about since the last look for them. */
  #mayRelease = true;

  constructor(
    rule: RuleSettings,
    context: {
      outOfOrderness: DurationMicros;
      names: Names;
      isPartial: (start: EpochMicros, end: EpochMicros) => boolean;
    },
  ) {
    this.name = rule.name;
    this.meaning = meaningOf(rule);
    this.#lateness = rule.allowedLateness;
    this.#layout = paneLayoutOf(rule.window);
    const held = rule.allowedLateness + context.outOfOrderness;
    this.#ring = new PaneRing(Math.ceil(held / (rule.window as TumblingWindow).size) + 2);
    this.#byEvent = rule.aggregate.kind === "event";
    this.series = new SeriesTable(rule.aggregate, rule.seriesMax);
    this.#eventFunctions = this.series.functions.map((set) => set[0]!.aggregation as CellAggregation);
    this.#names = context.names;
    this.#isPartial = context.isPartial;
  }

  /** The watermark at which the next window is forgotten, given the present one. */
  nextForget(watermark: EpochMicros): EpochMicros {
    if (watermark === -Infinity) return epochMicros(-Infinity);
    const before = epochMicros(watermark - this.#lateness);
    const next = this.#layout.startOf(this.#layout.ordinalOf(before) + 1);
    return epochMicros(next + this.#lateness);
  }

  /** Adds the events [`from`, `to`) of the columns. What it does not take it marks there. */
  add(columns: EventColumns, from: number, to: number): void {
    this.ledger.received += to - from;
    const missed = this.#byEvent
      ? this.#addByEvent(columns, from, to)
      : this.#addNamed(columns, from, to);
    this.ledger.aggregated += to - from - missed;
  }

  #addByEvent(columns: EventColumns, from: number, to: number): number {
    const { name, fn, value, time } = columns;
    const stride = this.series.stride;
    const functions = this.#eventFunctions;
    let offsets = this.series.offsets;
    let pane = this.#pane;
    let cells = pane === undefined ? NO_CELLS : pane.cells;
    let changedPages = pane === undefined ? NO_PAGES : pane.changedPages;
    let start: number = pane === undefined ? Infinity : pane.start;
    let end: number = pane === undefined ? -Infinity : pane.end;
    let missed = 0;
    // What lies behind it and was not missed since went into `pane`: counted once for all of it.
    let since = from;
    let missedBefore = 0;
    for (let i = from; i < to; i++) {
      const t = time[i]!;
      if (t < start || t >= end) {
        if (pane !== undefined) pane.eventCount += i - since - (missed - missedBefore);
        since = i;
        missedBefore = missed;
        pane = this.#select(epochMicros(t));
        if (pane === undefined) {
          missed += this.#miss(columns, i, "late");
          start = Infinity;
          continue;
        }
        cells = pane.cells;
        changedPages = pane.changedPages;
        start = pane.start;
        end = pane.end;
      }
      const key = name[i]! * stride + fn[i]!;
      // A key beyond the table reads undefined, which is not at least 0 either.
      let at = offsets[key]!;
      if (!(at >= 0)) {
        at = this.#newSeries(key, pane!);
        if (at < 0) {
          missed += this.#miss(columns, i, "overLimit");
          continue;
        }
        offsets = this.series.offsets;
        cells = pane!.cells;
        changedPages = pane!.changedPages;
      }
      changedPages[at >> PAGE_CELLS_SHIFT] = 1;
      const aggregation = functions[fn[i]!]!;
      const before = cells[at]!;
      cells[at] = before + 1;
      if (before === 0) {
        aggregation.init(cells, at + 1);
        pane!.touch(key);
      }
      aggregation.add(cells, at + 1, value[i]!, time[i]!);
      if (pane!.changed !== undefined) pane!.changed.add(key);
    }
    if (pane !== undefined) pane.eventCount += to - since - (missed - missedBefore);
    this.#pane = pane;
    return missed;
  }

  #addNamed(columns: EventColumns, from: number, to: number): number {
    const { name, value, time } = columns;
    const functions = this.series.functions[0]! as readonly (SeriesFunction & {
      aggregation: CellAggregation;
    })[];
    let missed = 0;
    let pane = this.#pane;
    // As in `#addByEvent`.
    let since = from;
    let missedBefore = 0;
    for (let i = from; i < to; i++) {
      const t = time[i]!;
      if (pane === undefined || t < pane.start || t >= pane.end) {
        if (pane !== undefined) pane.eventCount += i - since - (missed - missedBefore);
        since = i;
        missedBefore = missed;
        pane = this.#select(epochMicros(t));
      }
      if (pane === undefined) {
        missed += this.#miss(columns, i, "late");
        continue;
      }
      const key = name[i]!;
      let at = this.series.offsets[key]!;
      if (!(at >= 0)) at = this.#newSeries(key, pane);
      if (at < 0) {
        missed += this.#miss(columns, i, "overLimit");
        continue;
      }
      const cells = pane.cells;
      pane.changedPages[at >> PAGE_CELLS_SHIFT] = 1;
      const before = cells[at]!;
      cells[at] = before + 1;
      if (before === 0) {
        for (const { aggregation, at: own } of functions) aggregation.init(cells, at + own);
        pane.touch(key);
      }
      for (const { aggregation, at: own } of functions) aggregation.add(cells, at + own, value[i]!, t);
      if (pane.changed !== undefined) pane.changed.add(key);
    }
    if (pane !== undefined) pane.eventCount += to - since - (missed - missedBefore);
    this.#pane = pane;
    return missed;
  }

  /** The pane of an instant, opened when it is new; undefined when its window is forgotten. */
  #select(time: EpochMicros): Pane | undefined {
    if (time < this.#forgottenBefore) return undefined;
    const ordinal = this.#layout.ordinalOf(time);
    let pane = this.#ring.get(ordinal);
    if (pane === undefined) {
      pane = this.#open(ordinal);
      this.#ring.add(pane);
    }
    pane.ensureCells(this.series.cellCount);
    return pane;
  }

  #open(ordinal: number): Pane {
    const pane = this.#ring.spare() ?? new Pane();
    pane.open(ordinal, this.#layout.startOf(ordinal), this.#layout.startOf(ordinal + 1));
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

  #miss(columns: EventColumns, at: number, why: keyof typeof MISSED): 1 {
    columns.missedBy[at]!++;
    columns.missed[at]! |= MISSED[why];
    if (why === "late") this.ledger.late++;
    else this.ledger.over_limit++;
    return 1;
  }

  /** Forgets the windows that the watermark passed by the allowed lateness, after giving their rows. */
  forget(watermark: EpochMicros, rows: EngineRow[]): void {
    const { held } = this.#ring;
    while (held.length > 0 && held[0]!.end + this.#lateness <= watermark) {
      const pane = held[0]!;
      this.#fire(pane, rows);
      this.#ring.removeOldest();
      if (pane.storedFirings >= 0) this.#removed.push(pane.ordinal);
      pane.clear(this.series.offsets);
      this.#ring.recycle(pane);
      this.#mayRelease = true;
    }
    const before = this.#layout.ordinalOf(epochMicros(watermark - this.#lateness));
    this.#forgottenBefore = this.#layout.startOf(before);
    this.#pane = undefined;
  }

  /** Fires the windows that the watermark passed, and again those that changed since they fired. */
  collect(watermark: EpochMicros, rows: EngineRow[]): void {
    for (const pane of this.#ring.held) {
      if (pane.end > watermark) break;
      this.#fire(pane, rows);
    }
  }

  #fire(pane: Pane, rows: EngineRow[]): void {
    // It was opened for an event whose series was one too many.
    if (pane.touchedCount === 0) return;
    const { changed } = pane;
    if (changed !== undefined && changed.size === 0) return;
    const isPartial = this.#isPartial(pane.start, pane.end);
    if (changed === undefined) {
      this.fired++;
      for (let i = 0; i < pane.touchedCount; i++) {
        this.#rowsOf(pane, pane.touched[i]!, { rows, isPartial });
      }
    } else {
      this.revisions++;
      for (const key of changed) this.#rowsOf(pane, key, { rows, isPartial });
    }
    pane.firings++;
    pane.changed = new Set();
  }

  #rowsOf(pane: Pane, key: number, into: { rows: EngineRow[]; isPartial: boolean }): void {
    const at = this.series.offsets[key]!;
    const count = pane.cells[at]!;
    const name = this.#names.text(this.series.nameOf(key));
    for (const { key: agg_func, aggregation, at: own } of this.series.functions[
      this.series.functionOf(key)
    ]!) {
      const { start, end } = pane;
      const result =
        aggregation.kind === "cells"
          ? aggregation.result(pane.cells, at + own, { count, start, end })
          : null;
      into.rows.push({
        rule: this.name,
        name,
        agg_func,
        start: pane.start,
        end: pane.end,
        labels: [],
        overflow: result !== null && !Number.isFinite(result),
        filled: false,
        withdrawn: false,
        detail: undefined,
        value: result !== null && Number.isFinite(result) ? result + 0 : null, // -0 + 0 is 0
        count,
        revision: pane.firings,
        partial: into.isPartial,
      });
    }
  }

  /** Why an event of the columns was late here: for its dead letter. */
  lateness(time: EpochMicros): {
    readonly windowEnd: EpochMicros;
    readonly allowed: DurationMicros;
  } {
    const windowEnd = this.#layout.startOf(this.#layout.ordinalOf(time) + 1);
    return { windowEnd, allowed: this.#lateness };
  }

  /** When the newest window that holds data may be forgotten; -Infinity when none does. */
  lastForget(): EpochMicros {
    const newest = this.#ring.held.findLast((pane) => pane.touchedCount > 0);
    return epochMicros(newest === undefined ? -Infinity : newest.end + this.#lateness);
  }

  /** Every window that ends at or before it is forgotten; none begins before it any more. */
  get forgottenBefore(): EpochMicros {
    return this.#forgottenBefore;
  }

  /** The windows held that begin after `after`, oldest first, `limit` at most. */
  windows(after: EpochMicros, limit: number): HeldWindow[] {
    const { held } = this.#ring;
    const windows: HeldWindow[] = [];
    for (let i = 0; i < held.length && windows.length < limit; i++) {
      const pane = held[i]!;
      if (pane.start <= after) continue;
      windows.push({
        rule: this.name,
        start: pane.start,
        end: pane.end,
        series: pane.touchedCount,
        count: pane.eventCount,
        fired: pane.firings > 0,
      });
    }
    return windows;
  }

  /** How many windows are held, and how many of them have not fired. */
  windowCounts(): { readonly held: number; readonly open: number } {
    const open = this.#ring.held.filter((pane) => pane.firings === 0).length;
    return { held: this.#ring.held.length, open };
  }

  /** Gathers what changed since the last call. */
  changes(into: PageCollector): void {
    const prefix = `rule/${this.name}`;
    for (const ordinal of this.#removed) into.remove.push(`${prefix}/pane/${ordinal}`);
    this.#removed = [];
    this.series.changes(prefix, into);
    for (const pane of this.#ring.held) pane.changes(`${prefix}/pane/${pane.ordinal}`, into);
    const { ledger, fired, revisions } = this;
    const forgottenBefore = storedNumber(this.#forgottenBefore);
    const { meaning } = this;
    into.json(`${prefix}/state`, { meaning, ledger, fired, revisions, forgottenBefore });
  }

  /** Whether what is stored under the name of this rule means the same. */
  isSame(pages: StoredPages): boolean {
    const stored = pages.json<StoredRule>(`rule/${this.name}/state`);
    return stored === undefined || stored.meaning === this.meaning;
  }

  /** Takes over what `changes` gave. Called once, before any event. */
  restore(pages: StoredPages): void {
    const prefix = `rule/${this.name}`;
    const state = pages.json<StoredRule>(`${prefix}/state`);
    if (state === undefined || !this.isSame(pages)) return;
    Object.assign(this.ledger, state.ledger);
    this.fired = state.fired;
    this.revisions = state.revisions;
    this.#forgottenBefore = epochMicros(Number(state.forgottenBefore));
    this.series.restore(prefix, pages);
    const ordinals = pages.wordsBelow(`${prefix}/pane`).map(Number);
    for (const ordinal of ordinals.sort((a, b) => a - b)) {
      const pane = this.#open(ordinal);
      pane.restore(`${prefix}/pane/${ordinal}`, pages, this.series);
      this.#ring.add(pane);
    }
  }

  /** Gives up the series that have no events in any window held. */
  releaseSeries(): void {
    const inUse = new Uint8Array(this.series.offsets.length);
    for (const pane of this.#ring.held) {
      for (let i = 0; i < pane.touchedCount; i++) inUse[pane.touched[i]!] = 1;
    }
    this.series.release((key) => inUse[key] === 1);
  }

  /** The names were numbered anew; each name that has a series here still has a number. */
  renumber(numbers: Int32Array): void {
    for (const pane of this.#ring.held) {
      for (let i = 0; i < pane.touchedCount; i++) {
        pane.touched[i] = this.series.renumberedKey(pane.touched[i]!, numbers);
      }
      if (pane.changed === undefined) continue;
      const changed = [...pane.changed];
      pane.changed = new Set(changed.map((key) => this.series.renumberedKey(key, numbers)));
    }
    this.series.renumber(numbers);
  }
}

function meaningOf({ window, allowedLateness, aggregate }: RuleSettings): string {
  const functions = aggregate.functions.map(({ key, aggregation }) => [
    key,
    aggregation.name,
    aggregation.kind === "cells" ? aggregation.cells : "object",
  ]);
  return JSON.stringify([window, allowedLateness, aggregate.kind, functions]);
}

const NO_CELLS = new Float64Array(0);
const NO_PAGES = new Uint8Array(0);

interface StoredRule {
  readonly meaning: string;
  readonly ledger: LedgerCounts;
  readonly fired: number;
  readonly revisions: number;
  readonly forgottenBefore: StoredNumber;
}
