import { SCAN_SLACK_BYTES } from "../core/limits.ts";

/** Kept from one publication to the next; a larger one gets memory of its own. */
const KEPT_BYTES = 1024 * 1024;

const COMMA = 44;
const LINE_FEED = 10;
const BRACKET_OPEN = 91;
const BRACKET_CLOSE = 93;
const BRACE_OPEN = 123;
const BRACE_CLOSE = 125;

/** NDJSON that is looked through. `at` and `line` move on. */
export interface LineInput {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  readonly end: number;
  line: number;
}

/**
 * A copy of a body in memory that is used again and again, as the check of lines wants it. What a larger
 * body left behind it may be looked at, but is never taken for a part of it.
 */
export class Scratch {
  readonly #bytes = new Uint8Array(KEPT_BYTES);
  readonly #view = viewOf(this.#bytes);

  /** The lines of `body` from `start` on, the last one with a line feed behind it. */
  lines(body: Uint8Array, start: number): LineInput {
    const bytes = this.#room(body);
    let end = body.length;
    if (end > start && bytes[end - 1] !== LINE_FEED) bytes[end++] = LINE_FEED;
    return this.#input(bytes, start, end);
  }

  /**
   * The elements of the array that begins at `start` of `body`, a line each. Undefined: it is no array of
   * flat objects with blanks around them, or may not be one.
   *
   * Where an object ends is guessed: at its first closing brace. Where that stands in a text, the line is
   * no object, which the check finds; where it stands in an object within, what follows is no comma.
   */
  elements(body: Uint8Array, start: number): LineInput | undefined {
    const bytes = this.#room(body);
    const { length } = body;
    let at = pastBlanks(bytes, start);
    if (bytes[at] !== BRACKET_OPEN) return undefined;
    at = pastBlanks(bytes, at + 1);
    const from = at;
    let to = from;
    for (;;) {
      if (bytes[at] === BRACKET_CLOSE && to === from) break;
      if (bytes[at] !== BRACE_OPEN) return undefined;
      const close = bytes.indexOf(BRACE_CLOSE, at) + 1;
      if (close === 0 || close >= length) return undefined;
      const next = pastBlanks(bytes, close);
      const after = bytes[next];
      const begin = after === COMMA ? pastBlanks(bytes, next + 1) : next;
      // The line feed takes the place of a comma or a bracket, or of what was read already.
      if (to !== at) bytes.copyWithin(to, at, close);
      to += close - at;
      bytes[to++] = LINE_FEED;
      at = begin;
      if (after === BRACKET_CLOSE) break;
      if (after !== COMMA) return undefined;
    }
    if (at >= length || pastBlanks(bytes, at + 1) < length) return undefined;
    return this.#input(bytes, from, to);
  }

  #room(body: Uint8Array): Uint8Array {
    const needed = body.length + 1 + SCAN_SLACK_BYTES;
    let bytes = this.#bytes;
    if (needed > bytes.length) bytes = new Uint8Array(needed);
    bytes.set(body);
    return bytes;
  }

  #input(bytes: Uint8Array, at: number, end: number): LineInput {
    const view = bytes === this.#bytes ? this.#view : viewOf(bytes);
    return { bytes, view, at, end, line: 0 };
  }
}

function pastBlanks(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at];
    if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) return at;
    at++;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
