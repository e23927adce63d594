import { type Binary, exactly, nearestDouble, sumExactly } from "./rational.ts";

/** Σ(x - mean)² / (n - 1), or / n, rounded once. */
export function varianceExactly(values: readonly number[], by: "sample" | "population"): number {
  const { numerator: sum, shift } = sumExactly(values);
  let squares = 0n;
  for (const value of values) {
    const x = scaled(exactly(value), shift);
    squares += x * x;
  }
  const n = BigInt(values.length);
  // n·Σx² - (Σx)² is n times the sum of the squared distances.
  const numerator = n * squares - sum * sum;
  const divisor = by === "sample" ? n - 1n : n;
  return nearestDouble(numerator, (n * divisor) << (2n * shift));
}

/** Of ascending values the one at (n - 1)·part/of, between two by proportion, rounded once. */
export function quantileExactly(
  sorted: ArrayLike<number>,
  q: { readonly part: number; readonly of: number },
): number {
  const whole = BigInt(q.of);
  const rank = BigInt(sorted.length - 1) * BigInt(q.part);
  const below = Number(rank / whole);
  const rest = rank % whole;
  const shift = 1_074n;
  const low = scaled(exactly(sorted[below]!), shift);
  const high = scaled(exactly(sorted[Math.min(below + 1, sorted.length - 1)]!), shift);
  return nearestDouble(low * (whole - rest) + high * rest, whole << shift);
}

/** Bits behind the point of fixed numbers. */
const BITS = 256n;

const LN2 = naturalLogarithmOfTwo();

/** Σ v·2^(t/h) / Σ 2^(t/h), rounded once; for times that span no more than some thousand half-lives. */
export function ewmaExactly(
  events: readonly { readonly value: number; readonly time: number }[],
  halfLife: number,
): number {
  const h = BigInt(halfLife);
  const oldest = BigInt(events.reduce((least, { time }) => Math.min(least, time), Infinity));
  let values = 0n;
  let weights = 0n;
  for (const { value, time } of events) {
    const since = BigInt(time) - oldest;
    const weight = powerOfTwo(since % h, h) << (since / h);
    values += scaled(exactly(value), 1_074n) * weight;
    weights += weight;
  }
  return nearestDouble(values, weights << 1_074n);
}

function scaled({ numerator, shift }: Binary, to: bigint): bigint {
  return numerator << (to - shift);
}

/** 2^(part/of) as a fixed number, by the series of the exponential function. */
function powerOfTwo(part: bigint, of: bigint): bigint {
  const x = (LN2 * part) / of;
  let term = 1n << BITS;
  let total = 0n;
  for (let k = 1n; term > 0n; k++) {
    total += term;
    term = ((term * x) >> BITS) / k;
  }
  return total;
}

/** Σ 1 / (k·2^k). */
function naturalLogarithmOfTwo(): bigint {
  let total = 0n;
  for (let k = 1n; k <= BITS; k++) total += (1n << BITS) / (k << k);
  return total;
}
