import { isUtf8 } from "node:buffer";
import type { RefusalReason } from "../../src/core/event.ts";
import type { EventRules } from "../../src/decode/check-event.ts";
import { cutDecimal } from "./decimal.ts";

/** What a line is, by the rules alone. */
export type OracleLine =
  | {
      readonly kind: "event";
      readonly name: string;
      readonly value: number;
      readonly micros: number;
      readonly fn: number;
      readonly id: string | undefined;
    }
  | { readonly kind: "refused"; readonly reason: RefusalReason; readonly event: string }
  | { readonly kind: "blank" };

export interface PlacedLine {
  /** Line feeds before it. */
  readonly line: number;
  /** Its first byte. */
  readonly start: number;
  readonly result: OracleLine;
}

/** NDJSON by the rules of an event, with JSON.parse alone and no thought of speed. Shares no code with decode. */
export function decodeSlowly(bytes: Uint8Array, rules: EventRules): PlacedLine[] {
  const placed: PlacedLine[] = [];
  let start = 0;
  for (let line = 0; start < bytes.length; line++) {
    let end = start;
    while (end < bytes.length && bytes[end] !== 10) end++;
    placed.push({ line, start, result: judge(bytes.slice(start, end), rules) });
    start = end + 1;
  }
  return placed.filter(({ result }) => result.kind !== "blank");
}

function judge(bytes: Uint8Array, rules: EventRules): OracleLine {
  if (bytes.every((byte) => byte === 32 || byte === 9 || byte === 13)) return { kind: "blank" };
  const refuse = (reason: RefusalReason): OracleLine => ({
    kind: "refused",
    reason,
    event: Buffer.from(bytes.slice(0, 4096)).toString("utf8"),
  });
  if (bytes.length > 1024 * 1024) return refuse("too_large");
  let parsed: unknown;
  try {
    if (!isUtf8(bytes)) return refuse("invalid_json");
    parsed = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return refuse("invalid_json");
  }
  if (Object.prototype.toString.call(parsed) !== "[object Object]") return refuse("invalid_json");
  const field = new Map(Object.entries(parsed as object)); // found to be one
  const name = field.get("name");
  if (!isText(name)) return refuse("invalid_name");
  const value = field.get("value");
  if (!isNumber(value)) return refuse("invalid_value");
  const timestamp = field.get("timestamp");
  if (!isNumber(timestamp)) return refuse("invalid_timestamp");
  const micros = cutDecimal(timestamp, rules.unit);
  if (micros < rules.timeMin || micros > rules.timeMax) return refuse("invalid_timestamp");
  const asked = field.get("agg_func") ?? rules.functions[0];
  const fn = rules.functions.findIndex((known) => known === asked);
  if (fn === -1) return refuse("unknown_function");
  let id = field.get("id") ?? undefined;
  // From 2^53 on not every whole number is a double.
  if (isNumber(id) && id % 1 === 0 && Math.abs(id) >= 2 ** 53) return refuse("invalid_id");
  if (isNumber(id)) id = `${id}`;
  if (id !== undefined && !isText(id)) return refuse("invalid_id");
  const labels = field.get("labels") ?? {};
  if (Object.prototype.toString.call(labels) !== "[object Object]") return refuse("invalid_label");
  const entries = Object.entries(labels);
  if (entries.length > 64) return refuse("invalid_label");
  for (const [key, text] of entries) {
    if (!isText(key) || (text !== "" && !isText(text))) return refuse("invalid_label");
  }
  return { kind: "event", name, value, micros, fn, id };
}

function isNumber(x: unknown): x is number {
  return typeof x === "number" && x - x === 0;
}

/** A name, a label or an id: not empty, at most 512 bytes, no NUL, no lone surrogate. */
function isText(x: unknown): x is string {
  if (typeof x !== "string" || x.length === 0) return false;
  let bytes = 0;
  for (const character of x) {
    const code = character.codePointAt(0)!;
    if (code === 0 || (code >= 0xd800 && code <= 0xdfff)) return false;
    if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else bytes += code < 0x10000 ? 3 : 4;
  }
  return bytes <= 512;
}
