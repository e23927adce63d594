/**
 * A function of the values of a window. Its accumulator is `cells` consecutive doubles of a larger
 * array, at `at`; nothing is allocated per event. `init`, `add` and `merge` form a commutative monoid
 * (up to rounding): the result does not hang on how the events were divided or ordered.
 *
 * Called in the hot path, by one thread: plain arithmetic only, no closure over state.
 */
export interface Aggregation {
  /** How events and rows name it: `sum`. */
  readonly name: string;
  /** Doubles that one accumulator takes. */
  readonly cells: number;
  /** Makes the accumulator of no events. The cells hold anything before. */
  init(cells: Float64Array, at: number): void;
  /** Adds one finite value. */
  add(cells: Float64Array, at: number, value: number): void;
  /** Adds what `source` holds to `target`. */
  merge(target: Float64Array, targetAt: number, source: Float64Array, sourceAt: number): void;
  /** The result for `count` > 0 events; not finite when it is beyond a double. */
  result(cells: Float64Array, at: number, count: number): number;
}

/** Checks nothing and changes nothing: it gives the literal its type and marks it as an aggregation. */
export function defineAggregation(aggregation: Aggregation): Aggregation {
  return aggregation;
}
