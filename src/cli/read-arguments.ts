import { parseArgs as tokenize } from "node:util";
import { type ArgsDef, parseArgs } from "citty";
import { nearest } from "../core/nearest.ts";
import type { Values } from "./command.ts";
import { UsageError } from "./exit.ts";

/**
 * Reads the arguments behind a command's name, strictly: citty by itself lets unknown options, options
 * without their value and surplus words pass.
 *
 * @param more Takes the words behind the last positional one; undefined: there must be none.
 * @throws {UsageError} With the nearest right spelling.
 */
export function readArguments<const Args extends ArgsDef>(
  words: readonly string[],
  definitions: Args,
  more?: string[],
): Values<Args> {
  checkWords(words, definitions, more);
  const parsed = parseArgs([...words], definitions);
  const values = Object.entries(definitions).map(([name, definition]) => {
    const value = parsed[name];
    return [name, definition.type === "boolean" ? value === true : value] as const;
  });
  // The words were checked against the very definitions that the type is made of.
  return Object.fromEntries(values) as Values<Args>;
}

function checkWords(
  words: readonly string[],
  definitions: ArgsDef,
  more: string[] | undefined,
): void {
  const options = optionsOf(definitions);
  const { tokens } = tokenize({
    args: [...words],
    options: Object.fromEntries(
      Object.entries(definitions)
        .filter(([, definition]) => definition.type !== "positional")
        .map(([name, definition]) => {
          const type = definition.type === "boolean" ? "boolean" : "string";
          const short = shortOf(definition);
          return [name, short === undefined ? { type } : { type, short }] as const;
        }),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const positionals = Object.entries(definitions).filter(([, d]) => d.type === "positional");
  let seen = 0;
  for (const token of tokens) {
    if (token.kind === "positional") {
      if (seen++ < positionals.length) continue;
      if (more === undefined) throw new UsageError(`Unexpected argument "${token.value}"`);
      more.push(token.value);
    } else if (token.kind === "option") {
      const definition = options.get(token.name);
      if (definition === undefined) throw new UsageError(unknownOption(token.rawName, options));
      if (definition.type === "boolean" && token.value !== undefined) {
        throw new UsageError(`Option ${token.rawName} takes no value, it got "${token.value}"`);
      }
      if (definition.type !== "boolean" && (token.value === undefined || token.value === "")) {
        throw new UsageError(`Option ${token.rawName} needs a value`);
      }
    }
  }
  const missing = positionals[seen];
  if (missing !== undefined && missing[1].required !== false && missing[1].default === undefined) {
    throw new UsageError(`Missing argument ${missing[0].toUpperCase()}`);
  }
  checkRequired(
    tokens.flatMap((token) => (token.kind === "option" ? [token.name] : [])),
    definitions,
  );
}

function checkRequired(given: readonly string[], definitions: ArgsDef): void {
  for (const [name, definition] of Object.entries(definitions)) {
    if (definition.type === "positional" || definition.required !== true) continue;
    if (!given.includes(name)) throw new UsageError(`Missing option --${name}`);
  }
}

function optionsOf(definitions: ArgsDef): ReadonlyMap<string, ArgsDef[string]> {
  return new Map(
    Object.entries(definitions).filter(([, definition]) => definition.type !== "positional"),
  );
}

function shortOf(definition: ArgsDef[string]): string | undefined {
  if (!("alias" in definition)) return undefined;
  return [definition.alias ?? []].flat().find((alias) => alias.length === 1);
}

function unknownOption(word: string, options: ReadonlyMap<string, unknown>): string {
  const meant = nearest(word.replace(/^-+/, ""), ["help", ...options.keys()]);
  return `Unknown option ${word}${meant === undefined ? "" : `, did you mean --${meant}?`}`;
}
