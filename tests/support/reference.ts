import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { alertSchema } from "../../src/config/alerts.ts";
import { type Definition, optionsSchema } from "../../src/config/component.ts";
import { entriesOf, unwrapped } from "../../src/config/explain.ts";
import { notifierSchemas } from "../../src/config/notifiers.ts";
import { ruleSchema } from "../../src/config/rule-schema.ts";
import { configSchema } from "../../src/config/schema.ts";
import { sinks } from "../../src/sinks/list.ts";
import { sources } from "../../src/sources/list.ts";
import { withGenerated } from "./generated-part.ts";

/**
 * The tables of the options, made from the schemas. `bun tests/support/reference.ts` writes them between
 * the markers of the page; a test compares.
 */
export const REFERENCE_FILE = join(import.meta.dir, "../../docs/configuration.md");

type Schema = v.GenericSchema;

const ABOUT_ALERT =
  'One alert, or `"off"`. Of those that come with the program every part that is left out stays as it is. See [the page on alerts](alerts.md).';

const ABOUT_NOTIFIERS = {
  alertmanager: "Prometheus Alertmanager, by its API (version 2).",
  slack: "An incoming webhook of Slack, or of what takes the same messages.",
  webhook: "A POST of JSON to any URL.",
} as const;

/** The page with what is between its markers made anew. */
export function withReference(page: string): string {
  return withGenerated(page, { file: REFERENCE_FILE, from: "schemas", text: referenceText() });
}

function referenceText(): string {
  const parts = Object.entries(entriesOf(configSchema)!);
  const sections = parts.flatMap(([name, schema]) => {
    const entries = entriesOf(schema);
    return entries === undefined ? [] : [section(name, v.getDescription(schema)!, entries)];
  });
  return [
    table(parts.map(([name, schema]) => [name, schema])),
    section("rules.*name*", "One rule.", entriesOf(ruleSchema)!),
    section("alerts.*name*", ABOUT_ALERT, entriesOf(alertSchema)!),
    ...Object.entries(notifierSchemas).map(([kind, schema]) =>
      section(
        `notifiers.*name*: ${kind}()`,
        ABOUT_NOTIFIERS[kind as keyof typeof ABOUT_NOTIFIERS],
        entriesOf(schema)!,
      ),
    ),
    ...sections,
    "## Sources\n",
    ...sources.map(component),
    "## Sinks\n",
    ...sinks.map(component),
  ].join("\n");
}

function section(name: string, about: string, entries: Readonly<Record<string, Schema>>): string {
  return `### ${name}\n\n${about}\n\n${table(Object.entries(entries))}`;
}

function component(definition: Definition): string {
  const entries = Object.entries(entriesOf(optionsSchema(definition)) ?? {});
  const example = Object.keys(definition.example).length === 0 ? "" : literal(definition.example);
  return `### ${definition.name}

${definition.summary} \`${definition.name}(${example})\`

${entries.length === 0 ? "No options.\n" : table(entries)}`;
}

function table(entries: readonly (readonly [name: string, schema: Schema])[]): string {
  const rows = entries.flatMap(([name, schema]) => rowsOf(name, schema));
  return `| Option | Value | Default | |\n|---|---|---|---|\n${rows.map((cells) => `| ${cells.map(cell).join(" | ")} |\n`).join("")}`;
}

/** An option that is an object of a component gets a row for each of its own, too. */
function rowsOf(name: string, schema: Schema): string[][] {
  const about = v.getDescription(schema) ?? v.getDescription(unwrapped(schema)!) ?? "";
  const row = [`\`${name}\``, typeOf(schema), defaultOf(schema), about];
  const isPart = name in entriesOf(configSchema)!;
  const inner = isPart ? undefined : entriesOf(schema);
  return [
    row,
    ...Object.entries(inner ?? {}).flatMap(([key, part]) => rowsOf(`${name}.${key}`, part)),
  ];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function defaultOf(schema: Schema): string {
  const isOptional = ["optional", "nullish", "exact_optional"].includes(schema.type);
  if (!isOptional) return "required";
  const value: unknown = v.getDefault(schema);
  // Those of whole parts are told by the parts.
  if (value === undefined || (typeof value === "object" && value !== null)) return "";
  return `\`${literal(value)}\``;
}

function typeOf(schema: Schema): string {
  const { type } = v.getMetadata(schema) as { type?: string };
  if (type !== undefined) return type;
  // Read off whatever kind of schema it is.
  const inner = unwrapped(schema)! as Schema & {
    readonly options?: readonly unknown[];
    readonly item?: Schema;
    readonly literal?: unknown;
  };
  switch (inner.type) {
    case "string":
      return "text";
    case "number":
      return "number";
    case "boolean":
      return "`true` or `false`";
    case "literal":
      return `\`${literal(inner.literal)}\``;
    case "picklist":
      return inner.options!.map((option) => `\`${literal(option)}\``).join(", ");
    case "union":
      // Of a union the options are schemas.
      return inner.options!.map((option) => typeOf(option as Schema)).join(" or ");
    case "array":
      return `list of ${typeOf(inner.item!)}`;
    case "nullable":
    case "nullish":
      return "text or `null`";
    case "custom":
      return "function";
    default:
      return "object";
  }
}

/** As one would write it in the file. */
function literal(value: unknown): string {
  return JSON.stringify(value, null, 1)
    .replace(/\n */g, " ")
    .replace(/"([A-Za-z_]\w*)":/g, "$1:");
}

if (import.meta.main) {
  writeFileSync(REFERENCE_FILE, withReference(readFileSync(REFERENCE_FILE, "utf8")));
}
