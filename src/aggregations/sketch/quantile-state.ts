import { ByteReader, ByteWriter, damaged } from "./bytes.ts";
import { DdSketch } from "./dd-sketch.ts";

const VERSION = 1;
const EXACT = 0;
const SKETCHED = 1;

const NONE = new Float64Array(0);
const FIRST_ROOM = 8;

/** The values of a quantile: all of them while they are few, a {@link DdSketch} beyond that. */
export class QuantileState {
  /** So many values are kept as they are: 8 KB, as much as a sketch of usual values takes. */
  static readonly EXACT_MAX = 1_024;

  /** While there is no sketch: the values in the order of their arrival, and room. */
  #values = NONE;
  #size = 0;
  #sketch: DdSketch | undefined;

  add(value: number): void {
    if (this.#sketch !== undefined) {
      this.#sketch.add(value);
      return;
    }
    if (this.#size === QuantileState.EXACT_MAX) {
      this.#toSketch().add(value);
      return;
    }
    if (this.#size === this.#values.length) {
      const larger = new Float64Array(Math.max(2 * this.#size, FIRST_ROOM));
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#size++] = value;
  }

  merge(source: QuantileState): void {
    if (source.#sketch !== undefined) this.#toSketch().merge(source.#sketch);
    for (let i = 0; i < source.#size; i++) this.add(source.#values[i]!);
  }

  /** @param q The fraction, from 0 to 1. There is a value at least. */
  quantile(q: number): number {
    const sketch = this.#sketch;
    if (sketch !== undefined) {
      return interpolated(sketch.count, q, (rank) => sketch.valueAt(rank));
    }
    const sorted = this.#values.slice(0, this.#size).sort();
    return interpolated(sorted.length, q, (rank) => sorted[rank]!);
  }

  encode(): Uint8Array {
    const writer = new ByteWriter();
    writer.byte(VERSION);
    writer.byte(this.#sketch === undefined ? EXACT : SKETCHED);
    if (this.#sketch === undefined) {
      writer.whole(this.#size);
      for (let i = 0; i < this.#size; i++) writer.double(this.#values[i]!);
    } else {
      this.#sketch.write(writer);
    }
    return writer.bytes();
  }

  static decode(bytes: Uint8Array): QuantileState {
    const reader = new ByteReader(bytes);
    const version = reader.byte();
    if (version !== VERSION) throw damaged(`version ${version} of a quantile is unknown`);
    const form = reader.byte();
    const state = new QuantileState();
    if (form === EXACT) {
      const size = reader.whole(QuantileState.EXACT_MAX);
      for (let i = 0; i < size; i++) state.add(reader.double());
    } else if (form === SKETCHED) {
      state.#sketch = DdSketch.read(reader);
      // Fewer were kept as they are.
      if (state.#sketch.count <= QuantileState.EXACT_MAX) throw damaged("its sketch is too small");
    } else {
      throw damaged(`form ${form} of a quantile is unknown`);
    }
    reader.end();
    return state;
  }

  #toSketch(): DdSketch {
    if (this.#sketch !== undefined) return this.#sketch;
    const sketch = new DdSketch();
    for (let i = 0; i < this.#size; i++) sketch.add(this.#values[i]!);
    this.#values = NONE;
    this.#size = 0;
    this.#sketch = sketch;
    return sketch;
  }
}

function interpolated(count: number, q: number, valueAt: (rank: number) => number): number {
  const { below, part } = rankOf(count, q);
  const low = valueAt(below);
  if (part === 0) return low;
  const high = valueAt(below + 1);
  const distance = high - low;
  // Of opposite signs, their distance may be beyond a double.
  return Number.isFinite(distance) ? low + part * distance : low * (1 - part) + high * part;
}

/**
 * The rank `(count - 1)·q`, whole and part. A fraction is meant as the decimal that it is written as: 0.07 of
 * 100 is 7, though in doubles it is more, and the value behind may be far away.
 */
function rankOf(count: number, q: number): { readonly below: number; readonly part: number } {
  for (let of = 1; of <= 1e15; of *= 10) {
    const dividend = (count - 1) * Math.round(q * of);
    if (dividend > Number.MAX_SAFE_INTEGER) break;
    if (Math.round(q * of) / of !== q) continue;
    const below = Math.floor(dividend / of);
    return { below, part: (dividend - below * of) / of };
  }
  const rank = (count - 1) * q;
  return { below: Math.floor(rank), part: rank - Math.floor(rank) };
}
