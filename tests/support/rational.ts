/** An exact number: `numerator / 2^shift`. Every double is one. */
export interface Binary {
  readonly numerator: bigint;
  readonly shift: bigint;
}

const view = new DataView(new ArrayBuffer(8));

/** A finite double, exactly. */
export function exactly(x: number): Binary {
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = exponent === 0n ? fraction : fraction | 0x10000000000000n;
  const power = (exponent === 0n ? 1n : exponent) - 1075n;
  const signed = bits >> 63n === 1n ? -mantissa : mantissa;
  return power >= 0n
    ? { numerator: signed << power, shift: 0n }
    : { numerator: signed, shift: -power };
}

/** The exact sum. */
export function sumExactly(values: Iterable<number>): Binary {
  let numerator = 0n;
  const shift = 1074n; // the finest of all doubles
  for (const value of values) {
    const { numerator: own, shift: by } = exactly(value);
    numerator += own << (shift - by);
  }
  return { numerator, shift };
}

export function minus(a: Binary, b: Binary): Binary {
  const shift = a.shift > b.shift ? a.shift : b.shift;
  return {
    numerator: (a.numerator << (shift - a.shift)) - (b.numerator << (shift - b.shift)),
    shift,
  };
}

/** The double nearest to `numerator / denominator`, ties to even; for quotients within the normal range. */
export function nearestDouble(numerator: bigint, denominator: bigint): number {
  if (numerator === 0n) return 0;
  const negative = numerator < 0n !== denominator < 0n;
  let n = numerator < 0n ? -numerator : numerator;
  let d = denominator < 0n ? -denominator : denominator;
  // Scale so that the quotient has 55 or 56 bits: two or three more than a double, and the rest is sticky.
  const bitsOf = (x: bigint): number => x.toString(2).length;
  const shift = 56 - (bitsOf(n) - bitsOf(d));
  if (shift >= 0) n <<= BigInt(shift);
  else d <<= BigInt(-shift);
  const quotient = n / d;
  const sticky = n % d === 0n ? 0n : 1n;
  const extra = BigInt(bitsOf(quotient) - 53);
  const low = ((quotient & ((1n << extra) - 1n)) << 1n) | sticky;
  let mantissa = quotient >> extra;
  const half = 1n << extra;
  if (low > half || (low === half && mantissa % 2n === 1n)) mantissa += 1n;
  // Twice, since 2^-1074 to 2^1023 is more than one power of two can hold.
  const power = Number(extra) - shift;
  const value =
    Number(mantissa) * 2 ** Math.trunc(power / 2) * 2 ** (power - Math.trunc(power / 2));
  return negative ? -value : value;
}

/** An exact number as the nearest double. */
export function toDouble(x: Binary): number {
  return nearestDouble(x.numerator, 1n << x.shift);
}

/** The exact value of a decimal as JSON writes it. */
export function ratioOfDecimal(text: string): { numerator: bigint; denominator: bigint } {
  const match = /^(-?\d+)(?:\.(\d+))?$/.exec(text)!;
  const fraction = match[2] ?? "";
  return { numerator: BigInt(match[1]! + fraction), denominator: 10n ** BigInt(fraction.length) };
}
