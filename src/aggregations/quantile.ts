import {
  defineObjectAggregation,
  type FunctionDefinition,
  type ObjectAggregation,
} from "../core/aggregation.ts";
import { QuantileState } from "./sketch/quantile-state.ts";

/**
 * The value below which a fraction `q` of the values lies, by linear interpolation (R-7 of R. J. Hyndman and
 * Y. Fan, "Sample quantiles in statistical packages", 1996): of `n` sorted values the one at `(n - 1)·q`,
 * between two of them by proportion. 0 is the smallest value and 1 the largest, both exact.
 *
 * Up to 1,024 values (`QuantileState.EXACT_MAX`) all are kept, and the result is exact but for rounding.
 * Beyond that they go into a sketch (`DdSketch`): each of the two values is known within 1 % of itself, hence
 * the result within 1 % wherever both are of one sign.
 *
 * The state is the same in whatever order the values came and however they were divided.
 */
export const quantile = {
  name: "quantile",
  parameter: "fraction",
  make(q: number): ObjectAggregation {
    return defineObjectAggregation<QuantileState>({
      name: `quantile(${q})`,
      init: () => new QuantileState(),
      add(state, value) {
        state.add(value);
        return state;
      },
      merge(target, source) {
        target.merge(source);
        return target;
      },
      result: (state) => state.quantile(q),
      encode: (state) => state.encode(),
      decode: (bytes) => QuantileState.decode(bytes),
    });
  },
} satisfies FunctionDefinition;
