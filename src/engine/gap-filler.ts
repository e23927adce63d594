import type { FillSettings } from "../core/settings.ts";
import {
  type PageCollector,
  type StoredNumber,
  type StoredPages,
  storedNumber,
} from "../core/stored.ts";
import type { EpochMicros } from "../core/time.ts";
import type { EngineRow } from "./engine-row.ts";
import type { FunctionSet } from "./function-set.ts";
import type { PaneLayout } from "./pane-layout.ts";
import type { RowWriter } from "./row-writer.ts";

/** Keys of one stored page. */
const PAGE_KEYS = 256;

interface LastSeen {
  /** The newest window in which the series had events, and its end. */
  ordinal: number;
  end: number;
  values: readonly (number | null)[];
}

/** Where filled rows go. */
export interface FillTarget {
  readonly rows: EngineRow[];
  readonly isPartial: (start: EpochMicros, end: EpochMicros) => boolean;
  /** The revision that rows of a window have by now. */
  readonly revisionOf: (ordinal: number) => number;
  /** Told of every window that has none but filled rows. */
  readonly onFilled: (ordinal: number) => void;
}

/**
 * Rows for the windows in which a series had no events, as long as its last ones are no longer ago than
 * `fillFor`. Windows come in order, when they fire for the first time; each is filled once. A filled row
 * is not corrected when a window before it is.
 */
export class GapFiller {
  readonly #fill: FillSettings;
  readonly #layout: PaneLayout;
  readonly #functions: readonly FunctionSet[];
  readonly #writer: RowWriter;
  readonly #seen = new Map<number, LastSeen>();
  /** Windows up to this one are filled. */
  filledTo = -Infinity;
  readonly #changedPages = new Set<number>();

  constructor(options: {
    readonly fill: FillSettings;
    readonly layout: PaneLayout;
    readonly functions: readonly FunctionSet[];
    readonly writer: RowWriter;
  }) {
    this.#fill = options.fill;
    this.#layout = options.layout;
    this.#functions = options.functions;
    this.#writer = options.writer;
  }

  /** How long after a window with events filled ones may end. */
  get reach(): number {
    return this.#fill.for;
  }

  /** Up to when windows may be filled, with what was seen; -Infinity: nothing is to be filled. */
  get lastEnd(): number {
    let last = -Infinity;
    for (const { end } of this.#seen.values()) last = Math.max(last, end + this.#fill.for);
    return last;
  }

  /** The series that may be filled. */
  keys(): Iterable<number> {
    return this.#seen.keys();
  }

  /** A series has these values in a window, which fired. */
  fired(ordinal: number, key: number, values: readonly (number | null)[]): void {
    const seen = this.#seen.get(key);
    if (seen !== undefined && seen.ordinal > ordinal) return;
    this.#seen.set(key, { ordinal, end: this.#endOf(ordinal), values });
    this.#changedPages.add(Math.floor(key / PAGE_KEYS));
  }

  /** A window with events fired for the first time: fills the series that had none in it. */
  windowFired(ordinal: number, into: FillTarget): void {
    if (ordinal <= this.filledTo) return;
    this.#fillOne(ordinal, into);
    this.filledTo = ordinal;
  }

  /** Fills the windows up to one, in which no series had events. */
  fillTo(last: number, into: FillTarget): void {
    if (!(last > this.filledTo)) return;
    let ordinal = this.filledTo + 1;
    // Before the first window nothing is to be filled.
    if (this.filledTo === -Infinity) ordinal = last + 1;
    for (; ordinal <= last && this.#seen.size > 0; ordinal++) {
      if (this.#fillOne(ordinal, into)) into.onFilled(ordinal);
    }
    this.filledTo = last;
  }

  #fillOne(ordinal: number, { rows, isPartial, revisionOf }: FillTarget): boolean {
    const { every, span } = this.#layout;
    const start = this.#layout.startOf(ordinal * every);
    const end = this.#layout.startOf(ordinal * every + span);
    const place = { start, end, revision: revisionOf(ordinal), partial: isPartial(start, end) };
    let filled = false;
    // A day that a zone left out lasts no time.
    if (start >= end) return false;
    for (const [key, seen] of this.#seen) {
      if (seen.ordinal >= ordinal) continue;
      if (end > seen.end + this.#fill.for) {
        this.#seen.delete(key);
        this.#changedPages.add(Math.floor(key / PAGE_KEYS));
        continue;
      }
      const set = this.#functions[key % this.#functions.length]!;
      const group = Math.floor(key / this.#functions.length);
      this.#writer.writeFilled(rows, group, { set, values: this.#valuesOf(set, seen), place });
      filled = true;
    }
    return filled;
  }

  #valuesOf(set: FunctionSet, { values }: LastSeen): readonly (number | null)[] {
    if (this.#fill.with === "previous") return values;
    return set.functions.map(() => (this.#fill.with === "zero" ? 0 : null));
  }

  #endOf(ordinal: number): number {
    return this.#layout.startOf(ordinal * this.#layout.every + this.#layout.span);
  }

  /** Gathers what changed since the last call. */
  changes(prefix: string, into: PageCollector): void {
    for (const page of this.#changedPages) {
      const entries: StoredSeen[] = [];
      for (let key = page * PAGE_KEYS; key < (page + 1) * PAGE_KEYS; key++) {
        const seen = this.#seen.get(key);
        if (seen !== undefined) entries.push([key, seen.ordinal, seen.values]);
      }
      if (entries.length === 0) into.remove.push(`${prefix}/fill/${page}`);
      else into.json(`${prefix}/fill/${page}`, entries);
    }
    this.#changedPages.clear();
    into.json(`${prefix}/filled`, storedNumber(this.filledTo));
  }

  /** Takes over what `changes` gave. */
  restore(prefix: string, pages: StoredPages): void {
    this.filledTo = Number(pages.json<StoredNumber>(`${prefix}/filled`) ?? -Infinity);
    for (const word of pages.wordsBelow(`${prefix}/fill`)) {
      for (const [key, ordinal, values] of pages.json<StoredSeen[]>(`${prefix}/fill/${word}`) ??
        []) {
        this.#seen.set(key, { ordinal, end: this.#endOf(ordinal), values });
      }
    }
  }

  renumber(renumbered: (key: number) => number): void {
    const old = [...this.#seen];
    this.#seen.clear();
    for (const [key, seen] of old) {
      this.#changedPages.add(Math.floor(key / PAGE_KEYS));
      this.#changedPages.add(Math.floor(renumbered(key) / PAGE_KEYS));
      this.#seen.set(renumbered(key), seen);
    }
  }
}

type StoredSeen = [key: number, ordinal: number, values: readonly (number | null)[]];
