import { fileURLToPath, pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { messageOf } from "../core/errors.ts";

export interface PlacedMessage {
  /** `:3:5`, to be put behind the name of the file; empty when unknown; ` (in other.ts:3:5)` elsewhere. */
  readonly place: string;
  readonly message: string;
}

/** What Bun says of a syntax error. */
interface BuildFault {
  readonly message: string;
  readonly position: {
    readonly file: string;
    readonly line: number;
    readonly column: number;
  } | null;
}

/**
 * Where a module failed to be read or run, and why: one entry for each thing said. Bun gives positions
 * of syntax errors as fields, Deno within its text; of an exception both have a stack.
 */
export function placesOf(thrown: unknown, file: string): PlacedMessage[] {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) {
    return thrown.errors.flatMap((part) => placesOf(part, file));
  }
  if (isBuildFault(thrown)) {
    const { position } = thrown;
    if (position === null) return [{ place: "", message: withoutPlaces(thrown.message, file) }];
    const at = `:${position.line}:${position.column}`;
    const place = position.file === file ? at : ` (in ${position.file}${at})`;
    return [{ place, message: thrown.message }];
  }
  const message = messageOf(thrown);
  const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
  return [
    {
      place: placeIn(message, file) || placeIn(stack, file),
      message: withoutPlaces(message, file),
    },
  ];
}

function isBuildFault(thrown: unknown): thrown is BuildFault {
  return (
    typeof thrown === "object" && thrown !== null && "position" in thrown && "message" in thrown
  );
}

/** The first `file:line:column` of a text that is about the file, else of one that it imports. */
function placeIn(text: string, file: string): string {
  const plain = stripVTControlCharacters(text);
  for (const name of [pathToFileURL(file).href, file]) {
    const at = plain.indexOf(name);
    const match =
      at === -1 ? null : /^(?:\?[^:\s]*)?(:\d+:\d+)/.exec(plain.slice(at + name.length));
    if (match !== null) return match[1]!;
  }
  const other = /(file:\/\/\/[^\s?:]+)(?:\?[^:\s]*)?(:\d+:\d+)/.exec(plain);
  return other === null ? "" : ` (in ${fileURLToPath(other[1]!)}${other[2]!})`;
}

/** The first line, without the class of the error and without its place. */
function withoutPlaces(message: string, file: string): string {
  const [first = ""] = stripVTControlCharacters(message).split("\n");
  const names = [pathToFileURL(file).href, file];
  return names
    .reduce((text, name) => {
      const at = text.search(/ (?:at|imported from|from) "?/);
      return at !== -1 && text.slice(at).includes(name) ? text.slice(0, at) : text;
    }, first)
    .replace(/^[A-Z]\w*Error: |\.$/g, "");
}
