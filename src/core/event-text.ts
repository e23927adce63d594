import { NAME_BYTES_MAX } from "./limits.ts";

/** What is wrong with a name, a label or an id; undefined when nothing is. */
export function textFault(text: unknown): string | undefined {
  if (typeof text !== "string") return `is ${describe(text)}, not a string`;
  if (text === "") return "is empty";
  // Not every store can hold these two.
  if (text.includes("\u0000")) return "contains a NUL character";
  if (!text.isWellFormed()) return "contains a lone surrogate";
  const bytes = utf8Length(text);
  return bytes > NAME_BYTES_MAX
    ? `has ${bytes} bytes of UTF-8, more than ${NAME_BYTES_MAX}`
    : undefined;
}

/** Bytes of UTF-8 of a well-formed string. */
function utf8Length(text: string): number {
  if (text.length * 3 <= NAME_BYTES_MAX) return text.length; // near enough: it is not too long
  return new TextEncoder().encode(text).length;
}

/** A value for a message: short, and with its type. */
export function describe(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  const isPlain = typeof value === "number" || typeof value === "boolean";
  const text = isPlain ? String(value) : JSON.stringify(value);
  // The cut may halve a surrogate pair.
  return text.length > 60 ? `${text.slice(0, 57).toWellFormed()}…` : text;
}
