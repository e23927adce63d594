import type { RefusalReason } from "./event.ts";

/** Why a rule did not take an event, as bits: another rule may take it all the same. */
export const MISSED = {
  /** All its windows of the rule are forgotten. */
  late: 1,
  /** Its series would be one too many. */
  overLimit: 2,
  /** The rule does not want it. */
  filtered: 4,
  /** A function of the rule threw. */
  failed: 8,
  /** Taken, but too late for some of its windows: not missed at all. */
  latePartial: 16,
} as const;

/** How a function takes a value into the one or two cells behind the count; 0: by its `add`. */
export const FOLD = {
  byAdd: 0,
  /** Adds it, compensated as the function `sum` says. */
  sum: 1,
  /** Keeps the smaller or the larger one. */
  min: 2,
  max: 3,
} as const;

/** Labels with their values, in any order; no label twice. */
export type LabelPairs = readonly (readonly [label: string, value: string])[];

/** A line that is no event. */
export interface LineRefusal {
  readonly reason: RefusalReason;
  readonly detail: string;
  /** The line as it came, cut to `DEAD_LETTER_BYTES_MAX`. */
  readonly event: string;
  /** Line feeds before it in its source batch. */
  readonly line: number;
}

/**
 * A batch of decoded events, a field a column: what decode hands to the engine without an object, a
 * string or a promise per event. The first `length` places are filled.
 */
export class EventColumns {
  readonly capacity: number;
  /** Events in the columns. */
  length = 0;
  /** Events read into this batch so far: those in the columns, the refused and the filtered ones. */
  received = 0;
  /** The latest event time in the columns, in microseconds; -Infinity when they are empty. */
  newest = -Infinity;
  /** Events with our own metric prefix: counted, not kept. */
  filtered = 0;
  /** Number of the name in the name table. */
  readonly name: Int32Array;
  /** Index of the function in the decoder's list. */
  readonly fn: Uint8Array;
  readonly value: Float64Array;
  /** Event time, in microseconds since the epoch. */
  readonly time: Float64Array;
  /** How many rules that read events did not take the event; 0 as decoded. */
  readonly missedBy: Uint8Array;
  /** {@link MISSED} bits of these rules; 0 as decoded. */
  readonly missed: Uint8Array;
  /** Line feeds before the event in its source batch. */
  readonly line: Int32Array;
  /** Where its line begins in the bytes last decoded. */
  readonly start: Int32Array;
  /** How many events carry an id: 0 for most streams, and then nobody looks at `ids`. */
  idCount = 0;
  /** The id of the event, undefined where it has none. */
  readonly ids: (string | undefined)[];
  /** How many events carry labels that somebody looks at: where it is 0, nobody looks at `labels`. */
  labelCount = 0;
  /** The labels of the event, undefined where it has none. */
  readonly labels: (LabelPairs | undefined)[];
  readonly refusals: LineRefusal[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
    this.name = new Int32Array(capacity);
    this.fn = new Uint8Array(capacity);
    this.value = new Float64Array(capacity);
    this.time = new Float64Array(capacity);
    this.missedBy = new Uint8Array(capacity);
    this.missed = new Uint8Array(capacity);
    this.line = new Int32Array(capacity);
    this.start = new Int32Array(capacity);
    this.ids = new Array<string | undefined>(capacity).fill(undefined);
    this.labels = new Array<LabelPairs | undefined>(capacity).fill(undefined);
  }

  /** Forgets the events and refusals, which were handled; `received` goes on until the batch is cut. */
  clear(): void {
    this.missed.fill(0, 0, this.length);
    this.missedBy.fill(0, 0, this.length);
    this.length = 0;
    this.newest = -Infinity;
    this.filtered = 0;
    this.refusals.length = 0;
    if (this.idCount > 0) this.ids.fill(undefined);
    this.idCount = 0;
    if (this.labelCount > 0) this.labels.fill(undefined);
    this.labelCount = 0;
  }
}

/**
 * Takes events where they are decoded, in place of the columns: what a rule needs that asks for no more
 * than these four fields. Called for each event, so that the fields come one by one.
 */
export interface EventTaker {
  /**
   * @param name Number of the name in the name table. @param fn Index of the function in the decoder's list.
   * @param time Event time in microseconds.
   * @returns Whether it was taken. If not, it has to go by the columns, and so have all behind it in the
   *   batch, or they would overtake it.
   */
  take(name: number, fn: number, value: number, time: number): boolean;
  /** Where the decoder may add events by itself, without a call for each. Others after each `take`. */
  readonly open: OpenCells;
  /** Events were added to the open cells, the newest of them at `newest`. Called before `take`, and at the end. */
  added(count: number, newest: number): void;
}

/**
 * Cells that are open for events of [`start`, `end`): the series of a name and function has its cells at
 * `offsets[name * stride + fn]`, -1 when it has none. The first one counts its events; where it is 0, or
 * the function is none of {@link FOLD}, the event is for `take`.
 */
export interface OpenCells {
  readonly start: number;
  readonly end: number;
  readonly cells: Float64Array;
  /** By page of the cells (`PAGE_CELLS_SHIFT`): 1 when it changed. */
  readonly changedPages: Uint8Array;
  readonly offsets: Int32Array;
  readonly stride: number;
  /** By function: its {@link FOLD}. */
  readonly folds: Uint8Array;
}

/** The names behind the numbers of {@link EventColumns.name}. */
export interface Names {
  /** The name with this number. */
  text(name: number): string;
}
