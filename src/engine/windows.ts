import type { PageCollector, StoredPages } from "../core/stored.ts";
import { type DurationMicros, type EpochMicros, epochMicros } from "../core/time.ts";
import type { EngineRow } from "./engine-row.ts";
import type { Pane } from "./pane.ts";
import type { RuleEvents, WatermarkPath } from "./rule-events.ts";
import type { SeriesTable } from "./series-table.ts";

/** What a rule shows of one window it holds. */
export interface HeldWindow {
  readonly rule: string;
  readonly start: EpochMicros;
  readonly end: EpochMicros;
  readonly series: number;
  readonly count: number;
  readonly fired: boolean;
}

/** Windows that begin at one instant as one, oldest first. */
export function joinedByStart(
  windows: readonly Omit<HeldWindow, "rule">[],
): Omit<HeldWindow, "rule">[] {
  const byStart = new Map<number, Omit<HeldWindow, "rule">>();
  for (const window of windows) {
    const known = byStart.get(window.start);
    const joined = {
      start: window.start,
      end: epochMicros(Math.max(window.end, known?.end ?? -Infinity)),
      series: window.series + (known?.series ?? 0),
      count: window.count + (known?.count ?? 0),
      fired: window.fired && (known?.fired ?? true),
    };
    byStart.set(window.start, joined);
  }
  return [...byStart.values()].sort((a, b) => a.start - b.start);
}

/** The stretch of time in which windows may begin: [since, until). */
export interface Reach {
  readonly since: EpochMicros;
  readonly until: EpochMicros;
}

/** How often windows fired for the first time, and again for late events. */
export interface Firings {
  fired: number;
  revisions: number;
}

/** Takes the windows that are forgotten: what a rule that reads this one merges. */
export type PaneConsumer = (pane: Pane, series: SeriesTable) => void;

/**
 * The windows of a rule under one meaning, of one kind. They know no watermark of their own: it comes in
 * with every call, and never falls.
 */
export interface Windows {
  /** Series held, each function counted. */
  readonly seriesCount: number;
  /** Every window that ends at or before it is forgotten; none begins before it any more. */
  readonly forgottenBefore: EpochMicros;
  /**
   * Adds the events [`from`, `to`) and marks what it did not take, or took in part.
   *
   * @returns How many it marked.
   */
  add(events: RuleEvents, from: number, to: number, path: WatermarkPath): number;
  /** The watermark at which the next window is forgotten; Infinity: no call of `forget` is needed for that. */
  nextForget(watermark: EpochMicros): EpochMicros;
  /** Forgets the windows that the watermark passed by the allowed lateness, after giving their rows. */
  forget(watermark: EpochMicros, rows: EngineRow[]): void;
  /**
   * Fires the windows that the watermark passed, and again those that changed since they fired.
   *
   * @param isEarly Whether those that are not over fire too, if they changed.
   */
  collect(watermark: EpochMicros, rows: EngineRow[], isEarly: boolean): void;
  /** When the newest window that holds data may be forgotten; -Infinity when none does. */
  lastForget(): EpochMicros;
  /** The end of the window that an event of this time would have needed. */
  endFor(time: EpochMicros): EpochMicros;
  /** No window that begins at or after `until` takes anything any more. */
  endAt(until: EpochMicros): void;
  /** Whether no window will ever take or fire anything any more: `endAt` was called, and all are forgotten. */
  readonly isOver: boolean;
  /** Whether some window within our reach takes an event of this time. */
  reaches(time: EpochMicros): boolean;
  /** The windows held that begin after `after`, oldest first, `limit` at most; without the rule's name. */
  windows(after: EpochMicros, limit: number): Omit<HeldWindow, "rule">[];
  windowCounts(): { readonly held: number; readonly open: number };
  changes(prefix: string, into: PageCollector): void;
  restore(prefix: string, pages: StoredPages): void;
  /** Gives up what series have no events in any window held. */
  releaseSeries(): void;
  /** Marks the groups that are needed still. */
  markGroups(inUse: Uint8Array): void;
  /** The groups were numbered anew; each that is needed still has a number. */
  renumber(numbers: Int32Array): void;
}

/** What windows need to know of their rule. */
export interface WindowsContext extends Reach {
  readonly allowedLateness: DurationMicros;
  readonly outOfOrderness: DurationMicros;
  readonly seriesMax: number;
  /** Windows fire once only, when they are forgotten. */
  readonly isFinal: boolean;
  /** Windows that are not over may fire. */
  readonly isEarly: boolean;
  readonly firings: Firings;
  readonly isPartial: (start: EpochMicros, end: EpochMicros) => boolean;
}
