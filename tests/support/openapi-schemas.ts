import * as v from "valibot";

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** The schemas with a title, by it: those that are told once and referred to. */
export function namedIn(schemas: readonly v.GenericSchema[]): Record<string, v.GenericSchema> {
  const named: Record<string, v.GenericSchema> = {};
  const seen = new Set<object>();
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    if (isSchema(value)) {
      const title = v.getTitle(value);
      if (title !== undefined) {
        if (named[title] !== undefined) throw new Error(`Two schemas are called ${title}`);
        named[title] = value;
      }
    }
    // A pipe repeats the schema that it begins with.
    for (const [key, part] of Object.entries(value)) if (key !== "~standard") look(part);
  };
  for (const schema of schemas) look(schema);
  return named;
}

function isSchema(value: object): value is v.GenericSchema {
  return "kind" in value && value.kind === "schema";
}

/** A default is written as the query has it: as a text. What is said of names says nothing. */
export function withNumbers(schema: unknown): Json {
  return JSON.parse(JSON.stringify(schema), (key, part: unknown) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    const { propertyNames, ...rest } = part as Record<string, unknown>;
    const isNumber = rest["type"] === "integer" || rest["type"] === "number";
    if (isNumber && typeof rest["default"] === "string") rest["default"] = Number(rest["default"]);
    return propertyNames === undefined || key === "properties" ? { ...part, ...rest } : rest;
  }) as Json;
}
