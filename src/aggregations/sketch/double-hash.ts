import { highBitsOf, lowBitsOf } from "./double-bits.ts";

/** Keys of the rounds: the fractions of √2, √3, √5 and √7, which have nothing to hide. */
const KEYS = Int32Array.of(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a);

/**
 * Writes the hash of a double, by its 64 bits, as two words to `into`; 0 and -0 have one.
 *
 * A Feistel network of four rounds whose function is the finaliser of MurmurHash3 (A. Appleby): a
 * permutation of the 64 bits, so that two values never have the same hash, and one in which every bit of
 * the value decides about every bit of the hash.
 */
export function hashDouble(value: number, into: Int32Array): void {
  const bits = value + 0; // -0 + 0 is 0
  let left = highBitsOf(bits);
  let right = lowBitsOf(bits);
  for (let round = 0; round < 4; round++) {
    const mixed = left ^ mix(right + KEYS[round]!);
    left = right;
    right = mixed;
  }
  into[0] = left;
  into[1] = right;
}

/** The finaliser of MurmurHash3 for 32 bits. */
function mix(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
