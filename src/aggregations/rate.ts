import { defineAggregation } from "../core/aggregation.ts";
import { sum } from "./sum.ts";

const MICROS_PER_SECOND = 1_000_000;

/**
 * The sum per second of the window: Σx / (end - start), the window whole even where events fill but a part
 * of it. Error: that of `sum`, and two roundings.
 */
export const rate = defineAggregation({
  ...sum,
  name: "rate",
  result(cells, at, { start, end }) {
    return (cells[at]! + cells[at + 1]!) / ((end - start) / MICROS_PER_SECOND);
  },
});
