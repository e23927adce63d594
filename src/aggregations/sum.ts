import { defineAggregation } from "../core/aggregation.ts";

/**
 * The sum, compensated as Neumaier does it (A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur
 * Summation endlicher Summen", ZAMM 54, 1974): the second cell gathers what each addition rounded away.
 *
 * Error: within 2 ulp of the exact sum + n²ε²·Σ|x|, in any order and however merged, as long as no
 * partial sum leaves the range of a double.
 */
export const sum = defineAggregation({
  name: "sum",
  fold: "sum",
  cells: 2,
  init(cells, at) {
    cells[at] = 0;
    cells[at + 1] = 0;
  },
  add(cells, at, value) {
    const before = cells[at]!;
    const after = before + value;
    // The larger operand's low digits survive in `after`; the smaller one's are what was lost.
    cells[at + 1]! +=
      Math.abs(before) >= Math.abs(value) ? before - after + value : value - after + before;
    cells[at] = after;
  },
  merge(target, targetAt, source, sourceAt) {
    sum.add(target, targetAt, source[sourceAt]!, 0);
    sum.add(target, targetAt, source[sourceAt + 1]!, 0);
  },
  result(cells, at) {
    return cells[at]! + cells[at + 1]!;
  },
});
