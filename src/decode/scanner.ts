import { type EventColumns, type EventTaker, FOLD, type OpenCells } from "../core/columns.ts";
import { LINE_BYTES_MAX, NAME_BYTES_MAX } from "../core/limits.ts";
import { PAGE_CELLS_SHIFT } from "../core/stored.ts";
import { microsWithin } from "./check-event.ts";
import type { DecodeInput, DecoderOptions } from "./decoder.ts";
import { digitsBefore, digitsOf } from "./digits.ts";
import {
  FUNCTION_1,
  FUNCTION_2,
  FUNCTION_3,
  HAS_ALL,
  HAS_NAME,
  HAS_TIME,
  HAS_VALUE,
  NAME_1,
  NAME_2,
  THREE_BYTES,
  TIME_1,
  TIME_2,
  TIME_3,
  VALUE_1,
  VALUE_2,
  wordOf,
} from "./event-keys.ts";
import { FunctionWords } from "./function-words.ts";
import {
  ENTRY_SHIFT,
  ENTRY_WORDS,
  HASH,
  hasEscapes,
  IGNORED,
  INLINE,
  INLINE_BYTES,
  LENGTH,
  type NameTable,
  NUMBER,
  OFFSET,
} from "./name-table.ts";
import { NumberReader } from "./number-reader.ts";
import { POWERS_OF_TEN } from "./powers-of-ten.ts";

const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const LINE_FEED = 10;
const RETURN = 13;
const BRACE_OPEN = 123;
const BRACE_CLOSE = 125;

/** No cells are open. */
const CLOSED: OpenCells = {
  start: Infinity,
  end: -Infinity,
  cells: new Float64Array(0),
  changedPages: new Uint8Array(0),
  offsets: new Int32Array(0),
  stride: 1,
  folds: new Uint8Array(256),
};

const INT_POWERS = new Int32Array([1, 10, 100, 1000]);

/**
 * The fast road: lines of the usual form (the four known fields in any order, at most one space behind
 * a colon or a comma, no escapes) go from bytes to columns without an object or a string. It looks at
 * 32 bits at a time and leaves every line that it does not fully understand untouched to the caller.
 *
 * Loads may look a few bytes behind the line; a line counts only when its line feed stands before the
 * end of the input. Behind the end there must be zero bytes, which end every loop.
 */
export class Scanner {
  readonly #names: NameTable;
  readonly #options: DecoderOptions;
  readonly #functions: FunctionWords;
  readonly #numbers = new NumberReader();
  readonly #nameText = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  // The first eight digits of a ten-digit timestamp change every hundred seconds: they are kept.
  #timeWord1 = wordOf("1700");
  #timeWord2 = wordOf("0000");
  #timeBase = 1_700_000_000;

  constructor(options: DecoderOptions, names: NameTable) {
    this.#options = options;
    this.#names = names;
    this.#functions = new FunctionWords(options.functions);
  }

  /**
   * Decodes lines until one is not for it, or `received` of the columns reaches `receivedMax`: hands the
   * events to the taker, and from the first on that it does not take, into the columns.
   */
  scan(
    input: DecodeInput,
    columns: EventColumns,
    {
      receivedMax,
      taker: given,
    }: { readonly receivedMax: number; readonly taker?: EventTaker | undefined },
  ): void {
    const { bytes, view, end } = input;
    const names = this.#names;
    const numbers = this.#numbers;
    const functions = this.#functions;
    const seed = names.seed;
    const inSeconds = this.#options.unit === "s";
    const { timeMin, timeMax } = this.#options;
    const { name: nameColumn, fn: fnColumn, value: valueColumn, time: timeColumn } = columns;
    const { line: lineColumn, start: startColumn } = columns;
    let entries = names.entries;
    let arenaView = names.arenaView;
    let mask = entries.length - 1;
    let timeWord1 = this.#timeWord1;
    let timeWord2 = this.#timeWord2;
    let timeBase = this.#timeBase;
    let length = columns.length;
    let newest = columns.newest;
    let taker = columns.length === 0 ? given : undefined;
    let { start: paneStart, end: paneEnd, cells, changedPages, offsets } = taker?.open ?? CLOSED;
    const { stride, folds } = taker?.open ?? CLOSED;
    let added = 0;
    let newestAdded = -Infinity;
    let lines = input.line;
    let left = receivedMax - columns.received;
    let lineStart = input.at;

    line: while (lineStart < end && left > 0) {
      let p = lineStart;
      if (bytes[p] !== BRACE_OPEN) break;
      p++;
      let seen = 0;
      let entry = 0;
      let fn = 0;
      let value = 0;
      let time = 0;
      for (;;) {
        const key = view.getInt32(p, true);
        if (key === NAME_1) {
          if ((view.getInt32(p + 4, true) & THREE_BYTES) !== NAME_2) break line;
          p += 7;
          if (bytes[p] === SPACE) p++;
          if (bytes[p] !== QUOTE) break line;
          p++;
          // Walk to the closing quote, word by word, hashing on the way (`NameTable.hashOf`).
          const nameStart = p;
          let hash = seed;
          let last = 0;
          let quotes = 0;
          for (;;) {
            last = view.getInt32(p, true);
            const x = last ^ 0x22222222; // a quote becomes a zero byte
            quotes = (x - 0x01010101) & ~x & 0x80808080;
            if (quotes !== 0) break;
            hash = Math.imul(hash ^ last, 0x9e3779b1);
            hash ^= hash >>> 13;
            p += 4;
            if (p >= end) break line;
          }
          const rest = (31 - Math.clz32(quotes & -quotes)) >> 3; // bytes before the quote
          const restMask = (1 << (rest << 3)) - 1;
          last &= restMask;
          const whole = p - nameStart;
          p += rest;
          const nameLength = whole + rest;
          hash = Math.imul(hash ^ last, 0x9e3779b1);
          hash = ((hash ^ (hash >>> 16)) + nameLength) | 0;
          entry = ((hash ^ (hash >>> 15)) << ENTRY_SHIFT) & mask;
          for (;;) {
            const found = entries[entry + LENGTH]!;
            if (entries[entry + HASH] === hash && found === nameLength) {
              let differ = 0;
              if (nameLength < INLINE_BYTES) {
                const inline = entry + INLINE;
                let i = 0;
                for (; i < whole; i += 4) {
                  differ |= entries[inline + (i >> 2)]! ^ view.getInt32(nameStart + i, true);
                }
                differ |= (entries[inline + (i >> 2)]! & restMask) ^ last;
              } else {
                const offset = entries[entry + OFFSET]!;
                let i = 0;
                for (; i < whole; i += 4) {
                  differ |=
                    arenaView.getInt32(offset + i, true) ^ view.getInt32(nameStart + i, true);
                }
                if (rest > 0) differ |= (arenaView.getInt32(offset + i, true) & restMask) ^ last;
              }
              if (differ === 0) break;
            } else if (found < 0) {
              entry = this.#intern(bytes, nameStart, nameLength, hash);
              if (entry < 0) break line;
              entries = names.entries;
              arenaView = names.arenaView;
              mask = entries.length - 1;
              break;
            }
            entry = (entry + ENTRY_WORDS) & mask;
          }
          p++;
          seen |= HAS_NAME;
        } else if (key === VALUE_1) {
          if (view.getInt32(p + 4, true) !== VALUE_2) break line;
          p += 8;
          if (bytes[p] === SPACE) p++;
          const sign = bytes[p] === MINUS ? 1 : 0;
          p += sign;
          // One to three digits, a point, one to three digits: two loads and no loop.
          const word0 = view.getInt32(p, true);
          const digits0 = digitsBefore(word0);
          const word1 = view.getInt32(p + digits0 + 1, true);
          const digits1 = digitsBefore(word1);
          const first = bytes[p]!;
          if (
            digits0 > 0 &&
            digits0 < 4 &&
            bytes[p + digits0] === POINT &&
            digits1 > 0 &&
            digits1 < 4 &&
            (first !== 48 || digits0 === 1) &&
            (bytes[p + digits0 + 1 + digits1]! | 32) !== 101
          ) {
            const whole = digitsOf(word0, digits0);
            const fraction = digitsOf(word1, digits1);
            value = (Math.imul(whole, INT_POWERS[digits1]!) + fraction) / POWERS_OF_TEN[digits1]!;
            p += digits0 + 1 + digits1;
          } else {
            p = numbers.read(view, p);
            if (p < 0) break line;
            value = numbers.value;
          }
          if (sign === 1) value = -value;
          seen |= HAS_VALUE;
        } else if (key === TIME_1) {
          if (view.getInt32(p + 4, true) !== TIME_2 || view.getInt32(p + 8, true) !== TIME_3) {
            break line;
          }
          p += 12;
          if (bytes[p] === SPACE) p++;
          const word1 = view.getInt32(p, true);
          const word2 = view.getInt32(p + 4, true);
          const tens = bytes[p + 8]! - 48;
          const ones = bytes[p + 9]! - 48;
          const after = bytes[p + 10]!;
          let plain = inSeconds && tens >>> 0 <= 9 && ones >>> 0 <= 9 && (after - 48) >>> 0 > 9;
          if (plain && (word1 !== timeWord1 || word2 !== timeWord2)) {
            plain = digitsBefore(word1) === 4 && digitsBefore(word2) === 4 && bytes[p] !== 48;
            if (plain) {
              timeWord1 = word1;
              timeWord2 = word2;
              timeBase = (digitsOf(word1, 4) * 10_000 + digitsOf(word2, 4)) * 100;
            }
          }
          // Below 2^32 s the sixth fraction digit is still exact in a double; see microsOfTimestamp.
          if (plain && timeBase < 4_294_967_200) {
            const seconds = timeBase + tens * 10 + ones;
            let q = p + 10;
            let micros = 0;
            let digits = 0;
            if (after === POINT) {
              q++;
              let digit = bytes[q]! - 48;
              while (digit >>> 0 <= 9 && digits < 7) {
                micros = micros * 10 + digit;
                digits++;
                digit = bytes[++q]! - 48;
              }
              plain = digits > 0 && digits < 7 && (bytes[q]! | 32) !== 101;
            } else {
              plain = (after | 32) !== 101;
            }
            if (plain) {
              time = seconds * 1_000_000 + micros * POWERS_OF_TEN[6 - digits]!;
              p = q;
              if (time < timeMin || time > timeMax) break line;
            }
          } else {
            plain = false;
          }
          if (!plain) {
            const sign = bytes[p] === MINUS ? 1 : 0;
            p = numbers.read(view, p + sign);
            if (p < 0) break line;
            const timestamp = sign === 1 ? -numbers.value : numbers.value;
            const within = microsWithin(timestamp, this.#options.unit, this.#options);
            if (within === undefined) break line;
            time = within;
          }
          seen |= HAS_TIME;
        } else if (key === FUNCTION_1) {
          if (
            view.getInt32(p + 4, true) !== FUNCTION_2 ||
            (view.getInt32(p + 8, true) & THREE_BYTES) !== FUNCTION_3
          ) {
            break line;
          }
          p += 11;
          if (bytes[p] === SPACE) p++;
          if (bytes[p] !== QUOTE) break line;
          p++;
          const text = view.getInt32(p, true);
          const slot = (text >> 16) & 7;
          if (functions.words[slot] === text) {
            fn = functions.indexes[slot]!;
            p += 4;
          } else {
            fn = functions.find(bytes, p);
            if (fn < 0) break line;
            p += functions.lengthOf(fn);
          }
        } else {
          break line;
        }
        const after = bytes[p];
        p++;
        if (after === COMMA) {
          if (bytes[p] === SPACE) p++;
        } else if (after === BRACE_CLOSE) {
          break;
        } else {
          break line;
        }
      }
      if (seen !== HAS_ALL) break;
      if (bytes[p] === RETURN) p++;
      if (bytes[p] !== LINE_FEED || p >= end || p - lineStart > LINE_BYTES_MAX) break;

      left--;
      const name = entries[entry + NUMBER]!;
      if (name === IGNORED) {
        columns.filtered++;
      } else {
        // Most events go where those before them went: the pane is open, and their series has cells in it.
        // It is done here, since a call would cost more than the adding.
        const key = name * stride + fn;
        const isIn = time >= paneStart && time < paneEnd && key < offsets.length;
        const at = isIn ? offsets[key]! : -1;
        const count = at < 0 ? 0 : cells[at]!;
        const fold = folds[fn]!;
        if (count > 0 && fold !== FOLD.byAdd) {
          cells[at] = count + 1;
          changedPages[at >> PAGE_CELLS_SHIFT] = 1;
          const held = cells[at + 1]!;
          if (fold === FOLD.sum) {
            const sum = held + value;
            const isLarger = Math.abs(held) >= Math.abs(value);
            cells[at + 2]! += isLarger ? held - sum + value : value - sum + held;
            cells[at + 1] = sum;
          } else if (fold === FOLD.min ? value < held : value > held) {
            cells[at + 1] = value;
          }
          added++;
          if (time > newestAdded) newestAdded = time;
        } else {
          if (taker !== undefined) {
            taker.added(added, newestAdded);
            added = 0;
            newestAdded = -Infinity;
            // What is behind an event in the columns must not overtake it.
            if (!taker.take(name, fn, value, time)) taker = undefined;
            ({
              start: paneStart,
              end: paneEnd,
              cells,
              changedPages,
              offsets,
            } = taker?.open ?? CLOSED);
          }
          if (taker === undefined) {
            nameColumn[length] = name;
            fnColumn[length] = fn;
            valueColumn[length] = value;
            timeColumn[length] = time;
            if (time > newest) newest = time;
            lineColumn[length] = lines;
            startColumn[length] = lineStart;
            length++;
          }
        }
      }
      lines++;
      lineStart = p + 1;
    }

    taker?.added(added, newestAdded);
    this.#timeWord1 = timeWord1;
    this.#timeWord2 = timeWord2;
    this.#timeBase = timeBase;
    columns.length = length;
    columns.newest = newest;
    columns.received = receivedMax - left;
    input.line = lines;
    input.at = lineStart;
  }

  /** Adds a name that is new. -1 for one that only the JSON road may judge: escapes, bad UTF-8 … */
  #intern(bytes: Uint8Array, at: number, length: number, hash: number): number {
    if (length === 0 || length > NAME_BYTES_MAX) return -1;
    const name = bytes.subarray(at, at + length);
    if (hasEscapes(name)) return -1;
    let text: string;
    try {
      text = this.#nameText.decode(name);
    } catch {
      return -1;
    }
    return this.#names.insert(bytes, { at, length, hash, text });
  }
}
