import * as v from "valibot";
import { wrongWord } from "./parameters.ts";

/**
 * The parameters of a route. Each entry reads a text; the message of its schema says what it must be, and
 * its description what it is for. The same schema makes the document of the interface.
 */
export type QuerySchema = v.ObjectSchema<v.ObjectEntries, undefined>;

/** What a request asks for, or why it cannot be answered: for the client, without a full stop. */
export type Read<Query> = { readonly query: Query } | { readonly error: string };

/** Taken everywhere by those who ask for it out of habit: every answer is written for the eye anyway. */
const EVERYWHERE = ["pretty"];

const QUOTED_MAX = 100;

/** Reads the parameters of a URL. What is unknown, or given twice, is an error. */
export function readQuery<Schema extends QuerySchema>(
  url: string,
  schema: Schema,
): Read<v.InferOutput<Schema>> {
  const params = new URL(url).searchParams;
  const known = Object.keys(schema.entries);
  const texts = new Map<string, string>();
  for (const [name, text] of params) {
    // A misspelt filter would show everything and look as if it had worked.
    if (!known.includes(name) && !EVERYWHERE.includes(name)) {
      return { error: `Unknown parameter ${quoted(name)}: ${wrongWord(known, name)}` };
    }
    if (texts.has(name)) return { error: `Parameter ${name} is given twice` };
    texts.set(name, text);
  }
  const read = v.safeParse(schema, Object.fromEntries(texts));
  if (read.success) return { query: read.output };
  const [issue] = read.issues;
  const name = String(issue.path?.[0]?.key);
  if (!texts.has(name)) return { error: `Parameter ${name} is missing` };
  return { error: `${name} ${quoted(texts.get(name)!)}: ${issue.message}` };
}

function quoted(text: string): string {
  return JSON.stringify(text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text);
}
