import { defineAggregation } from "../core/aggregation.ts";

/**
 * The variance of a sample: Σ(x - mean)² / (n - 1), in squares of the value's unit; null for one value.
 *
 * Welford's recurrence (B. P. Welford, Technometrics 4, 1962), merged by the formula of Chan, Golub and
 * LeVeque ("Updating formulae and a pairwise algorithm for computing sample variances", 1979). What it
 * runs over are the distances from the first value, so that values which differ little for their size do
 * not cancel: that distance is no more than √Σ(x - mean)², whichever value is the first.
 *
 * Error: relative, at most 4·n^1.5·ε (ε = 2^-53), whatever the mean; about 2·√n·ε is usual. Squares of
 * distances below 1e-154 vanish, as those above 1e154 are beyond a double and the result is not finite.
 *
 * Cells: n, first value, mean of the distances, sum of the squares Σ(x - mean)².
 */
export const variance = defineAggregation({
  name: "variance",
  cells: 4,
  init(cells, at) {
    cells[at] = 0;
    cells[at + 1] = 0;
    cells[at + 2] = 0;
    cells[at + 3] = 0;
  },
  add(cells, at, value) {
    const n = cells[at]! + 1;
    cells[at] = n;
    if (n === 1) cells[at + 1] = value;
    const distance = value - cells[at + 1]!;
    const before = distance - cells[at + 2]!;
    const mean = cells[at + 2]! + before / n;
    cells[at + 2] = mean;
    cells[at + 3]! += before * (distance - mean);
  },
  merge(target, targetAt, source, sourceAt) {
    const more = source[sourceAt]!;
    if (more === 0) return;
    const own = target[targetAt]!;
    if (own === 0) {
      for (let i = 0; i < 4; i++) target[targetAt + i] = source[sourceAt + i]!;
      return;
    }
    const n = own + more;
    const apart =
      source[sourceAt + 1]! -
      target[targetAt + 1]! +
      (source[sourceAt + 2]! - target[targetAt + 2]!);
    target[targetAt] = n;
    target[targetAt + 2]! += apart * (more / n);
    // Divided first: the product of two counts may be beyond 2^53.
    target[targetAt + 3]! += source[sourceAt + 3]! + apart * apart * own * (more / n);
  },
  result(cells, at) {
    const n = cells[at]!;
    return n < 2 ? null : cells[at + 3]! / (n - 1);
  },
});
