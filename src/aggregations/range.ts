import { defineAggregation } from "../core/aggregation.ts";
import { max } from "./max.ts";
import { min } from "./min.ts";

/**
 * The largest value minus the smallest. Rounded once; not finite when the distance is beyond a double.
 *
 * Cells: smallest, largest.
 */
export const range = defineAggregation({
  name: "range",
  cells: 2,
  init(cells, at) {
    min.init(cells, at);
    max.init(cells, at + 1);
  },
  add(cells, at, value, time) {
    min.add(cells, at, value, time);
    max.add(cells, at + 1, value, time);
  },
  merge(target, targetAt, source, sourceAt) {
    min.merge(target, targetAt, source, sourceAt);
    max.merge(target, targetAt + 1, source, sourceAt + 1);
  },
  result(cells, at) {
    return cells[at + 1]! - cells[at]!;
  },
});
