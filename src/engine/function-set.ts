import type {
  Aggregation,
  CellAggregation,
  ObjectAggregation,
  ResultDetail,
  WindowFacts,
} from "../core/aggregation.ts";
import { messageOf } from "../core/errors.ts";
import type { NamedAggregation } from "../core/settings.ts";
import { compareTexts } from "./engine-row.ts";
import { FailedState, type ObjectSlots, type SlotOwner } from "./object-slots.ts";

/** One function of a series: where its cells stand, counted from the series' own, and its row's name. */
export interface SeriesFunction {
  readonly key: string;
  readonly aggregation: Aggregation;
  readonly at: number;
}

/** Where accumulators stand: cells by their offset, objects by the slot that a cell names. */
export interface Accumulators {
  cells: Float64Array;
  readonly objects: ObjectSlots;
}

/** What a function makes of a window. */
export interface FunctionResult {
  readonly value: number | null;
  readonly overflow: boolean;
  readonly detail: ResultDetail | undefined;
}

/**
 * The functions that one set of cells serves. The first cell counts the events; those of each function
 * follow. A function whose accumulator is an object has one cell, which holds its slot.
 *
 * A function of the configuration that throws fails for its window alone: the row says so.
 */
export class FunctionSet {
  readonly functions: readonly SeriesFunction[];
  /** Indices of `functions` in the order of their rows: by key, in UTF-16 code units. */
  readonly rowOrder: readonly number[];
  /** Cells of a series. */
  readonly width: number;
  /** Those with cells alone, and those with objects. */
  readonly #plain: readonly (SeriesFunction & { readonly aggregation: CellAggregation })[];
  readonly #objects: readonly (SeriesFunction & { readonly aggregation: ObjectAggregation })[];

  constructor(functions: readonly NamedAggregation[]) {
    let at = 1; // the first cell counts
    this.functions = functions.map(({ key, aggregation }) => {
      const own = at;
      at += cellsOf(aggregation);
      return { key, aggregation, at: own };
    });
    this.width = at;
    const keys = this.functions.map(({ key }) => key);
    this.rowOrder = [...keys.keys()].sort((a, b) => compareTexts(keys[a]!, keys[b]!));
    this.#plain = this.functions.filter((one) => hasCells(one));
    this.#objects = this.functions.filter((one) => hasObject(one));
  }

  /** Whether all its functions live in cells: then nothing of it has to be given back. */
  get isPlain(): boolean {
    return this.#objects.length === 0;
  }

  /** The slots that the cells of a series name. */
  *slotsOf(cells: Float64Array, at: number): Iterable<SlotOwner> {
    for (const { aggregation, at: own } of this.#objects) {
      yield { slot: cells[at + own]!, aggregation };
    }
  }

  /** Makes the accumulators of no events; the count is the caller's. */
  init({ cells, objects }: Accumulators, at: number): void {
    for (const { aggregation, at: own } of this.#plain) aggregation.init(cells, at + own);
    for (const { aggregation, at: own } of this.#objects) {
      cells[at + own] = objects.add(
        attempt(() => aggregation.init()),
        aggregation,
      );
    }
  }

  /** Adds one value; the count is the caller's. */
  add({ cells, objects }: Accumulators, at: number, value: number, time: number): void {
    for (const { aggregation, at: own } of this.#plain) {
      aggregation.add(cells, at + own, value, time);
    }
    for (const { aggregation, at: own } of this.#objects) {
      const slot = cells[at + own]!;
      const state = objects.get(slot);
      if (state instanceof FailedState) continue;
      try {
        objects.set(slot, aggregation.add(state, value, time));
      } catch (failure) {
        const event = `${value} at ${time / 1e6}`;
        objects.set(slot, new FailedState(`add threw for ${event}: ${messageOf(failure)}`));
      }
    }
  }

  /** Adds what `source` holds, the count too, to accumulators that were made. */
  merge(target: Accumulators, targetAt: number, source: Accumulators, sourceAt: number): void {
    target.cells[targetAt]! += source.cells[sourceAt]!;
    for (const { aggregation, at: own } of this.#plain) {
      aggregation.merge(target.cells, targetAt + own, source.cells, sourceAt + own);
    }
    for (const { aggregation, at: own } of this.#objects) {
      const slot = target.cells[targetAt + own]!;
      const ours = target.objects.get(slot);
      const theirs = source.objects.get(source.cells[sourceAt + own]!);
      if (ours instanceof FailedState) continue;
      const merged =
        theirs instanceof FailedState ? theirs : attempt(() => aggregation.merge(ours, theirs));
      target.objects.set(slot, merged);
    }
  }

  /** Gives back the objects of a series whose cells are given back. */
  release({ cells, objects }: Accumulators, at: number): void {
    for (const { at: own } of this.#objects) objects.remove(cells[at + own]!);
  }

  result(
    { aggregation, at: own }: SeriesFunction,
    { cells, objects }: Accumulators,
    at: number,
    window: WindowFacts,
  ): FunctionResult {
    if (aggregation.kind === "cells") {
      const value = aggregation.result(cells, at + own, window);
      return resultOf(value, aggregation.detail?.(cells, at + own, window));
    }
    const state = objects.get(cells[at + own]!);
    if (state instanceof FailedState) return failed(state.message);
    try {
      const value = aggregation.result(state, window);
      return resultOf(value, aggregation.detail?.(state, window));
    } catch (failure) {
      return failed(`result threw: ${messageOf(failure)}`);
    }
  }
}

/** An object is found by a number in one cell. */
function cellsOf(aggregation: Aggregation): number {
  return aggregation.kind === "cells" ? aggregation.cells : 1;
}

function hasCells(one: SeriesFunction): one is SeriesFunction & { aggregation: CellAggregation } {
  return one.aggregation.kind === "cells";
}

function hasObject(
  one: SeriesFunction,
): one is SeriesFunction & { aggregation: ObjectAggregation } {
  return one.aggregation.kind === "object";
}

function attempt(make: () => unknown): unknown {
  try {
    return make();
  } catch (failure) {
    return new FailedState(messageOf(failure));
  }
}

function resultOf(value: number | null, detail: ResultDetail | undefined): FunctionResult {
  if (value === null) return { value: null, overflow: false, detail };
  if (!Number.isFinite(value)) return { value: null, overflow: true, detail };
  return { value: value + 0, overflow: false, detail }; // -0 + 0 is 0
}

function failed(error: string): FunctionResult {
  return { value: null, overflow: false, detail: { error } };
}
