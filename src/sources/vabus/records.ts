import { messageOf, TransientError } from "../../core/errors.ts";
import type { Refusal } from "../../core/event.ts";
import { DEAD_LETTER_BYTES_MAX, SCAN_SLACK_BYTES } from "../../core/limits.ts";
import type { Answer } from "./bus-client.ts";
import type { VabusOptions } from "./options.ts";

const LINE_FEED = 10;

/** The records of an answer as NDJSON, each with its place. */
export interface Records {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly refusals: readonly Refusal[];
  /** The cursor that stands in the JSON; undefined: none does. */
  readonly cursor: string | undefined;
}

/**
 * Takes the records out of an answer. NDJSON that needs no decoding is handed on as it came.
 *
 * @param at Names the place of the n-th record, from 0.
 * @throws {TransientError} The answer is torn, or is not what was asked for.
 */
export function recordsOf(
  answer: Answer,
  options: Pick<VabusOptions, "items" | "decode" | "cursor">,
  at: (record: number) => string,
): Records {
  const { bytes, length } = answer;
  const isJson = options.items !== undefined || cursorField(options) !== undefined;
  if (isJson) return recordsOfJson(parseAnswer(answer), options, at);
  if (/\bjson\b/.test(answer.headers.get("content-type") ?? "") && firstByte(answer) === "[") {
    const list = parsed(text(answer));
    // NDJSON under a wrong media type may begin with an array too: a record that is no event.
    if (list !== undefined) return recordsOfJson(list, options, at);
  }
  if (!answer.framed) refuseTorn(answer);
  if (options.decode === undefined) {
    return { bytes, length, refusals: [], cursor: undefined };
  }
  const lines = text(answer)
    .split("\n")
    .filter((line) => line.trim() !== "");
  const records = lines.map((line) => ({ line, record: parsed(line) }));
  return { ...encode(records, options, at), cursor: undefined };
}

function recordsOfJson(
  whole: unknown,
  options: Pick<VabusOptions, "items" | "decode" | "cursor">,
  at: (record: number) => string,
): Records {
  const items = fieldAt(whole, options.items ?? "");
  const list: unknown[] = Array.isArray(items)
    ? items
    : items === undefined || items === null
      ? []
      : [items];
  const records = list.map((record) => ({ line: undefined, record }));
  const field = cursorField(options);
  const cursor = field === undefined ? undefined : fieldAt(whole, field);
  return {
    ...encode(records, options, at),
    cursor: typeof cursor === "string" || typeof cursor === "number" ? String(cursor) : undefined,
  };
}

function cursorField({ cursor }: Pick<VabusOptions, "cursor">): string | undefined {
  return typeof cursor === "object" && "field" in cursor ? cursor.field : undefined;
}

function parseAnswer(answer: Answer): unknown {
  try {
    return JSON.parse(text(answer));
  } catch (thrown) {
    throw new TransientError(`Cannot read the answer of the bus as JSON: ${messageOf(thrown)}`);
  }
}

/** Writes records as NDJSON; one that cannot be decoded becomes a refusal and an empty line. */
function encode(
  records: readonly { readonly line: string | undefined; readonly record: unknown }[],
  options: Pick<VabusOptions, "decode">,
  at: (record: number) => string,
): { bytes: Uint8Array; length: number; refusals: readonly Refusal[] } {
  const refusals: Refusal[] = [];
  const lines = records.map(({ line, record }, i) => {
    // What is no JSON is judged where all events are judged.
    if (options.decode === undefined || record === undefined) return line ?? JSON.stringify(record);
    try {
      return JSON.stringify(options.decode(record)) ?? "";
    } catch (thrown) {
      const event = (line ?? JSON.stringify(record)).slice(0, DEAD_LETTER_BYTES_MAX);
      const detail = `decode failed: ${messageOf(thrown)}`;
      refusals.push({ reason: "invalid_json", detail, event, at: at(i) });
      return "";
    }
  });
  // The place of a record is its line, so that a refused one leaves an empty line behind.
  const encoded = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
  const bytes = new Uint8Array(encoded.length + SCAN_SLACK_BYTES);
  bytes.set(encoded);
  return { bytes, length: encoded.length, refusals };
}

/**
 * An answer whose end nobody announced may have been cut, and only its last line can tell. A cut just
 * between two lines cannot be seen: such a bus should send a length.
 */
function refuseTorn(answer: Answer): void {
  const { bytes, length } = answer;
  if (length === 0 || bytes[length - 1] === LINE_FEED) return;
  const start = bytes.lastIndexOf(LINE_FEED, length - 1) + 1;
  if (parsed(new TextDecoder().decode(bytes.subarray(start, length))) !== undefined) return;
  throw new TransientError("Cannot read the answer of the bus: it ends in the middle of a record");
}

/** The field at a path such as `data.items`; the whole for the empty path. */
export function fieldAt(whole: unknown, path: string): unknown {
  let value = whole;
  for (const name of path === "" ? [] : path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Record<string, unknown>)[name]; // an own field of an object
  }
  return value;
}

/** Undefined: it is no JSON. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function text(answer: Answer): string {
  return new TextDecoder().decode(answer.bytes.subarray(0, answer.length));
}

function firstByte({ bytes, length }: Answer): string {
  let at = 0;
  while (at < length && [9, 10, 13, 32].includes(bytes[at]!)) at++;
  return at < length ? String.fromCharCode(bytes[at]!) : "";
}
