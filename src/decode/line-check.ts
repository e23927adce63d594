import { LABELS_MAX, LINE_BYTES_MAX, NAME_BYTES_MAX, SCAN_SLACK_BYTES } from "../core/limits.ts";
import type { TimestampUnit } from "../core/time.ts";
import type { EventRules } from "./check-event.ts";
import type { DecodeInput } from "./decoder.ts";
import {
  FUNCTION_1,
  FUNCTION_2,
  FUNCTION_3,
  HAS_ALL,
  HAS_NAME,
  HAS_TIME,
  HAS_VALUE,
  ID,
  LABELS_1,
  LABELS_2,
  NAME_1,
  NAME_2,
  THREE_BYTES,
  TIME_1,
  TIME_2,
  TIME_3,
  VALUE_1,
  VALUE_2,
} from "./event-keys.ts";
import { FunctionWords } from "./function-words.ts";
import { numberEnd, textEnd } from "./json-walk.ts";

const LINE_FEED = 10;
const RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const COLON = 58;
const BRACE_OPEN = 123;
const BRACE_CLOSE = 125;

/** So many digits are a whole number that a double holds exactly. */
const EXACT_DIGITS_MAX = 15;

/** So many digits without an exponent are never beyond a double. */
const FINITE_DIGITS_MAX = 300;

/** Seconds between the bounds and what is surely within them: no rounding is larger. */
const TIME_MARGIN_S = 1;

/** Farther from 1970 no time is taken, whatever the bounds: see `microsWithin`. */
const TIME_MAX_S = 8.5e9;

const UNIT_PER_SECOND: Readonly<Record<TimestampUnit, number>> = {
  s: 1,
  ms: 1e3,
  us: 1e6,
  ns: 1e9,
};

/**
 * Finds the lines that surely are events, byte by byte: `checkEvent` takes each of them. What it leaves may
 * be an event too; only the JSON road can tell. It knows the lines of usual producers: the known fields in
 * any order, ids and labels included, further fields with a text or a number, at most one space behind a
 * colon or a comma, no escapes. Nothing is read into anything, so it remembers nothing either.
 */
export class LineCheck {
  readonly #functions: FunctionWords;
  /** Whole timestamps that are surely within the bounds: [low, high). */
  readonly #low: number;
  readonly #high: number;
  readonly #slack = new Uint8Array(SCAN_SLACK_BYTES);

  constructor({ functions, unit, timeMin, timeMax }: EventRules) {
    this.#functions = new FunctionWords(functions);
    const perSecond = UNIT_PER_SECOND[unit];
    this.#low = Math.max(0, timeMin / 1e6 + TIME_MARGIN_S) * perSecond;
    this.#high = Math.min(timeMax / 1e6, TIME_MAX_S) * perSecond - TIME_MARGIN_S * perSecond;
  }

  /**
   * Moves `at` and `line` over the lines that surely are events, up to the first that is not such. Each
   * of them is an object, with nothing around it but its line feed, or a carriage return before that.
   *
   * @param input With at least `SCAN_SLACK_BYTES` bytes behind `end`, which are put back as they were.
   */
  pass(input: DecodeInput): void {
    // Zero bytes end every walk: none goes on behind them, where there may be nothing.
    const slack = input.bytes.subarray(input.end, input.end + SCAN_SLACK_BYTES);
    this.#slack.set(slack);
    slack.fill(0);
    const { bytes, view, end } = input;
    while (input.at < end) {
      const start = input.at;
      let p = this.#object(bytes, view, start);
      if (p < 0) break;
      if (bytes[p] === RETURN) p++;
      if (bytes[p] !== LINE_FEED || p - start > LINE_BYTES_MAX) break;
      input.at = p + 1;
      input.line++;
    }
    slack.set(this.#slack);
  }

  /** The offset behind the event that begins at `start`; -1: it may be none. */
  #object(bytes: Uint8Array, view: DataView, start: number): number {
    if (bytes[start] !== BRACE_OPEN) return -1;
    let p = start + 1;
    let seen = 0;
    for (;;) {
      const key = view.getInt32(p, true);
      if (key === NAME_1 && (view.getInt32(p + 4, true) & THREE_BYTES) === NAME_2) {
        p = text(bytes, view, pastSpace(bytes, p + 7));
        seen |= HAS_NAME;
      } else if (key === VALUE_1 && view.getInt32(p + 4, true) === VALUE_2) {
        p = number(bytes, view, pastSpace(bytes, p + 8));
        seen |= HAS_VALUE;
      } else if (
        key === TIME_1 &&
        view.getInt32(p + 4, true) === TIME_2 &&
        view.getInt32(p + 8, true) === TIME_3
      ) {
        p = this.#time(bytes, view, pastSpace(bytes, p + 12));
        seen |= HAS_TIME;
      } else if (
        key === FUNCTION_1 &&
        view.getInt32(p + 4, true) === FUNCTION_2 &&
        (view.getInt32(p + 8, true) & THREE_BYTES) === FUNCTION_3
      ) {
        p = this.#function(bytes, view, pastSpace(bytes, p + 11));
      } else if (key === ID && bytes[p + 4] === COLON) {
        p = id(bytes, view, pastSpace(bytes, p + 5));
      } else if (
        key === LABELS_1 &&
        view.getInt32(p + 4, true) === LABELS_2 &&
        bytes[p + 8] === COLON
      ) {
        p = labels(bytes, view, pastSpace(bytes, p + 9));
      } else {
        p = other(bytes, view, p);
      }
      if (p < 0) return -1;
      const after = bytes[p];
      if (after === BRACE_CLOSE) return seen === HAS_ALL ? p + 1 : -1;
      if (after !== COMMA) return -1;
      p = pastSpace(bytes, p + 1);
    }
  }

  /** A timestamp without a sign that is surely within the bounds. */
  #time(bytes: Uint8Array, view: DataView, start: number): number {
    const end = numberEnd(view, start);
    if (end < 0) return -1;
    let whole = 0;
    let p = start;
    for (; p < end && bytes[p] !== POINT; p++) whole = whole * 10 + bytes[p]! - ZERO;
    // Of more digits some are rounded away: far less than the margin.
    return whole >= this.#low && whole < this.#high ? end : -1;
  }

  #function(bytes: Uint8Array, view: DataView, start: number): number {
    if (bytes[start] !== QUOTE) return -1;
    const p = start + 1;
    const word = view.getInt32(p, true);
    if (this.#functions.words[(word >> 16) & 7] === word) return p + 4;
    const fn = this.#functions.find(bytes, p);
    return fn < 0 ? -1 : p + this.#functions.lengthOf(fn);
  }
}

/** A text that a name or an id may be: not empty, not too long. */
function text(bytes: Uint8Array, view: DataView, start: number): number {
  const end = textEnd(bytes, view, start);
  const length = end - start - 2;
  return length > 0 && length <= NAME_BYTES_MAX ? end : -1;
}

/** A finite number. */
function number(bytes: Uint8Array, view: DataView, start: number): number {
  const p = bytes[start] === MINUS ? start + 1 : start;
  const end = numberEnd(view, p);
  return end - p <= FINITE_DIGITS_MAX ? end : -1;
}

/** A text, or a whole number that is told apart from every other one. */
function id(bytes: Uint8Array, view: DataView, start: number): number {
  if (bytes[start] === QUOTE) return text(bytes, view, start);
  const end = numberEnd(view, start);
  return end - start <= EXACT_DIGITS_MAX ? end : -1;
}

/** An object of texts. */
function labels(bytes: Uint8Array, view: DataView, start: number): number {
  if (bytes[start] !== BRACE_OPEN) return -1;
  let p = start + 1;
  if (bytes[p] === BRACE_CLOSE) return p + 1;
  for (let count = 0; count < LABELS_MAX; count++) {
    p = text(bytes, view, p);
    if (p < 0 || bytes[p] !== COLON) return -1;
    const value = pastSpace(bytes, p + 1);
    p = textEnd(bytes, view, value);
    if (p < 0 || p - value - 2 > NAME_BYTES_MAX) return -1;
    if (bytes[p] === BRACE_CLOSE) return p + 1;
    if (bytes[p] !== COMMA) return -1;
    p = pastSpace(bytes, p + 1);
  }
  return -1;
}

/** A field that nobody looks at (the others were looked for before), with a text or a number. */
function other(bytes: Uint8Array, view: DataView, start: number): number {
  const p = textEnd(bytes, view, start);
  if (p < 0 || bytes[p] !== COLON) return -1;
  const value = pastSpace(bytes, p + 1);
  return bytes[value] === QUOTE ? textEnd(bytes, view, value) : number(bytes, view, value);
}

function pastSpace(bytes: Uint8Array, p: number): number {
  return bytes[p] === SPACE ? p + 1 : p;
}
