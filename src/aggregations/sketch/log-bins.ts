import { type ByteReader, type ByteWriter, damaged } from "./bytes.ts";
import { fromHighBits } from "./double-bits.ts";

/** A bin is named by what stands above these bits of the upper word: sign, exponent, six bits of fraction. */
const SHIFT = 14;
/** Bins from a power of two to the next: 2^(20 - SHIFT). */
const OCTAVE = 64;
/** Bins of all finite doubles: 2,047 octaves. */
const INDEX_END = 0x7ff00000 >>> SHIFT;

const NONE = new Float64Array(0);

/**
 * Counts positive magnitudes by bins that are even within an octave: 64 from each power of two to the
 * next. So a bin is as wide as 1/64 of its lower end at most, and its middle is within 1/128 of
 * whatever it counts, for all normal doubles (from 2.2e-308).
 *
 * There are {@link LogBins.BINS_MAX} bins at most. When more would be needed, what lies below the highest 64
 * octaves is counted in their lowest bin: its error is then up to 2^-62 of the largest magnitude. Which
 * octaves those are hangs on the largest magnitude alone, so the order of the values does not matter.
 */
export class LogBins {
  /** 32 KB: 64 octaves, a factor of 1.8e19. */
  static readonly BINS_MAX = 64 * OCTAVE;

  #counts = NONE;
  /** The index of the bin whose count comes first: the first of an octave. */
  #first = 0;
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** Counts a value other than 0 by its magnitude. @param high Its {@link highBitsOf}. */
  add(high: number): void {
    this.#addAt((high & 0x7fffffff) >>> SHIFT, 1);
  }

  /** Adds what `source` counts. */
  merge(source: LogBins): void {
    // From the top: the octaves that are kept are known at once.
    for (let i = source.#counts.length - 1; i >= 0; i--) {
      const count = source.#counts[i]!;
      if (count > 0) this.#addAt(source.#first + i, count);
    }
  }

  /** The magnitude with `rank` smaller ones, within the error. @param rank From 0 to below `total`. */
  magnitudeAt(rank: number): number {
    let below = 0;
    let i = 0;
    for (; i < this.#counts.length - 1; i++) {
      below += this.#counts[i]!;
      if (below > rank) break;
    }
    // Half a bin above its lower end.
    return fromHighBits(((this.#first + i) << SHIFT) | (1 << (SHIFT - 1)));
  }

  write(writer: ByteWriter): void {
    const counts = this.#counts;
    writer.whole(this.#first / OCTAVE);
    writer.whole(counts.length / OCTAVE);
    for (let i = 0; i < counts.length; i++) {
      writer.whole(counts[i]!);
      if (counts[i]! > 0) continue;
      const from = i;
      while (i + 1 < counts.length && counts[i + 1] === 0) i++;
      writer.whole(i - from); // how many zeros follow this one
    }
  }

  static read(reader: ByteReader): LogBins {
    const bins = new LogBins();
    bins.#first = reader.whole(INDEX_END / OCTAVE) * OCTAVE;
    const room = Math.min(LogBins.BINS_MAX, INDEX_END - bins.#first);
    const counts = new Float64Array(reader.whole(room / OCTAVE) * OCTAVE);
    for (let i = 0; i < counts.length; i++) {
      const count = reader.whole();
      counts[i] = count;
      bins.#total += count;
      if (count === 0) i += reader.whole(counts.length - 1 - i);
    }
    if (bins.#total > Number.MAX_SAFE_INTEGER) throw damaged("it counts more than 2^53 values");
    bins.#counts = counts;
    return bins;
  }

  #addAt(index: number, count: number): void {
    let place = index - this.#first;
    if (place < 0 || place >= this.#counts.length) place = this.#placeFor(index);
    this.#counts[place]! += count;
    this.#total += count;
  }

  /** Makes room for a bin outside of those that there are, and gives its place. */
  #placeFor(index: number): number {
    const counts = this.#counts;
    const own = index - (index % OCTAVE);
    const end = this.#first + counts.length;
    const isEmpty = counts.length === 0;
    const newEnd = isEmpty ? own + OCTAVE : Math.max(end, own + OCTAVE);
    const low = isEmpty ? own : Math.min(this.#first, own);
    const newFirst = Math.max(low, newEnd - LogBins.BINS_MAX);
    if (newFirst !== this.#first || newEnd !== end) {
      const larger = new Float64Array(newEnd - newFirst);
      for (let i = 0; i < counts.length; i++) {
        larger[Math.max(this.#first + i - newFirst, 0)]! += counts[i]!;
      }
      this.#counts = larger;
      this.#first = newFirst;
    }
    return Math.max(index - newFirst, 0);
  }
}
