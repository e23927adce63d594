import { messageOf } from "../core/errors.ts";
import type { RefusalReason } from "../core/event.ts";
import { LINE_BYTES_MAX } from "../core/limits.ts";
import { RequestError } from "./query.ts";

/** Says whether a parsed record may be stored. The line is stored as it came, unless `stored` is given. */
export type Check = (record: unknown) => CheckResult;

export type CheckResult =
  | { readonly ok: true; readonly stored?: unknown }
  | { readonly ok: false; readonly reason: RefusalReason; readonly detail: string };

export interface Rejection {
  /** Of the record in the publication, from 0; blank lines do not count. */
  readonly index: number;
  readonly reason: RefusalReason;
  readonly detail: string;
}

/** What a body holds. */
export interface Publication {
  /** The records to store: a line each, every one ended by a line feed. */
  readonly lines: Uint8Array;
  readonly accepted: number;
  /** The first of those that are not stored. */
  readonly rejected: readonly Rejection[];
  readonly rejectedCount: number;
}

/** Rejections told one by one: a body of nothing but rubbish must not become a far larger answer. */
const REJECTIONS_TOLD_MAX = 1_000;

const LINE_FEED = 10;

/**
 * Reads a body: one record, an array of records, or NDJSON. Which of these it is shows in the body
 * itself, whatever its media type says.
 *
 * @throws {RequestError} It is an array that is no JSON.
 */
export function readPublication(body: Uint8Array, check: Check): Publication {
  const builder = new PublicationBuilder(check);
  const start = hasBom(body) ? 3 : 0;
  const first = firstByte(body, start);
  if (first === "[") {
    const records = parseWhole(body.subarray(start));
    if (!Array.isArray(records)) throw new RequestError("Cannot read the body: it is no array");
    for (const record of records) builder.addRecord(record, undefined);
    return builder.finish();
  }
  if (first === "{" && isOneRecord(body.subarray(start))) {
    builder.addRecord(parseWhole(body.subarray(start)), undefined);
    return builder.finish();
  }
  for (let at = start; at < body.length; ) {
    const lineFeed = body.indexOf(LINE_FEED, at);
    const end = lineFeed < 0 ? body.length : lineFeed;
    builder.addLine(body.subarray(at, end));
    at = end + 1;
  }
  return builder.finish();
}

class PublicationBuilder {
  readonly #check: Check;
  readonly #text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #rejected: Rejection[] = [];
  #rejectedCount = 0;
  readonly #accepted: string[] = [];
  #index = 0;

  constructor(check: Check) {
    this.#check = check;
  }

  addLine(bytes: Uint8Array): void {
    if (bytes.length > LINE_BYTES_MAX) {
      this.#tooLarge(bytes.length);
      return;
    }
    let line: string;
    try {
      line = this.#text.decode(bytes).replace(/^[ \t\r]+|[ \t\r]+$/g, "");
    } catch {
      this.#reject("invalid_json", "record is not UTF-8");
      return;
    }
    if (line === "") return;
    let record: unknown;
    try {
      record = JSON.parse(line);
    } catch {
      this.#reject("invalid_json", "record is not JSON");
      return;
    }
    this.addRecord(record, line);
  }

  /** @param line The record as it came; undefined: it is written anew, on one line. */
  addRecord(record: unknown, line: string | undefined): void {
    const result = this.#check(record);
    if (!result.ok) {
      this.#reject(result.reason, result.detail);
      return;
    }
    const anew = line === undefined || result.stored !== undefined;
    const stored = anew ? JSON.stringify(result.stored ?? record) : line;
    if (stored.length > LINE_BYTES_MAX) {
      this.#tooLarge(stored.length);
      return;
    }
    this.#accepted.push(stored);
    this.#index++;
  }

  finish(): Publication {
    const accepted = this.#accepted.length;
    const text = accepted === 0 ? "" : `${this.#accepted.join("\n")}\n`;
    return {
      lines: new TextEncoder().encode(text),
      accepted,
      rejected: this.#rejected,
      rejectedCount: this.#rejectedCount,
    };
  }

  #tooLarge(bytes: number): void {
    this.#reject("too_large", `record has ${bytes} bytes, more than ${LINE_BYTES_MAX}`);
  }

  #reject(reason: RefusalReason, detail: string): void {
    const index = this.#index++;
    this.#rejectedCount++;
    if (this.#rejected.length < REJECTIONS_TOLD_MAX) this.#rejected.push({ index, reason, detail });
  }
}

/** Whether a body that begins with a brace is one record over several lines, as people write it. */
function isOneRecord(body: Uint8Array): boolean {
  const lineFeed = body.indexOf(LINE_FEED);
  if (lineFeed < 0) return false;
  // NDJSON has a whole record in its first line; a broken first line of NDJSON is no whole body either.
  return !parses(body.subarray(0, lineFeed)) && parses(body);
}

function parses(bytes: Uint8Array): boolean {
  try {
    parseWhole(bytes);
    return true;
  } catch {
    return false;
  }
}

function parseWhole(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw new RequestError(`Cannot read the body as JSON: ${messageOf(thrown)}`);
  }
}

function firstByte(body: Uint8Array, start: number): string {
  let at = start;
  while (at < body.length && [9, 10, 13, 32].includes(body[at]!)) at++;
  return at < body.length ? String.fromCharCode(body[at]!) : "";
}

function hasBom(body: Uint8Array): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
}
