import { defineObjectAggregation } from "../core/aggregation.ts";
import { DistinctState } from "./sketch/distinct-state.ts";

/**
 * How many different values there are, as doubles: 0 and -0 are one value. A whole number.
 *
 * Exact up to 1,024 different values (`DistinctState.EXACT_MAX`); beyond that a sketch (`HyperLogLog`), whose
 * estimates have no bias and a standard error of 0.81 %: two in three are within it, 95 % within 1.6 %.
 *
 * The state is the same in whatever order the values came and however they were divided.
 */
export const distinct = defineObjectAggregation<DistinctState>({
  name: "distinct",
  init: () => new DistinctState(),
  add(state, value) {
    state.add(value);
    return state;
  },
  merge(target, source) {
    target.merge(source);
    return target;
  },
  result: (state) => state.count(),
  encode: (state) => state.encode(),
  decode: (bytes) => DistinctState.decode(bytes),
});
