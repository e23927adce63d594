import * as v from "valibot";
import { nearest } from "../core/nearest.ts";
import type { Path } from "./path-text.ts";

/** One thing that is wrong, before it is known whether its value may be shown. */
export interface Fault {
  readonly path: Path;
  /** What is wanted, without the value: `must be a number`. */
  readonly message: string;
  /** The value that is wrong; {@link NO_VALUE} where the message says all. */
  readonly value: unknown;
  /** What the schema expected, in valibot's words. */
  readonly expected: string | null;
}

/** Stands for the value of an issue that is not about a value. */
export const NO_VALUE: unique symbol = Symbol("no value");

type Issue = v.BaseIssue<unknown>;
type Schema = v.GenericSchema;

/** Valibot's words for types, in ours. */
const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  boolean: "true or false",
  Object: "an object",
  Array: "a list",
  Function: "a function",
};

/** Says what an issue of valibot means to the person who wrote the value. */
export function explain(
  issue: Issue,
  { schema, input }: { schema: Schema; input: unknown },
): Fault[] {
  const items = issue.path ?? [];
  // Keys of objects and lists are texts and numbers; maps and sets stand in no configuration.
  const path = items.map(({ key }) => key as string | number);
  const last = items.at(-1);
  const fault = (message: string, value: unknown = issue.input): Fault[] => [
    { path, message, value, expected: issue.expected },
  ];
  if (issue.type === "strict_object" && issue.expected === "never") {
    return unknownKeys(path.slice(0, -1), { schema, input });
  }
  if (last !== undefined && "origin" in last && last.origin === "key") {
    return fault(`is missing${wishOfMissing(entryAt(schema, path))}`, NO_VALUE);
  }
  if (!issue.message.startsWith("Invalid ")) return fault(issue.message);
  if (issue.type === "union" && issue.issues !== undefined) {
    const inner = issue.issues.find((part) => part.path !== undefined);
    if (inner !== undefined)
      return explain({ ...inner, path: joined(issue, inner) }, { schema, input });
  }
  return fault(wishOfIssue(issue));
}

function joined(outer: Issue, inner: Issue): NonNullable<Issue["path"]> {
  // Two lists of which the second is not empty.
  return [...(outer.path ?? []), ...(inner.path ?? [])] as unknown as NonNullable<Issue["path"]>;
}

/** Every key that an object should not have; valibot tells the first one only. */
function unknownKeys(path: Path, at: { schema: Schema; input: unknown }): Fault[] {
  const known = Object.keys(entriesOf(entryAt(at.schema, path)) ?? {});
  const holder = valueAt(at.input, path);
  if (typeof holder !== "object" || holder === null) return [];
  return Object.keys(holder)
    .filter((key) => !known.includes(key))
    .map((key) => ({
      path: [...path, key],
      message: `is no option${hintFor(key, known) || `, must be one of ${known.join(", ") || "none"}`}`,
      value: NO_VALUE,
      expected: null,
    }));
}

function wishOfIssue(issue: Issue): string {
  const { requirement, expected } = issue;
  switch (issue.type) {
    case "integer":
      return "must be a whole number";
    case "finite":
      return "must be a finite number";
    case "min_value":
      return `must be at least ${String(requirement)}`;
    case "max_value":
      return `must be at most ${String(requirement)}`;
    case "non_empty":
      return "must not be empty";
    case "min_length":
      return `must have at least ${String(requirement)} characters or items`;
    case "max_length":
      return `must have at most ${String(requirement)} characters or items`;
    case "url":
      return "must be a URL";
    default:
      return wishOfExpected(expected ?? "another value", issue.input);
  }
}

/** `("s" | "ms")` as a person would say it. */
function wishOfExpected(expected: string, value: unknown): string {
  const literals = [...expected.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1]!);
  const types = expected
    .replace(/"(?:[^"\\]|\\.)*"/g, "")
    .split(/[|()\s]+/)
    .filter((word) => word !== "" && word !== "undefined")
    .map((word) => TYPE_WORDS[word] ?? word);
  const wanted = [...literals.map((literal) => JSON.stringify(literal)), ...types];
  const choice = literals.length > 2 ? `one of ${wanted.join(", ")}` : wanted.join(" or ");
  return `must be ${choice}${hintFor(value, literals)}`;
}

/** What would be said of a value that is nothing at all. */
export function wishOfMissing(schema: Schema | undefined): string {
  const inner = unwrapped(schema);
  const result = inner === undefined ? undefined : v.safeParse(inner, undefined);
  const [issue] = result?.issues ?? [];
  if (schema === undefined || issue === undefined) return "";
  const [fault] = explain(issue, { schema, input: undefined });
  return fault === undefined ? "" : `, ${fault.message}`;
}

/** `, did you mean "window"?` when a candidate is near, otherwise nothing. */
export function hintFor(word: unknown, candidates: readonly string[]): string {
  const meant = typeof word === "string" ? nearest(word, candidates) : undefined;
  return meant === undefined || meant === word ? "" : `, did you mean "${meant}"?`;
}

/** A value for a message: short, and nothing of what lies within an object. */
export function shown(value: unknown): string {
  if (typeof value === "function") return value.name === "" ? "a function" : value.name;
  if (typeof value === "object" && value !== null)
    return Array.isArray(value) ? "a list" : "an object";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** The entries of an object schema, however wrapped. */
export function entriesOf(
  schema: Schema | undefined,
): Readonly<Record<string, Schema>> | undefined {
  const inner = unwrapped(schema);
  // Every valibot schema of an object has its entries there.
  return inner !== undefined && "entries" in inner
    ? (inner.entries as Readonly<Record<string, Schema>>)
    : undefined;
}

/** What lies within `optional`, `nullish` and their like. A pipe is its first schema with additions. */
export function unwrapped(schema: Schema | undefined): Schema | undefined {
  return schema !== undefined && "wrapped" in schema ? unwrapped(schema.wrapped as Schema) : schema;
}

function entryAt(schema: Schema, path: Path): Schema | undefined {
  return path.reduce<Schema | undefined>((at, key) => {
    const inner = unwrapped(at);
    if (inner !== undefined && "item" in inner) return inner.item as Schema;
    return entriesOf(inner)?.[key];
  }, schema);
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === "object" && at !== null
        ? (at as Record<string | number, unknown>)[key]
        : undefined,
    input,
  );
}
