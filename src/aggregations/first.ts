import { defineAggregation } from "../core/aggregation.ts";

/**
 * The value with the earliest event time; of equal times the one that arrived first. Exact.
 *
 * Cells: time, value.
 */
export const first = defineAggregation({
  name: "first",
  cells: 2,
  init(cells, at) {
    cells[at] = Infinity;
    cells[at + 1] = 0;
  },
  add(cells, at, value, time) {
    if (time >= cells[at]!) return;
    cells[at] = time;
    cells[at + 1] = value;
  },
  merge(target, targetAt, source, sourceAt) {
    first.add(target, targetAt, source[sourceAt + 1]!, source[sourceAt]!);
  },
  result(cells, at) {
    return cells[at + 1]!;
  },
});
