import { digitsBefore, digitsOf } from "./digits.ts";
import { longDecimal } from "./long-decimal.ts";
import { POWERS_OF_TEN } from "./powers-of-ten.ts";

const ZERO = 48;
const POINT = 46;
const PLUS = 43;
const MINUS = 45;
const LOWER_E = 101;

/** So many digits are always below 2^53. */
const HEAD_DIGITS_MAX = 15;
/** Beyond them the remaining digits may not be gathered exactly. */
const DIGITS_MAX = 19;
const FRACTION_MAX = 22;

/**
 * Reads an unsigned JSON number (RFC 8259, section 6) out of bytes, as the double that `JSON.parse`
 * gives. A mantissa below 2^53 over a power of ten up to 10^22 needs but one, correctly rounded
 * division (W. D. Clinger, "How to Read Floating Point Numbers Accurately", 1990); one of up to 19
 * digits, as programs print doubles, is divided in two steps; everything else is left to `Number`.
 */
export class NumberReader {
  /** What the last successful `read` read. */
  value = 0;

  /**
   * @param view Three bytes behind the number must be readable.
   * @returns The offset behind the number; -1 when there is none, or when it is beyond a double.
   */
  read(view: DataView, start: number): number {
    let p = start;
    // The digits, four at a time: `head`, and behind it those that would no longer be exact there.
    let head = 0;
    let tail = 0;
    let tailDigits = 0;
    let digits = 0;
    let point = -1;
    for (;;) {
      const four = view.getInt32(p, true);
      const count = digitsBefore(four);
      if (count > 0) {
        const part = digitsOf(four, count);
        const scale = POWERS_OF_TEN[count]!;
        digits += count;
        p += count;
        if (digits <= HEAD_DIGITS_MAX) {
          head = head * scale + part;
        } else {
          tail = tail * scale + part;
          tailDigits += count;
        }
        if (count === 4) continue;
      }
      if (point >= 0 || view.getUint8(p) !== POINT) break;
      point = p++;
    }
    const wholeDigits = (point < 0 ? p : point) - start;
    if (wholeDigits === 0 || (wholeDigits > 1 && view.getUint8(start) === ZERO)) return -1;
    const fraction = point < 0 ? 0 : p - point - 1;
    if (point >= 0 && fraction === 0) return -1;
    if ((view.getUint8(p) | 32) === LOWER_E) {
      const from = exponentAt(view, p);
      p = endOfDigits(view, from);
      if (p === from) return -1;
    } else if (digits <= DIGITS_MAX && fraction <= FRACTION_MAX) {
      const mantissa = head * POWERS_OF_TEN[tailDigits]! + tail;
      this.value =
        mantissa <= Number.MAX_SAFE_INTEGER
          ? mantissa / POWERS_OF_TEN[fraction]!
          : longDecimal(head, tail, { tailDigits, fraction });
      if (!Number.isNaN(this.value)) return p;
    }
    this.value = Number(asciiText(view, start, p));
    return Number.isFinite(this.value) ? p : -1;
  }
}

/** Where the digits of the exponent begin whose letter stands at `p`. */
function exponentAt(view: DataView, p: number): number {
  const sign = view.getUint8(p + 1);
  return sign === PLUS || sign === MINUS ? p + 2 : p + 1;
}

function endOfDigits(view: DataView, from: number): number {
  let p = from;
  while ((view.getUint8(p) - ZERO) >>> 0 <= 9) p++;
  return p;
}

function asciiText(view: DataView, from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i++) text += String.fromCharCode(view.getUint8(i));
  return text;
}
