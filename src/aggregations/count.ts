import { defineAggregation } from "../core/aggregation.ts";

/** How many events. It needs no cell of its own: the engine counts the events of every accumulator. */
export const count = defineAggregation({
  name: "count",
  cells: 0,
  init() {},
  add() {},
  merge() {},
  result(_cells, _at, window) {
    return window.count;
  },
});
