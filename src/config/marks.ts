import { isAbsolute, resolve } from "node:path";
import * as v from "valibot";
import { entriesOf, unwrapped } from "./explain.ts";
import type { Path } from "./path-text.ts";

type Schema = v.GenericSchema;

/** What a text of the configuration is, beyond its type. */
type Mark = "path" | "secret" | "plain";

/** Names that say what they hold even where the schema has no mark. */
const SECRET_NAME = /password|passphrase|secret|token|authorization|api[_-]?key/i;

/** Makes every path of a checked part absolute; the marks of its schema tell which texts are paths. */
export function absolutePaths(
  value: unknown,
  { schema, dir }: { schema: Schema; dir: string },
): unknown {
  return mapTexts(value, schema, (text, mark) =>
    mark === "path" && !isAbsolute(text) ? resolve(dir, text) : text,
  );
}

/** Every secret in a part of the configuration: marked ones, those named so, and passwords in URLs. */
export function secretsIn(value: unknown, schema: Schema | undefined): string[] {
  const secrets: string[] = [];
  mapTexts(value, schema, (text, mark) => {
    if (mark === "secret") secrets.push(text);
    else secrets.push(...passwordsIn(text));
    return text;
  });
  return secrets;
}

/** Whether the last key of a path names a secret. */
export function isSecretName(key: string | number | undefined): boolean {
  return typeof key === "string" && SECRET_NAME.test(key);
}

/** What the schema says of a text at a path; undefined: nothing. */
export function markAt(path: Path, schema: Schema): Mark | undefined {
  const at = path.reduce<Schema | undefined>(
    (holder, key) =>
      typeof key === "number" ? itemOf(holder) : entriesOf(unwrapped(holder))?.[key],
    schema,
  );
  return saidMark(at);
}

/** The password of a URL, as it stands there and decoded. */
function passwordsIn(text: string): string[] {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^\s:/@?#]*:([^/\s]+)@/i.exec(text)?.[1];
  if (password === undefined) return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password]; // a bare % was never encoded
  }
}

function mapTexts(
  value: unknown,
  schema: Schema | undefined,
  change: (text: string, mark: Mark) => string,
  mark: Mark = markOf(schema, undefined),
): unknown {
  if (typeof value === "string") return change(value, mark);
  const item = itemOf(schema);
  if (Array.isArray(value)) {
    return value.map((part) =>
      mapTexts(part, item, change, item === undefined ? mark : markOf(item, mark)),
    );
  }
  if (typeof value !== "object" || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const entries = entriesOf(schema);
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => {
      const entry = entries?.[key];
      const named = SECRET_NAME.test(key) || mark === "secret" ? "secret" : undefined;
      return [key, mapTexts(part, entry, change, markOf(entry, named))];
    }),
  );
}

function markOf(schema: Schema | undefined, otherwise: Mark | undefined): Mark {
  return saidMark(schema) ?? otherwise ?? "plain";
}

/** The mark may stand on the value or around what makes it optional. */
function saidMark(schema: Schema | undefined): Mark | undefined {
  for (const at of [schema, unwrapped(schema)]) {
    if (at === undefined) continue;
    const { kind } = v.getMetadata(at) as { readonly kind?: unknown };
    if (kind === "path" || kind === "secret" || kind === "plain") return kind;
  }
  return undefined;
}

function itemOf(schema: Schema | undefined): Schema | undefined {
  const inner = unwrapped(schema);
  // Every valibot schema of a list has that of its items there.
  return inner !== undefined && "item" in inner ? (inner.item as Schema) : undefined;
}
