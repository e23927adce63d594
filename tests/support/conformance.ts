import { readFileSync } from "node:fs";
import Ajv2020, { type ValidateFunction } from "ajv/dist/2020.js";
import { DOCUMENT_FILE } from "./openapi.ts";

/** Of the document: what is looked at. */
export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenOperation>>>>;
  readonly [key: string]: unknown;
}

export interface OpenOperation {
  readonly "x-role": string;
  readonly responses: Readonly<Record<string, OpenAnswer | { readonly $ref: string }>>;
  readonly [key: string]: unknown;
}

interface OpenAnswer {
  readonly content?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** As it is kept. */
export const document = JSON.parse(readFileSync(DOCUMENT_FILE, "utf8")) as OpenApi; // our own file

const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema(closed(document), "api");

const compiled = new Map<string, ValidateFunction>();

/** Nothing may be in an answer that the document does not say: clients may, we must not, add fields in silence. */
function closed(value: unknown): object {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    const schema = part as Record<string, unknown>;
    const isOpen = schema["type"] === "object" && schema["additionalProperties"] === undefined;
    return isOpen && typeof schema["properties"] === "object"
      ? { ...schema, additionalProperties: false }
      : part;
  }) as object;
}

/**
 * What an answer has that the document does not say of it: its status, media type, headers and body. Empty:
 * it is as declared. Routes that are none answer 404, other methods 405.
 *
 * @param path As requested, with its query or without.
 */
export async function deviations(
  { method, path }: { readonly method: string; readonly path: string },
  answer: Response,
): Promise<string[]> {
  const at = `${method} ${path} → ${answer.status}`;
  const found = findOperation(
    method === "HEAD" ? "GET" : method,
    new URL(path, "http://x").pathname,
  );
  if (found === undefined || answer.status === 404) return await errorDeviations(at, answer);
  const { pointer, operation } = found;
  const declared = operation.responses[String(answer.status)];
  if (declared === undefined) return [`${at}: the status is not declared`];
  const isShared = "$ref" in declared;
  const base = isShared
    ? String(declared["$ref"]).slice(1)
    : `${pointer}/responses/${answer.status}`;
  const said = (isShared ? resolve(base) : declared) as OpenAnswer;
  const missing = Object.keys(said.headers ?? {}).filter((name) => !answer.headers.has(name));
  const wrong = missing.map((name) => `${at}: header ${name} is missing`);
  const type = answer.headers.get("content-type")?.split(";")[0]?.trim();
  const types = Object.keys(said.content ?? {});
  if (method === "HEAD") return wrong;
  const body = await answer.text();
  if (types.length === 0) return body === "" ? wrong : [...wrong, `${at}: a body is not declared`];
  if (type === undefined || !types.includes(type)) {
    return [...wrong, `${at}: media type ${type} is none of ${types.join(", ")}`];
  }
  if (type !== "application/json") return wrong;
  const schema = `${base}/content/${escaped(type)}/schema`;
  return [...wrong, ...schemaErrors(schema, JSON.parse(body)).map((error) => `${at}: ${error}`)];
}

/** What is wrong with a value, by a schema of the document. @param pointer Where that stands. */
export function schemaErrors(pointer: string, value: unknown): string[] {
  let validate = compiled.get(pointer);
  if (validate === undefined) {
    validate = ajv.compile({ $ref: `api#${encodeURI(pointer)}` });
    compiled.set(pointer, validate);
  }
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) =>
      `${instancePath || "the body"} ${message} ${JSON.stringify(params)}`,
  );
}

async function errorDeviations(at: string, answer: Response): Promise<string[]> {
  if (answer.status !== 404 && answer.status !== 405 && answer.status !== 401) {
    return [`${at}: no such route, but neither 404 nor 405`];
  }
  const body: unknown = JSON.parse(await answer.text());
  const says = typeof body === "object" && body !== null && "error" in body;
  return says && typeof body.error === "string" ? [] : [`${at}: no error is told`];
}

function findOperation(
  method: string,
  pathname: string,
): { readonly pointer: string; readonly operation: OpenOperation } | undefined {
  const path = pathname.length > 1 ? pathname.replace(/\/$/, "") : pathname;
  for (const [template, operations] of Object.entries(document.paths)) {
    const pattern = template.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{\w+\}/g, "[^/]+");
    if (!new RegExp(`^${pattern}$`).test(path)) continue;
    const operation = operations[method.toLowerCase()];
    if (operation === undefined) continue;
    return { pointer: `/paths/${escaped(template)}/${method.toLowerCase()}`, operation };
  }
  return undefined;
}

function resolve(pointer: string): unknown {
  let value: unknown = document;
  for (const part of pointer.slice(1).split("/")) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    value = (value as Readonly<Record<string, unknown>>)[key]; // our own pointer into it
  }
  return value;
}

/** As a part of a JSON pointer. */
export function escaped(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
