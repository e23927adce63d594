import { digitsBefore } from "./digits.ts";

const QUOTE = 34;
const POINT = 46;
const ZERO = 48;

/**
 * The offset behind the JSON string that begins at `start`; -1 when none does, or when it has escapes or is
 * not UTF-8 (RFC 3629). A zero byte behind the input ends the walk.
 */
export function textEnd(bytes: Uint8Array, view: DataView, start: number): number {
  if (bytes[start] !== QUOTE) return -1;
  let p = start + 1;
  for (;;) {
    // Four bytes at a time, up to the first that is a quote, a backslash, a control character or not ASCII:
    // of such a byte, and of none before it, the uppermost bit is set in one of these four words.
    const four = view.getInt32(p, true);
    const odd =
      (((four ^ 0x22222222) - 0x01010101) |
        ((four ^ 0x5c5c5c5c) - 0x01010101) |
        (four - 0x20202020) |
        four) &
      0x80808080;
    if (odd === 0) {
      p += 4;
      continue;
    }
    p += (31 - Math.clz32(odd & -odd)) >> 3;
    const byte = bytes[p]!;
    if (byte === QUOTE) return p + 1;
    if (byte < 0x80) return -1;
    p = characterEnd(bytes, p);
    if (p < 0) return -1;
  }
}

/** The offset behind the character of several bytes at `start`; -1 when it is none. */
function characterEnd(bytes: Uint8Array, start: number): number {
  const lead = bytes[start]!;
  const second = bytes[start + 1]!;
  if (lead < 0xc2 || lead > 0xf4) return -1;
  if (lead < 0xe0) return isInside(second) ? start + 2 : -1;
  if (!isInside(second) || !isInside(bytes[start + 2]!)) return -1;
  if (lead < 0xf0) {
    // Neither what two bytes could say, nor a half of a surrogate pair.
    if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f)) return -1;
    return start + 3;
  }
  if (!isInside(bytes[start + 3]!)) return -1;
  if ((lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f)) return -1;
  return start + 4;
}

function isInside(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/**
 * The offset behind the unsigned JSON number without an exponent that begins at `start`; -1 when none does.
 * What may not stand behind a number is not looked at.
 */
export function numberEnd(view: DataView, start: number): number {
  let p = digitsEnd(view, start);
  if (p === start || (view.getUint8(start) === ZERO && p > start + 1)) return -1;
  if (view.getUint8(p) !== POINT) return p;
  const fraction = p + 1;
  p = digitsEnd(view, fraction);
  return p === fraction ? -1 : p;
}

function digitsEnd(view: DataView, start: number): number {
  let p = start;
  for (;;) {
    const count = digitsBefore(view.getInt32(p, true));
    p += count;
    if (count < 4) return p;
  }
}
