import { ByteReader, ByteWriter, damaged } from "./bytes.ts";
import { hashDouble } from "./double-hash.ts";
import { HyperLogLog } from "./hyper-log-log.ts";

const VERSION = 1;
const EXACT = 0;
const SKETCHED = 1;

const NONE = new Float64Array(0);
const FIRST_ROOM = 8;

const hash = new Int32Array(2);

/** The different values: a set while they are few, a {@link HyperLogLog} beyond that. */
export class DistinctState {
  /** So many values are kept as they are: 16 KB in the set, as much as the sketch takes. */
  static readonly EXACT_MAX = 1_024;

  /** Open addressing, at most half full; 0 marks what is free, and is counted apart. */
  #table = NONE;
  #inTable = 0;
  #hasZero = false;
  #sketch: HyperLogLog | undefined;

  add(value: number): void {
    if (this.#sketch !== undefined) {
      hashDouble(value, hash);
      this.#sketch.add(hash[0]!, hash[1]!);
    } else if (value === 0) {
      this.#hasZero = true;
      this.#settle();
    } else {
      this.#insert(value);
    }
  }

  merge(source: DistinctState): void {
    if (source.#sketch !== undefined) this.#toSketch().merge(source.#sketch);
    if (source.#hasZero) this.add(0);
    for (const value of source.#table) if (value !== 0) this.add(value);
  }

  count(): number {
    return this.#sketch === undefined ? this.#size : Math.round(this.#sketch.count());
  }

  encode(): Uint8Array {
    const writer = new ByteWriter();
    writer.byte(VERSION);
    writer.byte(this.#sketch === undefined ? EXACT : SKETCHED);
    if (this.#sketch === undefined) {
      writer.whole(this.#size);
      if (this.#hasZero) writer.double(0);
      for (const value of this.#table) if (value !== 0) writer.double(value);
    } else {
      this.#sketch.write(writer);
    }
    return writer.bytes();
  }

  static decode(bytes: Uint8Array): DistinctState {
    const reader = new ByteReader(bytes);
    const version = reader.byte();
    if (version !== VERSION) throw damaged(`version ${version} of distinct is unknown`);
    const form = reader.byte();
    const state = new DistinctState();
    if (form === EXACT) {
      const size = reader.whole(DistinctState.EXACT_MAX);
      for (let i = 0; i < size; i++) state.add(reader.double());
      if (state.count() !== size) throw damaged("a value stands in it twice");
    } else if (form === SKETCHED) {
      state.#sketch = HyperLogLog.read(reader);
    } else {
      throw damaged(`form ${form} of distinct is unknown`);
    }
    reader.end();
    return state;
  }

  get #size(): number {
    return this.#inTable + (this.#hasZero ? 1 : 0);
  }

  #insert(value: number): void {
    if (this.#table.length === 0) this.#grow();
    const place = placeOf(this.#table, value);
    if (this.#table[place] === value) return;
    this.#table[place] = value;
    this.#inTable++;
    this.#settle();
    if (2 * this.#inTable > this.#table.length) this.#grow();
  }

  #grow(): void {
    const larger = new Float64Array(Math.max(2 * this.#table.length, FIRST_ROOM));
    for (const value of this.#table) if (value !== 0) larger[placeOf(larger, value)] = value;
    this.#table = larger;
  }

  /** Becomes a sketch when there are too many. */
  #settle(): void {
    if (this.#size > DistinctState.EXACT_MAX) this.#toSketch();
  }

  #toSketch(): HyperLogLog {
    if (this.#sketch !== undefined) return this.#sketch;
    const values = this.#table;
    const sketch = new HyperLogLog();
    this.#sketch = sketch;
    if (this.#hasZero) this.add(0);
    for (const value of values) if (value !== 0) this.add(value);
    this.#table = NONE;
    this.#inTable = 0;
    this.#hasZero = false;
    return sketch;
  }
}

/** Where `value` is, or where it would stand. The table has a power of two of places, and a free one. */
function placeOf(table: Float64Array, value: number): number {
  hashDouble(value, hash);
  const mask = table.length - 1;
  let place = hash[0]! & mask;
  while (table[place] !== 0 && table[place] !== value) place = (place + 1) & mask;
  return place;
}
