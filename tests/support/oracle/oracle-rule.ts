import type { RuleSettings } from "../../../src/core/settings.ts";
import { epochMicros } from "../../../src/core/time.ts";
import { resultOf } from "./functions.ts";
import { windowAfter, windowsOf } from "./grid.ts";
import { see } from "./select.ts";
import type { OracleEvent, OracleRow, OracleWindow, Span, Verdict } from "./types.ts";
import { keyOf } from "./types.ts";
import { type RuleWindows, windowsFor } from "./windows.ts";

/** A window of a series without events, which `fill` has to give a row, or may. */
export interface Gap extends OracleWindow {
  /** The last window with events before it. */
  readonly previous: OracleWindow;
  /**
   * Whether there has to be a row. There need not be where a late event made it a gap after the watermark
   * had gone by: how the input was cut decides then.
   */
  readonly isSure: boolean;
}

/** A row as it is now, and how far its window is. */
export interface RowState {
  readonly row: OracleRow;
  readonly window: OracleWindow;
  /** `open`: not over; `waiting`: over, and a rule that tells only what is final waits; `fired`. */
  readonly phase: "open" | "waiting" | "fired";
}

/** One rule with all the events it ever took. It finds each answer by looking at all of them. */
export class OracleRule {
  readonly settings: RuleSettings;
  readonly counts = {
    received: 0,
    aggregated: 0,
    late_partial: 0,
    late: 0,
    over_limit: 0,
    filtered: 0,
    invalid: 0,
  };
  /** How far its own watermark is behind: by what the rules below it wait for late events. */
  readonly lag: number;
  readonly #below: OracleRule | undefined;
  readonly #windows: RuleWindows;
  #watermark = -Infinity;
  /** Windows of the rule below that were taken over. */
  readonly #absorbed = new Set<string>();
  /** Gaps at the time the watermark went by. */
  readonly #sure = new Set<string>();

  constructor(settings: RuleSettings, below: OracleRule | undefined) {
    this.settings = settings;
    this.#below = below;
    this.lag = below === undefined ? 0 : below.lag + below.settings.allowedLateness;
    this.#windows = windowsFor(settings);
  }

  /** Takes an event, or does not. Of rules that read events. */
  offer(event: OracleEvent): Verdict {
    const verdict = this.#judge(event);
    this.counts.received++;
    if (verdict === "late_partial") this.counts.aggregated++;
    this.counts[verdict === "failed" ? "invalid" : verdict]++;
    return verdict;
  }

  #judge(event: OracleEvent): Verdict {
    const seen = see(this.settings, event);
    if (typeof seen === "string") return seen;
    const lateness = this.#windows.lateness(seen, this.#watermark);
    if (lateness === "all") return "late";
    if (this.#isOverLimit(seen.series.key)) return "over_limit";
    this.#windows.take(seen, this.#watermark);
    return lateness === "some" ? "late_partial" : "aggregated";
  }

  /** The watermark of the pipeline is here now. The rule below was told before. */
  advance(watermark: number): void {
    const own = watermark - this.lag;
    for (const window of this.#below?.forgotten() ?? []) this.#absorb(window);
    for (const gap of this.#gaps(own)) {
      if (this.#firesAt(gap) > this.#watermark) this.#sure.add(identify(gap));
    }
    this.#watermark = own;
  }

  #absorb(window: OracleWindow): void {
    const key = identify(window);
    if (this.#absorbed.has(key)) return;
    this.#absorbed.add(key);
    const { counts } = this;
    counts.received += window.events.length;
    if (this.#isOverLimit(window.series.key)) {
      counts.over_limit += window.events.length;
      return;
    }
    counts.aggregated += window.events.length;
    // Its own watermark as it was: a window of this rule is forgotten after those it is made of.
    for (const event of window.events) this.#windows.take(event, -Infinity);
  }

  #isOverLimit(key: string): boolean {
    const { aggregate, seriesMax } = this.settings;
    const held = this.#windows.all.filter((window) => !this.#isForgotten(window));
    const live = new Set(held.map(({ series }) => series.key));
    if (live.has(key)) return false;
    const each = aggregate.kind === "event" ? 1 : aggregate.functions.length;
    return (live.size + 1) * each > seriesMax;
  }

  /** The windows that take no event any more. */
  forgotten(): OracleWindow[] {
    return this.#windows.all.filter((window) => this.#isForgotten(window));
  }

  /** The windows that still take events, those that the rule below will hand over included. */
  held(): Span[] {
    const { window } = this.settings;
    const coming =
      window.kind === "session" || this.#below === undefined
        ? []
        : this.#below.held().flatMap(({ start }) => windowsOf(window, start));
    return [...this.#windows.all.filter((one) => !this.#isForgotten(one)), ...coming];
  }

  /** The sessions or windows that are not over. */
  open(): OracleWindow[] {
    return this.#windows.all.filter(({ end }) => end > this.#watermark);
  }

  #isForgotten({ end }: Span): boolean {
    return end + this.settings.allowedLateness <= this.#watermark;
  }

  /** When the first row of a window is told. */
  #firesAt({ end }: Span): number {
    return this.settings.emit === "final" ? end + this.settings.allowedLateness : end;
  }

  /** All rows that there ever were, as they are now; those of gaps aside. */
  states(): Map<string, RowState> {
    const states = new Map<string, RowState>();
    for (const window of this.#windows.all) {
      const isFired = this.#firesAt(window) <= this.#watermark;
      const isOver = window.end <= this.#watermark;
      const phase = isFired ? "fired" : isOver ? "waiting" : "open";
      for (const row of this.rowsOf(window)) states.set(keyOf(row), { row, window, phase });
    }
    return states;
  }

  /** The gaps whose row was told by now, or may have been. */
  gaps(): Gap[] {
    return this.#gaps(this.#watermark);
  }

  #gaps(watermark: number): Gap[] {
    const { window, fill } = this.settings;
    if (fill === undefined || window.kind === "session") return [];
    const { all } = this.#windows;
    const taken = new Set(all.map(identify));
    const gaps: Gap[] = [];
    for (const previous of all) {
      for (let span = windowAfter(window, previous); ; span = windowAfter(window, span)) {
        const empty = { ...span, series: previous.series, events: [] };
        if (taken.has(identify(empty))) break;
        if (span.end > previous.end + fill.for || this.#firesAt(span) > watermark) break;
        gaps.push({ ...empty, previous, isSure: this.#sure.has(identify(empty)) });
      }
    }
    return gaps;
  }

  /** The rows of a window, one for each function. */
  rowsOf({ series, start, end, events }: OracleWindow): OracleRow[] {
    const { aggregate, name: rule, fill } = this.settings;
    const functions =
      series.fn === undefined ? aggregate.functions : [aggregate.functions[series.fn]!];
    const filled = events.length === 0;
    return functions.map(({ key, aggregation }) => {
      const { value, detail } = filled
        ? { value: fill?.with === "zero" ? 0 : null, detail: undefined }
        : resultOf(aggregation.name, events);
      const { name, labels } = series;
      const span = { start: epochMicros(start), end: epochMicros(end) };
      const count = events.length;
      return {
        rule,
        name,
        labels,
        agg_func: key,
        ...span,
        value,
        count,
        overflow: false,
        filled,
        detail,
      };
    });
  }

  /**
   * How far the clock may carry the watermark while nothing comes: to where the last window with data is
   * forgotten; with `fill`, to where its last gap is filled, and no further than `fill.for`. Data that is
   * still in windows below may count as data of the windows that these go into.
   */
  idleLimits(): { readonly least: number; readonly most: number } {
    const { allowedLateness, fill, window } = this.settings;
    let least = -Infinity;
    let most = -Infinity;
    for (const held of this.#windows.all) {
      const forgotten = held.end + allowedLateness + this.lag;
      if (!this.#isForgotten(held)) least = Math.max(least, forgotten);
      if (fill === undefined || window.kind === "session") continue;
      most = Math.max(most, forgotten + fill.for);
      let last: Span = held;
      for (;;) {
        const next = windowAfter(window, last);
        if (next.end > held.end + fill.for) break;
        last = next;
      }
      if (last !== held) least = Math.max(least, this.#firesAt(last) + this.lag);
    }
    if (window.kind === "session") return { least, most: least };
    for (const { end } of this.held()) {
      most = Math.max(most, end + allowedLateness + this.lag + (fill?.for ?? 0));
    }
    return { least, most: Math.max(least, most) };
  }
}

function identify({ series, start }: OracleWindow): string {
  return `${start} ${series.key}`;
}
