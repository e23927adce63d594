import {
  type CellAggregation,
  defineAggregation,
  type FunctionDefinition,
} from "../core/aggregation.ts";
import { sum } from "./sum.ts";

/** Where the two sums stand, and what they take together with the octave before them. */
const VALUES = 1;
const WEIGHTS = VALUES + sum.cells;
const CELLS = WEIGHTS + sum.cells;

/**
 * The mean in which a value counts half for every half-life that it is older:
 * Σ v·2^((t - end)/h) / Σ 2^((t - end)/h), where `end` cancels and so needs not be known.
 *
 * The weight of time `t` is 2^octave · 2^(rest/h - 1) with `t = octave·h + rest`, and the sums are kept
 * relative to the newest octave: to come to a newer one is to multiply by a power of two, which rounds
 * nothing and cannot overflow, and what vanishes is beyond the smallest double. So a weight hangs on its
 * own time alone, not on what came before.
 *
 * Error: within 8ε·Σ|v|w/Σw (ε = 2^-53), in any order and however merged.
 *
 * Cells: newest octave, Σ v·w and Σ w, both compensated as `sum` is.
 */
export const ewma = {
  name: "ewma",
  parameter: "duration",
  make(halfLife: number, text: string): CellAggregation {
    return defineAggregation({
      name: `ewma(${JSON.stringify(text)})`,
      cells: CELLS,
      init(cells, at) {
        cells[at] = -Infinity;
        sum.init(cells, at + VALUES);
        sum.init(cells, at + WEIGHTS);
      },
      add(cells, at, value, time) {
        // Of whole numbers below 2^53 the quotient never rounds up to the next whole number.
        const octave = Math.floor(time / halfLife);
        const rest = time - octave * halfLife;
        if (octave > cells[at]!) moveTo(cells, at, octave);
        // Below 1, so that no value overflows by it. `Math.exp` takes half the time of a power.
        const weight = 0.5 * Math.exp((rest / halfLife) * Math.LN2);
        const age = cells[at]! - octave;
        sum.add(cells, at + VALUES, older(value * weight, age), 0);
        sum.add(cells, at + WEIGHTS, older(weight, age), 0);
      },
      merge(target, targetAt, source, sourceAt) {
        const octave = source[sourceAt]!;
        if (octave === -Infinity) return;
        if (octave > target[targetAt]!) moveTo(target, targetAt, octave);
        const age = target[targetAt]! - octave;
        for (let i = 0; i < sum.cells; i++) {
          const value = older(source[sourceAt + VALUES + i]!, age);
          const weight = older(source[sourceAt + WEIGHTS + i]!, age);
          sum.add(target, targetAt + VALUES, value, 0);
          sum.add(target, targetAt + WEIGHTS, weight, 0);
        }
      },
      result(cells, at) {
        const values = cells[at + VALUES]! + cells[at + VALUES + 1]!;
        return values / (cells[at + WEIGHTS]! + cells[at + WEIGHTS + 1]!);
      },
    });
  },
} satisfies FunctionDefinition;

/** Makes the sums relative to a newer octave. */
function moveTo(cells: Float64Array, at: number, octave: number): void {
  const age = octave - cells[at]!;
  cells[at] = octave;
  for (let i = VALUES; i < CELLS; i++) cells[at + i] = older(cells[at + i]!, age);
}

/** `x · 2^-age`, where that power alone may be below a double. */
function older(x: number, age: number): number {
  if (age === 0) return x;
  const half = Math.min(Math.floor(age / 2), 2_000);
  return x * 2 ** -half * 2 ** -Math.min(age - half, 2_000);
}
