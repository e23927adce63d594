import { wrongWord } from "../http/parameters.ts";

/** The JSON object of a body; undefined: it is none. */
export function objectIn(body: string): object | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
    return isObject ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** What is wrong with the first name that is none of `known`; undefined: nothing. */
export function unknownField(
  names: Iterable<string>,
  known: readonly string[],
): string | undefined {
  for (const name of names) {
    if (!known.includes(name)) return `Unknown field ${quoted(name)}: ${wrongWord(known, name)}`;
  }
  return undefined;
}

const QUOTED_MAX = 100;

/** A value of the client as an error shows it. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text;
}
