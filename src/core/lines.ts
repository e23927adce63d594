import type { Refusal } from "./event.ts";
import {
  DEAD_LETTER_BYTES_MAX,
  LINE_BYTES_MAX,
  READ_CHUNK_BYTES,
  SCAN_SLACK_BYTES,
} from "./limits.ts";

const LINE_FEED = 10;
const SPACE = 32;
const TAB = 9;
const RETURN = 13;
const BOM_BYTES = 3;

/** Whole lines of an input, ready to be decoded in place. Valid until the next call of `room`. */
export interface LineRegion {
  /** Whole lines in [0, `length`), each ended by a line feed but perhaps the last; slack behind. */
  readonly bytes: Uint8Array;
  readonly length: number;
  /** Where the first of them begins in the input, in bytes. */
  readonly offset: number;
  /** Where to go on in the input behind them. */
  readonly next: number;
  /** Lines that were passed over since the region before. */
  readonly passed: number;
  /** The last of these, when it was too long to be kept. */
  readonly oversize: OversizeLine | undefined;
}

/** A line of more than the bytes that a line may have. */
export interface OversizeLine {
  /** Where it begins in the input. */
  readonly offset: number;
  /** Its length without the line feed. */
  readonly bytes: number;
  /** Its beginning, as much as a dead letter keeps. */
  readonly head: string;
}

/** The line that is being passed over. */
interface PassedLine {
  bytes: number;
  readonly bom: number;
  readonly head: Uint8Array;
  blank: boolean;
}

/**
 * Cuts an input that comes in pieces into regions of whole lines. The pieces are written straight into
 * the cutter's one buffer (`room`, then `take`); the start of an unfinished line is carried to the
 * front. Memory is bounded: what is longer than `lineBytesMax` is passed over and reported. A byte
 * order mark at offset 0 is skipped.
 *
 * @example
 * ```ts
 * const cutter = new LineCutter();
 * const region = cutter.take(readSync(fd, cutter.room()));
 * ```
 */
export class LineCutter {
  #buffer: Uint8Array;
  /** The unfinished line lies in [start, end) of the buffer; empty while a line is passed over. */
  #start = 0;
  #end = 0;
  /** Offset in the input of the line in which we are. */
  #next: number;
  #oversize: PassedLine | undefined;
  /** Lines passed over since the last region. */
  #passed = 0;
  readonly #lineBytesMax: number;

  constructor(options: { offset?: number; chunkBytes?: number; lineBytesMax?: number } = {}) {
    this.#next = options.offset ?? 0;
    this.#lineBytesMax = options.lineBytesMax ?? LINE_BYTES_MAX;
    this.#buffer = new Uint8Array((options.chunkBytes ?? READ_CHUNK_BYTES) + SCAN_SLACK_BYTES);
  }

  /** Where to go on in the input: the start of the unfinished line. */
  get next(): number {
    return this.#next;
  }

  /** Bytes of the unfinished line so far. */
  get unfinished(): number {
    return (this.#oversize?.bytes ?? 0) + this.#end - this.#start;
  }

  /** Where the next bytes of the input belong; at least one byte. The last region ends to be valid. */
  room(): Uint8Array {
    const held = this.#end - this.#start;
    const capacity = this.#buffer.length - SCAN_SLACK_BYTES;
    // A line is at most lineBytesMax here, so that the buffer ends at twice that.
    if (held * 2 > capacity) {
      const larger = new Uint8Array(capacity * 2 + SCAN_SLACK_BYTES);
      larger.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = larger;
    } else if (held > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
    }
    this.#start = 0;
    this.#end = held;
    return this.#buffer.subarray(held, this.#buffer.length - SCAN_SLACK_BYTES);
  }

  /** The first `length` bytes of `room()` were filled. Undefined: no line ended in them. */
  take(length: number): LineRegion | undefined {
    const from = this.#end;
    const fresh = this.#buffer.subarray(from, from + length);
    if (this.#oversize !== undefined) return this.#passOver(this.#oversize, fresh);
    const last = fresh.lastIndexOf(LINE_FEED);
    this.#end = from + length;
    if (last < 0) {
      this.#limit();
      return undefined;
    }
    const region = this.#region(this.#start, { to: from + last + 1, oversize: undefined });
    this.#limit();
    return region;
  }

  /** The input has ended: its last line, when no line feed ended it. */
  finish(): LineRegion | undefined {
    if (this.#oversize === undefined) {
      if (this.#start === this.#end) return undefined;
      return this.#region(this.#start, { to: this.#end, oversize: undefined });
    }
    const oversize = this.#endOversize(this.#oversize);
    this.#next += this.#oversize.bytes;
    this.#oversize = undefined;
    return this.#region(0, { to: 0, oversize });
  }

  #passOver(long: PassedLine, fresh: Uint8Array): LineRegion | undefined {
    const lineFeed = fresh.indexOf(LINE_FEED);
    const rest = lineFeed < 0 ? fresh : fresh.subarray(0, lineFeed);
    long.bytes += rest.length;
    long.blank &&= isBlank(rest);
    // While a line is passed over nothing is held, so the fresh bytes lie at the front.
    if (lineFeed < 0) return undefined;
    const oversize = this.#endOversize(long);
    this.#next += long.bytes + 1;
    this.#oversize = undefined;
    this.#start = lineFeed + 1;
    this.#end = fresh.length;
    const last = fresh.lastIndexOf(LINE_FEED);
    const region = this.#region(this.#start, { to: last + 1, oversize });
    this.#limit();
    return region;
  }

  #region(
    from: number,
    options: { readonly to: number; readonly oversize: OversizeLine | undefined },
  ): LineRegion | undefined {
    const { to, oversize } = options;
    const offset = this.#next;
    this.#next = offset + to - from;
    this.#start = to;
    this.#end = Math.max(this.#end, to);
    const begin = offset === 0 && hasBom(this.#buffer, from, to) ? from + BOM_BYTES : from;
    if (begin === to && oversize === undefined) return undefined;
    const bytes = this.#buffer.subarray(begin);
    const passed = this.#passed;
    this.#passed = 0;
    return { bytes, length: to - begin, offset, next: this.#next, passed, oversize };
  }

  /** An unfinished line that has become too long is passed over from here on. */
  #limit(): void {
    const held = this.#buffer.subarray(this.#start, this.#end);
    const bom = this.#next === 0 && hasBom(held, 0, held.length) ? BOM_BYTES : 0;
    if (held.length - bom <= this.#lineBytesMax) return;
    const head = held.slice(bom, bom + DEAD_LETTER_BYTES_MAX);
    this.#oversize = { bytes: held.length, bom, head, blank: isBlank(held.subarray(bom)) };
    this.#start = 0;
    this.#end = 0;
  }

  /** A blank line is no event, however long it is. */
  #endOversize(long: PassedLine): OversizeLine | undefined {
    this.#passed++;
    if (long.blank) return undefined;
    const head = new TextDecoder("utf-8", { ignoreBOM: true }).decode(long.head);
    return { offset: this.#next, bytes: long.bytes - long.bom, head };
  }
}

/** The refusal of a line that is too long; `at` as in `EventBatch.place`. */
export function refusalOf(line: OversizeLine, at: string): Refusal {
  const detail = `event has ${line.bytes} bytes, more than ${LINE_BYTES_MAX}`;
  return { reason: "too_large", detail, event: line.head, at };
}

/** Line feeds in the first `length` bytes. */
export function countLineFeeds(bytes: Uint8Array, length: number): number {
  let count = 0;
  // The search is native code: three times as fast as a loop over the bytes.
  let at = bytes.indexOf(LINE_FEED);
  while (at >= 0 && at < length) {
    count++;
    at = bytes.indexOf(LINE_FEED, at + 1);
  }
  return count;
}

function hasBom(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < BOM_BYTES) return false;
  return bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf;
}

function isBlank(bytes: Uint8Array): boolean {
  for (const byte of bytes) {
    if (byte !== SPACE && byte !== TAB && byte !== RETURN) return false;
  }
  return true;
}
