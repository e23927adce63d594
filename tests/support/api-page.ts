/**
 * Makes the short reference of the HTTP interface out of its document.
 *
 *     bun run generate
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatted } from "./formatted.ts";
import { DOCUMENT_FILE } from "./openapi.ts";

const root = join(import.meta.dir, "../..");

export const API_PAGE = join(root, "docs/api.md");

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: string | number | boolean;
  readonly title?: string;
}

interface Answer {
  readonly $ref?: string;
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface Operation {
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly "x-role": string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly description?: string;
    readonly schema?: Schema;
    readonly required?: boolean;
  }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly example: unknown }>>;
  };
  readonly responses: Readonly<Record<string, Answer>>;
}

interface Document {
  readonly info: { readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly responses: Readonly<Record<string, { readonly description: string }>>;
  };
}

interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** The page, formatted. */
export function apiPage(): string {
  const document = JSON.parse(readFileSync(DOCUMENT_FILE, "utf8")) as Document; // our own file
  const entries = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );
  const parts = document.tags.map(({ name, description }) =>
    chapter(
      `## ${name}\n\n${description}\n`,
      entries.filter(({ operation }) => operation.tags.includes(name)),
    ),
  );
  const text = `${INTRODUCTION}\n${document.info.description}\n\n${common(document)}\n${parts.join("\n")}`;
  return formatted("api.md", text);
}

const INTRODUCTION = `# The HTTP interface

<!-- Made out of the document of the interface by: bun run generate -->

A service serves its own description at \`GET /openapi.json\` (OpenAPI 3.1), with the schema of every answer: feed
it to whatever makes clients. This page is the short form. Where a token is needed, send it with every request:
\`curl -H "Authorization: Bearer $TOKEN" …\`.
`;

function common({ components }: Document): string {
  const statuses: Readonly<Record<string, string>> = {
    Unauthorized: "401",
    Forbidden: "403",
    Slowed: "429",
    TooLarge: "413",
    Failed: "500",
  };
  const lines = Object.entries(components.responses).map(([name, { description }]) => {
    const status = statuses[name];
    if (status === undefined) throw new Error(`No status is known of the answer ${name}`);
    return `- ${status}: ${description}`;
  });
  return `Beside the answers that are listed, every route may give\n\n${lines.join("\n")}\n- 404 and 405: There is no such route, or not with this method; \`Allow\` says which.\n`;
}

function chapter(head: string, entries: readonly Entry[]): string {
  const rows = entries.map(
    ({ method, path, operation }) =>
      `| \`${method} ${path}\` | ${operation["x-role"]} | ${cell(operation.summary)} |`,
  );
  const table = `| Route | Role | What |\n|---|---|---|\n${rows.join("\n")}\n`;
  const sections = entries.filter(({ path }) => !path.startsWith("/assets/")).map(section);
  return `${head}\n${table}\n${sections.join("\n")}`;
}

function section({ method, path, operation }: Entry): string {
  const { description, parameters = [], responses } = operation;
  const about = description.replace(/ ?Role: \w+\.$/, "");
  const rows = parameters.map(
    ({ name, in: place, schema, required = false, description: meaning = "" }) =>
      `| \`${name}\`${place === "query" ? "" : ` (${place})`}${required ? " (required)" : ""} | ${cell(schema === undefined ? "JSON" : valuesOf(schema))} | ${cell(meaning)} |`,
  );
  const answers = Object.entries(responses)
    .filter(([, { $ref }]) => $ref === undefined)
    .map(([status, answer]) => `- ${status}${shapeOf(answer)}: ${answer.description}`);
  return [
    `### \`${method} ${path}\`\n`,
    ...(about === "" ? [] : [`${about}\n`]),
    ...(rows.length === 0
      ? []
      : [`| Parameter | Values | Meaning |\n|---|---|---|\n${rows.join("\n")}\n`]),
    `${answers.join("\n")}\n`,
    `\`\`\`sh\n${curlOf({ method, path, operation })}\n\`\`\`\n`,
  ].join("\n");
}

function valuesOf({ type, enum: words, minimum, maximum, default: usual }: Schema): string {
  const values =
    words !== undefined
      ? words.map((word) => `\`${word}\``).join(", ")
      : minimum !== undefined && maximum !== undefined && maximum < 1e9
        ? `${minimum} to ${maximum}`
        : (type ?? "");
  return usual === undefined || usual === "" ? values : `${values}; default ${usual}`;
}

/** What its body is, in a word. */
function shapeOf({ content }: Answer): string {
  const [type, media] = Object.entries(content ?? {})[0] ?? [];
  if (type === undefined) return "";
  if (type !== "application/json") return `, ${type}`;
  const name = media?.schema?.$ref?.split("/").at(-1);
  return name === undefined ? "" : `, \`${name}\``;
}

/** What is asked for, where a route wants to be told. */
const QUERIES: Readonly<Record<string, string>> = {
  "GET /windows": "limit=10",
  "GET /dead-letters": "limit=10",
  "GET /results": "rule=per_minute&name=cpu&agg_func=avg&limit=10",
  "GET /history": "rule=per_minute&name=cpu&agg_func=avg&points=100",
  "GET /series": "search=cpu",
  "GET /tap": "show=rows&rate=10",
  "GET /vabus/events": "limit=10",
  "GET /vabus/metrics": "limit=10",
  "DELETE /alerts/silence": "id=1f00a2c3",
};

function curlOf({ method, path, operation }: Entry): string {
  const query = QUERIES[`${method} ${path}`];
  const base = `localhost:8000${path}`;
  const url = query === undefined ? base : `'${base}?${query}'`;
  if (method === "GET") {
    const isStream = operation.responses["200"]?.content?.["text/event-stream"] !== undefined;
    return `curl ${isStream ? "-N " : ""}${url}`;
  }
  return `curl -X ${method} ${url}${dataOf(operation)}`;
}

/** As curl sends it: a form, unless it is told otherwise. */
function dataOf({ requestBody }: Operation): string {
  const content = requestBody?.content ?? {};
  const form = content["application/x-www-form-urlencoded"]?.example;
  if (form !== undefined) return ` -d '${new URLSearchParams(form as Record<string, string>)}'`;
  const json = content["application/json"]?.example;
  return json === undefined ? "" : ` -d '${JSON.stringify(json)}'`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

if (import.meta.main) writeFileSync(API_PAGE, apiPage());
