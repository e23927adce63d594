/** Deeper is no state but a cycle. */
const DEPTH_MAX = 100;

/** Stands before what is no text: JSON has no infinite numbers, and a state often begins with one. */
const MARK = "\u0000";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A copy that shares nothing with a state of a custom function: numbers, texts, true, false, null, lists and
 * plain objects of these. Entries that are undefined are left out.
 *
 * @throws {TypeError} It holds something else.
 */
export function copyState(state: unknown, depth = 0): unknown {
  if (typeof state !== "object" || state === null) {
    if (["number", "string", "boolean"].includes(typeof state) || state === null) return state;
    throw new TypeError(`state of a custom function must be JSON, not ${wordFor(state)}`);
  }
  if (depth > DEPTH_MAX) throw new TypeError("state of a custom function contains itself");
  if (Array.isArray(state)) return Array.from(state, (item) => copyState(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(state);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`state of a custom function must be JSON, not ${wordFor(state)}`);
  }
  return Object.fromEntries(
    Object.entries(state).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, copyState(value, depth + 1)]],
    ),
  );
}

function wordFor(value: unknown): string {
  if (value === undefined) return "undefined";
  if (typeof value === "object" && value !== null) return `a ${value.constructor.name}`;
  return `a ${typeof value}`;
}

/** A state as bytes: JSON, in which numbers that JSON lacks are marked texts. Throws as {@link copyState} does. */
export function encodeState(state: unknown): Uint8Array {
  const text = JSON.stringify(copyState(state), (_, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value)) return MARK + String(value);
    if (Object.is(value, -0)) return `${MARK}-0`;
    return typeof value === "string" && value.startsWith(MARK) ? MARK + value : value;
  });
  return encoder.encode(text);
}

export function decodeState(bytes: Uint8Array): unknown {
  return JSON.parse(decoder.decode(bytes), (_, value: unknown) => {
    if (typeof value !== "string" || !value.startsWith(MARK)) return value;
    const rest = value.slice(MARK.length);
    return rest.startsWith(MARK) ? rest : Number(rest);
  });
}
