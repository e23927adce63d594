import { type ByteReader, type ByteWriter, damaged } from "./bytes.ts";
import { highBitsOf } from "./double-bits.ts";
import { LogBins } from "./log-bins.ts";

/**
 * Quantiles of any number of values in bounded memory, each within a relative error: DDSketch (C. Masson,
 * J. E. Rim, H. K. Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
 * guarantees", PVLDB 12, 2019), with the logarithm taken linearly between powers of two, so that a bin is
 * read off the bits of a double.
 *
 * The error of {@link valueAt} is at most 1/128 (0.79 %) of the exact value, plus 2^-62 of the largest
 * magnitude of its sign where these magnitudes span more than 64 octaves, plus 1e-308. The smallest and
 * the largest value are exact, and nothing lies outside of them. At most 64 KB.
 *
 * The state hangs on the values alone, not on their order or division.
 */
export class DdSketch {
  #negative = new LogBins();
  #zeros = 0;
  #positive = new LogBins();
  #min = Infinity;
  #max = -Infinity;

  get count(): number {
    return this.#negative.total + this.#zeros + this.#positive.total;
  }

  add(value: number): void {
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    if (value > 0) this.#positive.add(highBitsOf(value));
    else if (value < 0) this.#negative.add(highBitsOf(value));
    else this.#zeros++;
  }

  merge(source: DdSketch): void {
    this.#negative.merge(source.#negative);
    this.#positive.merge(source.#positive);
    this.#zeros += source.#zeros;
    this.#min = Math.min(this.#min, source.#min);
    this.#max = Math.max(this.#max, source.#max);
  }

  /** The value with `rank` smaller ones, within the error. @param rank From 0 to below `count`. */
  valueAt(rank: number): number {
    const last = this.count - 1;
    if (rank <= 0) return this.#min;
    if (rank >= last) return this.#max;
    return Math.min(Math.max(this.#within(rank), this.#min), this.#max);
  }

  write(writer: ByteWriter): void {
    writer.double(this.#min);
    writer.double(this.#max);
    writer.whole(this.#zeros);
    this.#negative.write(writer);
    this.#positive.write(writer);
  }

  static read(reader: ByteReader): DdSketch {
    const sketch = new DdSketch();
    sketch.#min = reader.double();
    sketch.#max = reader.double();
    sketch.#zeros = reader.whole();
    sketch.#negative = LogBins.read(reader);
    sketch.#positive = LogBins.read(reader);
    if (sketch.#min > sketch.#max) throw damaged("its smallest value is above its largest");
    return sketch;
  }

  #within(rank: number): number {
    const negatives = this.#negative.total;
    // The smallest of the negative ones has the largest magnitude.
    if (rank < negatives) return -this.#negative.magnitudeAt(negatives - 1 - rank);
    if (rank < negatives + this.#zeros) return 0;
    return this.#positive.magnitudeAt(rank - negatives - this.#zeros);
  }
}
