import {
  type CellAggregation,
  defineAggregation,
  type FunctionDefinition,
} from "../core/aggregation.ts";

/**
 * How many values lie between bounds: `detail` is `{ bounds, counts }`, with one count more than bounds.
 * Count `i` is of the values above `bounds[i - 1]` and up to `bounds[i]`, that included (as the `le` of
 * Prometheus); the last one is of those above all bounds. Counts are not cumulative. The value is the number
 * of events. Exact.
 *
 * Cells: the counts. The bounds ascend, are finite, and there is one at least.
 */
export const histogram = {
  name: "histogram",
  parameter: "bounds",
  make(bounds: readonly number[]): CellAggregation {
    const uppers = Float64Array.from(bounds);
    const cells = uppers.length + 1;
    return defineAggregation({
      name: `histogram(${JSON.stringify(bounds)})`,
      cells,
      init(target, at) {
        target.fill(0, at, at + cells);
      },
      add(target, at, value) {
        target[at + placeOf(uppers, value)]!++;
      },
      merge(target, targetAt, source, sourceAt) {
        for (let i = 0; i < cells; i++) target[targetAt + i]! += source[sourceAt + i]!;
      },
      result(_cells, _at, window) {
        return window.count;
      },
      detail(source, at) {
        return { bounds: [...uppers], counts: [...source.subarray(at, at + cells)] };
      },
    });
  },
} satisfies FunctionDefinition;

/** The first bound that is not below `value`; their number when all are. */
function placeOf(uppers: Float64Array, value: number): number {
  let low = 0;
  let high = uppers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (uppers[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
