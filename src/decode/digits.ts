/** How many of four bytes, the first being the lowest, are decimal digits from the first on: 0 to 4. */
export function digitsBefore(four: number): number {
  const t = four ^ 0x30303030; // digits become 0 to 9
  const other = (((t & 0x7f7f7f7f) + 0x76767676) | t) & 0x80808080;
  return other === 0 ? 4 : (31 - Math.clz32(other & -other)) >> 3;
}

/** The number that the first `count` bytes (1 to 4) write in decimal digits. */
export function digitsOf(four: number, count: number): number {
  // Shifted up, the missing leading digits become zeros; then pairs, then pairs of pairs are joined.
  const digits = (four << (32 - (count << 3))) & 0x0f0f0f0f;
  const pairs = (Math.imul(digits, 2561) >>> 8) & 0x00ff00ff;
  return Math.imul(pairs, 6553601) >>> 16;
}
