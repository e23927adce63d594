import { defineAggregation } from "../core/aggregation.ts";

/** The largest value of the window. NaN never arrives here: decode rejects it. */
export const max = defineAggregation({
  name: "max",
  fold: "max",
  cells: 1,
  init(cells, at) {
    cells[at] = -Infinity;
  },
  add(cells, at, value) {
    if (value > cells[at]!) cells[at] = value;
  },
  merge(target, targetAt, source, sourceAt) {
    if (source[sourceAt]! > target[targetAt]!) target[targetAt] = source[sourceAt]!;
  },
  result(cells, at) {
    return cells[at]!;
  },
});
