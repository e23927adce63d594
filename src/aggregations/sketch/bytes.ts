/** Writes whole numbers and doubles one after the other, as small as they are. */
export class ByteWriter {
  #view = new DataView(new ArrayBuffer(64));
  #length = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#view.setUint8(this.#length++, value);
  }

  /** A whole number from 0 to 2^53 - 1: seven bits a byte, the lowest first. */
  whole(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#view.setUint8(this.#length++, (rest % 0x80) + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#view.setUint8(this.#length++, rest);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** What was written. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#view.buffer.slice(0, this.#length));
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#view.byteLength) return;
    const larger = new Uint8Array(2 * this.#view.byteLength);
    larger.set(new Uint8Array(this.#view.buffer));
    this.#view = new DataView(larger.buffer);
  }
}

/** Reads what a {@link ByteWriter} wrote. Everything throws an `Error` where the bytes cannot be such. */
export class ByteReader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    this.#require(1);
    return this.#view.getUint8(this.#at++);
  }

  /** A whole number up to `max`. */
  whole(max: number = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * unit;
      if (value > max) throw damaged(`${value} is more than ${max}`);
      if (byte < 0x80) return value;
      unit *= 0x80;
      if (unit > Number.MAX_SAFE_INTEGER) throw damaged("a number has too many digits");
    }
  }

  /** A finite double. */
  double(): number {
    this.#require(8);
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    if (!Number.isFinite(value)) throw damaged(`${value} is not finite`);
    return value;
  }

  /** That nothing follows. */
  end(): void {
    const more = this.#view.byteLength - this.#at;
    if (more > 0) throw damaged(`${more} bytes follow its end`);
  }

  #require(more: number): void {
    if (this.#at + more > this.#view.byteLength) throw damaged("it ends too early");
  }
}

/** The error for bytes that no state gives. */
export function damaged(what: string): Error {
  return new Error(`Cannot read the state of a function: ${what}`);
}
