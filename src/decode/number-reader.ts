/** 10^0 to 10^22: the powers of ten that a double holds exactly. */
export const POWERS_OF_TEN = new Float64Array(23).map((_, exponent) => Number(`1e${exponent}`));

const ZERO = 48;
const POINT = 46;
const PLUS = 43;
const MINUS = 45;
const LOWER_E = 101;

/**
 * Reads an unsigned JSON number (RFC 8259, section 6) out of bytes, as the double that `JSON.parse`
 * gives. A mantissa below 2^53 over a power of ten up to 10^22 needs but one, correctly rounded
 * division (W. D. Clinger, "How to Read Floating Point Numbers Accurately", 1990); everything else
 * is left to `Number`.
 */
export class NumberReader {
  /** What the last successful `read` read. */
  value = 0;

  /**
   * @returns The offset behind the number; -1 when there is none, or when it is beyond a double.
   */
  read(bytes: Uint8Array, start: number): number {
    let p = start;
    let digit = bytes[p]! - ZERO;
    if (digit >>> 0 > 9) return -1;
    let mantissa = digit;
    digit = bytes[++p]! - ZERO;
    if (mantissa === 0) {
      if (digit >>> 0 <= 9) return -1; // a leading zero
    } else {
      while (digit >>> 0 <= 9) {
        mantissa = mantissa * 10 + digit;
        digit = bytes[++p]! - ZERO;
      }
    }
    let fraction = 0;
    if (bytes[p] === POINT) {
      const from = ++p;
      digit = bytes[p]! - ZERO;
      while (digit >>> 0 <= 9) {
        mantissa = mantissa * 10 + digit;
        digit = bytes[++p]! - ZERO;
      }
      fraction = p - from;
      if (fraction === 0) return -1;
    }
    if ((bytes[p]! | 32) === LOWER_E) {
      p++;
      if (bytes[p] === PLUS || bytes[p] === MINUS) p++;
      const from = p;
      while ((bytes[p]! - ZERO) >>> 0 <= 9) p++;
      if (p === from) return -1;
    } else if (mantissa < 9_007_199_254_740_992 && fraction <= 22) {
      this.value = fraction === 0 ? mantissa : mantissa / POWERS_OF_TEN[fraction]!;
      return p;
    }
    this.value = Number(asciiText(bytes, start, p));
    return Number.isFinite(this.value) ? p : -1;
  }
}

function asciiText(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
