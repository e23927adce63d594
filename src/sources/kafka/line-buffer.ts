import type { Refusal } from "../../core/event.ts";
import { DEAD_LETTER_BYTES_MAX, SCAN_SLACK_BYTES } from "../../core/limits.ts";
import type { RecordTaker } from "../../kafka/record-set.ts";

const LINE_FEED = 10;
const RETURN = 13;
const SPACE = 32;
const TAB = 9;

/** What one read hands on: large enough to hide its own cost, small enough to be processed in a moment. */
const FULL_BYTES = 512 * 1024;

/** Tombstones take no room, but they must not keep the thread either. */
const FULL_RECORDS = 65_536;

/**
 * Records as NDJSON: one line each. A line feed within a value becomes a carriage return, which is a blank
 * to JSON as well, and as forbidden within a text as the line feed was. The buffer is used again and again.
 */
export class LineBuffer implements RecordTaker {
  bytes = new Uint8Array(2 * FULL_BYTES + SCAN_SLACK_BYTES);
  length = 0;
  tombstones = 0;
  refusals: Refusal[] = [];
  #lines = 0;
  #records = 0;
  #offsets = new Float64Array(4096);
  /** What a place begins with: `orders/0`. */
  #key = "";

  /** Empties it for the records of a partition. */
  begin(key: string): void {
    this.#key = key;
    this.length = 0;
    this.tombstones = 0;
    this.refusals = [];
    this.#lines = 0;
    this.#records = 0;
  }

  get isFull(): boolean {
    return this.length >= FULL_BYTES || this.#records >= FULL_RECORDS;
  }

  /** The place of the record that is line `line`: `orders/0@42`. */
  place(line: number): string {
    return this.#at(this.#offsets[line] ?? 0);
  }

  take(offset: number, bytes: Uint8Array, from: number, to: number): void {
    this.#records++;
    if (from < 0) {
      this.tombstones++;
      return;
    }
    if (isBlank(bytes, from, to)) {
      this.#refuseBlank(offset, bytes.subarray(from, to));
      return;
    }
    this.#makeRoom(to - from + 1);
    const target = this.bytes;
    let at = this.length;
    for (let i = from; i < to; i++) {
      const byte = bytes[i]!;
      target[at++] = byte === LINE_FEED ? RETURN : byte;
    }
    target[at++] = LINE_FEED;
    this.length = at;
    if (this.#lines === this.#offsets.length) {
      const more = new Float64Array(2 * this.#lines);
      more.set(this.#offsets);
      this.#offsets = more;
    }
    this.#offsets[this.#lines++] = offset;
  }

  /** A blank line would be ignored, and the record with it. */
  #refuseBlank(offset: number, value: Uint8Array): void {
    const event = new TextDecoder().decode(value.subarray(0, DEAD_LETTER_BYTES_MAX));
    const detail = value.length === 0 ? "value is empty" : "value is blank";
    this.refusals.push({ reason: "invalid_json", detail, event, at: this.#at(offset) });
  }

  #at(offset: number): string {
    return `${this.#key}@${offset}`;
  }

  #makeRoom(bytes: number): void {
    const wanted = this.length + bytes + SCAN_SLACK_BYTES;
    if (wanted <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(wanted, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (byte !== SPACE && byte !== LINE_FEED && byte !== RETURN && byte !== TAB) return false;
  }
  return true;
}
