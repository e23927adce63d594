import { messageOf } from "../core/errors.ts";
import type { RefusalReason } from "../core/event.ts";
import { LINE_BYTES_MAX } from "../core/limits.ts";
import { OutputLines } from "./output-lines.ts";
import { RequestError } from "./query.ts";
import { type LineInput, Scratch } from "./scratch.ts";

/** Says whether a parsed record may be stored. The line is stored as it came, unless `stored` is given. */
export type Check = (record: unknown) => CheckResult;

export type CheckResult =
  | { readonly ok: true; readonly stored?: unknown }
  | { readonly ok: false; readonly reason: RefusalReason; readonly detail: string };

/** What decides what of a publication is stored. */
export interface RecordChecks {
  readonly record: Check;
  /**
   * Passes over the lines that `record` would surely take, and that are stored as they came, at a pace at
   * which no object is made. Left out: every record goes to `record`.
   */
  readonly lines?: { pass(input: LineInput): void } | undefined;
}

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
  /** How many of these for each reason. */
  readonly reasons: ReadonlyMap<RefusalReason, number>;
}

/** Rejections told one by one: a body of nothing but rubbish must not become a far larger answer. */
const REJECTIONS_TOLD_MAX = 1_000;

const LINE_FEED = 10;
const BRACE_OPEN = 123;

// One of each for all publications: making them is not free, and none of them remembers anything.
const scratch = new Scratch();
const lineText = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a body: one record, an array of records, or NDJSON. Which of these it is shows in the body
 * itself, whatever its media type says.
 *
 * @param body Not changed, and kept: what it holds may be a part of the publication.
 * @throws {RequestError} It is an array that is no JSON.
 */
export function readPublication(body: Uint8Array, checks: RecordChecks): Publication {
  const start = hasBom(body) ? 3 : 0;
  const first = firstByte(body, start);
  if (first === "[") return readArray(body, start, checks);
  const builder = new PublicationBuilder(checks.record);
  const lines = checks.lines === undefined ? undefined : scratch.lines(body, start);
  const passed = lines === undefined ? start : builder.addPassed(body, lines, checks);
  // What begins with an event is no event over several lines.
  if (passed === start && first === "{" && isOneRecord(body.subarray(start))) {
    builder.addRecord(parseWhole(body.subarray(start)));
    return builder.finish();
  }
  for (let at = passed; at < body.length; ) {
    const lineFeed = body.indexOf(LINE_FEED, at);
    const end = lineFeed < 0 ? body.length : lineFeed;
    builder.addLine(body, at, end);
    at = end + 1;
    if (lines === undefined || body[at] !== BRACE_OPEN) continue;
    lines.at = at;
    at = builder.addPassed(body, lines, checks);
  }
  return builder.finish();
}

const NO_REJECTIONS = {
  rejected: [],
  rejectedCount: 0,
  reasons: new Map<RefusalReason, number>(),
} as const;

function readArray(body: Uint8Array, start: number, checks: RecordChecks): Publication {
  const lines = checks.lines === undefined ? undefined : scratch.elements(body, start);
  if (lines !== undefined) {
    const { at: from, end } = lines;
    checks.lines?.pass(lines);
    if (lines.at === end) {
      const accepted = lines.line;
      return { lines: lines.bytes.slice(from, end), accepted, ...NO_REJECTIONS };
    }
  }
  const builder = new PublicationBuilder(checks.record);
  const records = parseWhole(body.subarray(start));
  if (!Array.isArray(records)) throw new RequestError("Cannot read the body: it is no array");
  for (const record of records) builder.addRecord(record);
  return builder.finish();
}

class PublicationBuilder {
  readonly #check: Check;
  readonly #rejected: Rejection[] = [];
  #rejectedCount = 0;
  readonly #reasons = new Map<RefusalReason, number>();
  readonly #lines = new OutputLines();
  #accepted = 0;
  #index = 0;

  constructor(check: Check) {
    this.#check = check;
  }

  /** Adds the lines from `lines.at` on that the fast check takes. Returns where they end in `body`. */
  addPassed(body: Uint8Array, lines: LineInput, { lines: check }: RecordChecks): number {
    const from = lines.at;
    lines.line = 0;
    check?.pass(lines);
    if (lines.line > 0) {
      // Behind the last line of a body there may be no line feed.
      const to = Math.min(lines.at, body.length);
      this.#lines.addLines(body, from, to);
      if (to < lines.at) this.#lines.addLineFeed();
      this.#accepted += lines.line;
      this.#index += lines.line;
    }
    return lines.at;
  }

  /** The line in [start, end) of `body`: it is stored as it came, without the blanks around it. */
  addLine(body: Uint8Array, start: number, end: number): void {
    if (end - start > LINE_BYTES_MAX) {
      this.#tooLarge(end - start);
      return;
    }
    let from = start;
    let to = end;
    while (from < to && isBlank(body[from]!)) from++;
    while (to > from && isBlank(body[to - 1]!)) to--;
    if (from === to) return;
    let text: string;
    try {
      text = lineText.decode(body.subarray(from, to));
    } catch {
      this.#reject("invalid_json", "record is not UTF-8");
      return;
    }
    let record: unknown;
    try {
      record = JSON.parse(text);
    } catch {
      this.#reject("invalid_json", "record is not JSON");
      return;
    }
    const result = this.#check(record);
    if (!result.ok) this.#reject(result.reason, result.detail);
    else if (result.stored === undefined) {
      this.#lines.addLine(body, from, to);
      this.#keep();
    } else this.#addAnew(result.stored);
  }

  /** A record that was not a line: it is written anew, on one line. */
  addRecord(record: unknown): void {
    const result = this.#check(record);
    if (result.ok) this.#addAnew(result.stored ?? record);
    else this.#reject(result.reason, result.detail);
  }

  finish(): Publication {
    return {
      lines: this.#lines.join(),
      accepted: this.#accepted,
      rejected: this.#rejected,
      rejectedCount: this.#rejectedCount,
      reasons: this.#reasons,
    };
  }

  #addAnew(record: unknown): void {
    const bytes = this.#lines.addText(JSON.stringify(record), LINE_BYTES_MAX);
    if (bytes > LINE_BYTES_MAX) this.#tooLarge(bytes);
    else this.#keep();
  }

  #keep(): void {
    this.#accepted++;
    this.#index++;
  }

  #tooLarge(bytes: number): void {
    this.#reject("too_large", `record has ${bytes} bytes, more than ${LINE_BYTES_MAX}`);
  }

  #reject(reason: RefusalReason, detail: string): void {
    const index = this.#index++;
    this.#rejectedCount++;
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
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

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

function firstByte(body: Uint8Array, start: number): string {
  let at = start;
  while (at < body.length && [9, 10, 13, 32].includes(body[at]!)) at++;
  return at < body.length ? String.fromCharCode(body[at]!) : "";
}

function hasBom(body: Uint8Array): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
}
