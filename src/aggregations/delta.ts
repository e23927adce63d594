import { defineAggregation } from "../core/aggregation.ts";
import { first } from "./first.ts";
import { last } from "./last.ts";

/** Where the cells of `last` begin. */
const LAST = first.cells;

/**
 * `last - first`, by event time: how far a gauge moved. 0 for one value. Rounded once; not finite when
 * the distance is beyond a double.
 *
 * Cells: those of `first`, those of `last`.
 */
export const delta = defineAggregation({
  name: "delta",
  cells: first.cells + last.cells,
  init(cells, at) {
    first.init(cells, at);
    last.init(cells, at + LAST);
  },
  add(cells, at, value, time) {
    first.add(cells, at, value, time);
    last.add(cells, at + LAST, value, time);
  },
  merge(target, targetAt, source, sourceAt) {
    first.merge(target, targetAt, source, sourceAt);
    last.merge(target, targetAt + LAST, source, sourceAt + LAST);
  },
  result(cells, at) {
    return cells[at + LAST + 1]! - cells[at + 1]!;
  },
});
