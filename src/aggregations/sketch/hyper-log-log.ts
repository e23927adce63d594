import { type ByteReader, type ByteWriter, damaged } from "./bytes.ts";

/** Bits of a hash that choose the register, and those that are left for its rank. */
const PRECISION = 14;
const REGISTERS = 2 ** PRECISION;
const REST = 64 - PRECISION;

/** 1 / (2 ln 2): the factor of the estimate for many registers. */
const ALPHA = 0.5 / Math.LN2;

/**
 * How many different hashes there were: HyperLogLog (P. Flajolet, É. Fusy, O. Gandouet, F. Meunier, 2007)
 * over hashes of 64 bits (S. Heule, M. Nunkesser, A. Hall, 2013), estimated as O. Ertl does ("New cardinality
 * estimation algorithms for HyperLogLog sketches", 2017, the improved raw estimator): it has no bias at
 * any number, so that no table and no change of method is needed.
 *
 * 16,384 registers of one byte: a standard error of 1.04/√16384 = 0.81 %.
 *
 * The state hangs on the hashes alone, not on their order or division.
 */
export class HyperLogLog {
  readonly #registers = new Uint8Array(REGISTERS);

  /** Takes a hash of two words. */
  add(high: number, low: number): void {
    const register = high >>> (32 - PRECISION);
    const rest = high << PRECISION;
    // How many zeros lead, and one.
    const rank = rest === 0 ? 32 - PRECISION + Math.clz32(low) + 1 : Math.clz32(rest) + 1;
    if (rank > this.#registers[register]!) this.#registers[register] = rank;
  }

  merge(source: HyperLogLog): void {
    const own = this.#registers;
    const theirs = source.#registers;
    for (let i = 0; i < REGISTERS; i++) if (theirs[i]! > own[i]!) own[i] = theirs[i]!;
  }

  /** The estimate: not yet a whole number. */
  count(): number {
    const having = new Float64Array(REST + 2); // registers by their rank
    for (const rank of this.#registers) having[rank]!++;
    let z = REGISTERS * tau(1 - having[REST + 1]! / REGISTERS);
    for (let rank = REST; rank > 0; rank--) z = 0.5 * (z + having[rank]!);
    z += REGISTERS * sigma(having[0]! / REGISTERS);
    return (ALPHA * REGISTERS * REGISTERS) / z;
  }

  /** Four registers in three bytes: a rank has six bits. */
  write(writer: ByteWriter): void {
    for (let i = 0; i < REGISTERS; i += 4) {
      let packed = 0;
      for (let j = 0; j < 4; j++) packed |= this.#registers[i + j]! << (6 * j);
      writer.byte(packed & 0xff);
      writer.byte((packed >>> 8) & 0xff);
      writer.byte(packed >>> 16);
    }
  }

  static read(reader: ByteReader): HyperLogLog {
    const sketch = new HyperLogLog();
    for (let i = 0; i < REGISTERS; i += 4) {
      const packed = reader.byte() | (reader.byte() << 8) | (reader.byte() << 16);
      for (let j = 0; j < 4; j++) {
        const rank = (packed >>> (6 * j)) & 0x3f;
        if (rank > REST + 1) throw damaged(`rank ${rank} is more than ${REST + 1}`);
        sketch.#registers[i + j] = rank;
      }
    }
    return sketch;
  }
}

/** x + Σ x^(2^k) · 2^(k - 1): what registers without a hash tell. */
function sigma(share: number): number {
  if (share === 1) return Infinity;
  let x = share;
  let z = x;
  let before: number;
  let power = 1;
  do {
    x *= x;
    before = z;
    z += x * power;
    power *= 2;
  } while (z !== before);
  return z;
}

/** (1 - x - Σ (1 - x^(2^-k))² · 2^-k) / 3: what registers that are full tell. */
function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let z = 1 - x;
  let before: number;
  let power = 1;
  do {
    x = Math.sqrt(x);
    before = z;
    power *= 0.5;
    z -= (1 - x) * (1 - x) * power;
  } while (z !== before);
  return z / 3;
}
