import { highBitsOf, lowBitsOf } from "./double-bits.ts";

/**
 * Writes the hash of a double, by its 64 bits, as two words to `into`; 0 and -0 have one.
 *
 * A Feistel network of four rounds whose function is the finaliser of MurmurHash3 (A. Appleby): a
 * permutation of the 64 bits, so that two values never have the same hash, and one in which every bit of
 * the value decides about every bit of the hash. The keys are first digits of the fractions of √2, √3, √5
 * and √7, which have nothing to hide.
 */
export function hashDouble(value: number, into: Int32Array): void {
  const bits = value + 0; // -0 + 0 is 0
  let left = highBitsOf(bits);
  let right = lowBitsOf(bits);
  // Written out: it stands in the hot path, and a loop over keys is slower.
  left ^= mix(right + 0x6a09e667);
  right ^= mix(left + 0xbb67ae85);
  left ^= mix(right + 0x3c6ef372);
  right ^= mix(left + 0xa54ff53a);
  into[0] = left;
  into[1] = right;
}

/** The finaliser of MurmurHash3 for 32 bits. */
function mix(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
