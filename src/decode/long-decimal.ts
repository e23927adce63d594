import { POWERS_OF_TEN } from "./powers-of-ten.ts";

/** 2^27 + 1: cuts a double into two halves whose products are exact. */
const SPLITTER = 134_217_729;
/** Much more than what the second quotient may be wrong by, relatively, and much less than 1. */
const DOUBT = 1 + 2 ** -30;

/**
 * The double nearest to (`head` · 10^`tailDigits` + `tail`) / 10^`fraction`, for more digits than a double
 * holds: the quotient and its remainder, both exact, give a second quotient; where their sum is so near to
 * the middle between two doubles that this is not enough to tell, the answer is NaN.
 *
 * Exact product: T. J. Dekker, "A Floating-Point Technique for Extending the Available Precision", 1971;
 * test of the rounding: A. Ziv, "Fast Evaluation of Elementary Mathematical Functions with Correctly
 * Rounded Last Bit", 1991.
 *
 * @param head Below 10^15. @param tail Below 10^`tailDigits`, and that is 10^8 at most; the whole is 2^53 or
 *   more. @param fraction 0 to 22.
 */
export function longDecimal(
  head: number,
  tail: number,
  { tailDigits, fraction }: { readonly tailDigits: number; readonly fraction: number },
): number {
  const scale = POWERS_OF_TEN[tailDigits]!;
  const divisor = POWERS_OF_TEN[fraction]!;
  // The number is whole + rest, both integers, the rest no more than what `whole` rounds.
  const product = head * scale;
  const whole = product + tail;
  const rest = productError(head, scale, product) + (tail - (whole - product));
  const quotient = whole / divisor;
  const back = quotient * divisor;
  const remainder = whole - back - productError(quotient, divisor, back) + rest;
  const correction = remainder / divisor;
  const nearest = quotient + correction;
  const lost = correction - (nearest - quotient);
  return nearest + lost * DOUBT === nearest ? nearest : Number.NaN;
}

/** What rounding took from a product: a · b = product + the error, exactly. */
function productError(a: number, b: number, product: number): number {
  const aUp = SPLITTER * a;
  const aHigh = aUp - (aUp - a);
  const aLow = a - aHigh;
  const bUp = SPLITTER * b;
  const bHigh = bUp - (bUp - b);
  const bLow = b - bHigh;
  return aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow;
}
