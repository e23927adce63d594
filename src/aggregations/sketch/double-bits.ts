const doubles = new Float64Array(1);
const words = new Int32Array(doubles.buffer);

/** The place of the word with the sign: the byte order of the machine decides. */
const HIGH = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;
const LOW = 1 - HIGH;

/** The upper 32 bits of a double: sign, exponent and 20 bits of the fraction. Negative for negatives. */
export function highBitsOf(value: number): number {
  doubles[0] = value;
  return words[HIGH]!;
}

/** The lower 32 bits of a double. */
export function lowBitsOf(value: number): number {
  doubles[0] = value;
  return words[LOW]!;
}

/** The double with these upper bits, and zeros below. */
export function fromHighBits(high: number): number {
  words[HIGH] = high;
  words[LOW] = 0;
  return doubles[0]!;
}
