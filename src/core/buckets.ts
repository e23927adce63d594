/**
 * Counts of values by their size: what a histogram of Prometheus or OTLP is made of. Observing allocates
 * nothing, so that it may stand in a loop.
 *
 * @example
 * ```ts
 * const buckets = new Buckets([1, 5]);
 * buckets.observe(1);
 * [...buckets.counts]; // => [1, 0, 0]: a bound belongs to its bucket
 * ```
 */
export class Buckets {
  /** Upper bounds, ascending and finite; a value on one belongs to its bucket. */
  readonly bounds: readonly number[];
  /** Values in each bucket, not cumulated; the last is that of what is above every bound. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** How many values there were. */
  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** @param times How many values this one stands for. */
  observe(value: number, times = 1): void {
    const { bounds, counts } = this;
    let at = 0;
    while (at < bounds.length && value > bounds[at]!) at++;
    counts[at]! += times;
    this.sum += value * times;
  }
}
