/**
 * Makes the document of the HTTP interface out of what the routes declare and the schemas that they read by.
 *
 *     bun run generate
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { BUS_OPERATIONS } from "../../src/bus/operations.ts";
import { BUS_ROUTES } from "../../src/bus/routes.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { type RouteDeclaration, routesBelow } from "../../src/core/route.ts";
import { errorDoc, RETRY_AFTER } from "../../src/http/answers.ts";
import { errorAnswer } from "../../src/http/fields.ts";
import type { AnswerDoc, BodyDoc, OperationDoc, OperationDocs } from "../../src/http/operation.ts";
import { STATUS_OPERATIONS } from "../../src/status/api/operations.ts";
import { statusRoutes } from "../../src/status/app.ts";
import { fakeView } from "../status/fake-view.ts";
import { type Json, namedIn, withNumbers } from "./openapi-schemas.ts";
import { SECURITY_SCHEMES, securityOf } from "./openapi-security.ts";

const root = join(import.meta.dir, "../..");

export const DOCUMENT_FILE = join(root, "src/status/api/openapi.json.txt");

/** Where the bus of the service is mounted. */
const BUS = "/vabus";

/** Every route that a service may have. */
export function declaredRoutes(): readonly RouteDeclaration[] {
  const own = statusRoutes({
    view: fakeView(),
    access: { mode: "open" },
    logger: silentLogger,
  });
  return [...own, ...routesBelow(BUS, BUS_ROUTES)];
}

/** What is said of them, by method and path. */
export function documentedOperations(): OperationDocs {
  const bus = Object.entries(BUS_OPERATIONS).map(([key, doc]) => {
    const [method, path] = key.split(" ");
    return [`${method} ${BUS}${path}`, doc] as const;
  });
  return { ...STATUS_OPERATIONS, ...Object.fromEntries(bus) };
}

export function buildDocument(): Json {
  const operations = documentedOperations();
  const named = namedIn(Object.values(operations).flatMap(schemasOf));
  const convert = (schema: v.GenericSchema): Json => jsonSchema(schema, named);
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of declaredRoutes()) {
    const doc = operations[`${route.method} ${route.path}`];
    if (doc === undefined) {
      throw new Error(
        `Nothing is said of ${route.method} ${route.path}: add it to its operations.ts`,
      );
    }
    const at = (paths[openPath(route.path)] ??= {});
    at[route.method.toLowerCase()] = operationOf(route, doc, convert);
  }
  return {
    openapi: "3.1.1",
    info: INFO,
    servers: [{ url: "/" }],
    tags: tagsOf(operations),
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(named)
          .map(([name, schema]) => [name, jsonSchema(schema, without(named, name))] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
      responses: Object.fromEntries(
        Object.entries(COMMON).map(([name, answer]) => [name, answerOf(answer, convert)]),
      ),
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

type Named = Readonly<Record<string, v.GenericSchema>>;

/** A schema is no reference to itself. */
function without(named: Named, name: string): Named {
  return Object.fromEntries(Object.entries(named).filter(([key]) => key !== name));
}

function jsonSchema(schema: v.GenericSchema, definitions: Named): Json {
  const { $schema, $defs, ...rest } = toJsonSchema(schema, {
    typeMode: "output",
    target: "draft-2020-12",
    definitions,
    overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
    // What reads a text on its way to what it means.
    ignoreActions: ["raw_transform", "transform", "check"],
  });
  void $schema;
  void $defs;
  return withNumbers(rest);
}

const INFO = {
  title: "Aggregator",
  version: "0.0.0",
  license: { name: "MIT", identifier: "MIT" },
  description:
    "The HTTP interface of a running service. Times are Unix seconds, windows are [start, end). Answers are " +
    'JSON for the eye, errors are `{"error": …}`. HEAD is answered as GET. Fields may be added to answers: ' +
    "take those that you know. `x-role` of an operation tells who may use it: an `operator` may do everything, a " +
    "`viewer` looks, `ingest` publishes to the bus and reads it; `any` of them, `none` is open to everybody.",
};

const TAGS: Readonly<Record<string, string>> = {
  State: "How the service is, and what it holds.",
  Results: "What fired lately.",
  "Dead letters": "What was refused, and again after a fix.",
  Control: "What an operator may do.",
  Alerts: "What is out of order, and who is not to hear of it.",
  Bus: "Our own bus: there where no other is configured.",
  "Signing in": "Sessions of browsers.",
  Dashboard: "The page, and this document.",
};

function tagsOf(operations: OperationDocs): Json[] {
  const used = new Set(Object.values(operations).map(({ tag }) => tag));
  return [...used].map((name) => {
    const description = TAGS[name];
    if (description === undefined) throw new Error(`Nothing is said of the tag ${name}`);
    return { name, description };
  });
}

type Convert = (schema: v.GenericSchema) => Json;

function operationOf(route: RouteDeclaration, doc: OperationDoc, convert: Convert): Json {
  const said = Object.entries(doc.answers).map(([status, answer]) => [
    status,
    answerOf(answer, convert),
  ]);
  const parameters = [
    ...pathParameters(route.path),
    ...queryParameters(doc, convert),
    ...Object.entries(doc.headers ?? {}).map(([name, description]) => ({
      name,
      in: "header",
      description,
      schema: { type: "string" },
    })),
  ];
  return {
    operationId: operationId(route),
    tags: [doc.tag],
    summary: summaryOf(route),
    description: [doc.about, `Role: ${route.role}.`].filter((part) => part !== undefined).join(" "),
    "x-role": route.role,
    security: securityOf(route.role),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(doc.body === undefined ? {} : { requestBody: bodyOf(doc.body, convert) }),
    responses: { ...addedAnswers(route), ...Object.fromEntries(said) },
  };
}

/** `windows that are held; ?limit= and ?after=` is said more fully by the parameters. */
function summaryOf({ about }: RouteDeclaration): string {
  const [line] = about.split("; ?");
  return line!.charAt(0).toUpperCase() + line!.slice(1);
}

function operationId({ method, path }: RouteDeclaration): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return `${method.toLowerCase()}${name === "" ? "Index" : name}`;
}

/** The router writes `/alerts/:name`, the document `/alerts/{name}`. */
function openPath(path: string): string {
  return path.replace(/:(\w+)(?:\{[^}]*\})?/g, "{$1}");
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name: name!,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters({ query }: OperationDoc, convert: Convert): Json[] {
  if (query === undefined) return [];
  const { properties, required = [] } = convert(query) as {
    properties: Record<string, Record<string, Json>>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: "query",
    ...(required.includes(name) ? { required: true } : {}),
    description: description!,
    ...contentOf(schema),
  }));
}

/** A text that is JSON is told as what it holds. */
function contentOf(schema: Readonly<Record<string, Json>>): Record<string, Json> {
  const { contentMediaType, contentSchema, examples } = schema;
  if (typeof contentMediaType !== "string") return { schema };
  const [example] = examples as readonly Json[];
  return { content: { [contentMediaType]: { schema: contentSchema!, example: example! } } };
}

const FORM = "application/x-www-form-urlencoded";

function bodyOf({ types, about, schema, example, isRequired }: BodyDoc, convert: Convert): Json {
  const [first, ...others] = types;
  return {
    description: about,
    required: isRequired,
    content: {
      [first!]: { schema: convert(schema), example: example as Json },
      ...Object.fromEntries(
        others.map((type) => [
          type,
          // A form has the same fields; one record a line is a text.
          type === FORM
            ? { schema: convert(schema), example: example as Json }
            : { schema: { type: "string" }, example: `${JSON.stringify(example)}\n` },
        ]),
      ),
    },
  };
}

function answerOf(answer: AnswerDoc, convert: Convert): Json {
  const { about, schema, example, headers, alsoTypes = [] } = answer;
  const type = answer.type ?? (schema === undefined ? undefined : "application/json");
  return {
    description: about,
    ...(headers === undefined
      ? {}
      : {
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, description]) => [
              name,
              { description, schema: { type: "string" } },
            ]),
          ),
        }),
    ...(type === undefined
      ? {}
      : {
          content: Object.fromEntries(
            [type, ...alsoTypes].map((one) => [
              one,
              {
                ...(schema === undefined ? {} : { schema: convert(schema) }),
                ...(example === undefined ? {} : { example: example as Json }),
              },
            ]),
          ),
        }),
  };
}

/** Answers that many routes have. */
const COMMON: Readonly<Record<string, AnswerDoc>> = {
  Unauthorized: {
    ...errorDoc(
      "Nobody known asks.",
      "Token required: send the header Authorization: Bearer TOKEN",
    ),
    headers: { "WWW-Authenticate": "How to say who one is." },
  },
  Forbidden: errorDoc(
    "The role does not reach, or a page of another site asks.",
    "Requests from pages of other sites are refused",
  ),
  Slowed: {
    ...errorDoc("Too many wrong tokens came from there.", "Too many wrong tokens came from here"),
    headers: RETRY_AFTER,
  },
  TooLarge: errorDoc("The body is too large.", "Body is larger than 65536 bytes"),
  Failed: errorDoc("It failed; its log says why.", "Internal error, see the log"),
};

/** Those that follow from the role and the method. */
function addedAnswers({ role, method }: RouteDeclaration): Record<number, Json> {
  const common = (name: string): Json => ({ $ref: `#/components/responses/${name}` });
  return {
    ...(role === "none"
      ? {}
      : {
          401: common("Unauthorized"),
          403: common("Forbidden"),
          429: common("Slowed"),
        }),
    ...(method === "GET" ? {} : { 413: common("TooLarge") }),
    500: common("Failed"),
  };
}

function schemasOf({ query, body, answers }: OperationDoc): v.GenericSchema[] {
  return [
    ...(query === undefined ? [] : [query]),
    ...(body === undefined ? [] : [body.schema]),
    ...Object.values(answers).flatMap(({ schema }) => (schema === undefined ? [] : [schema])),
    errorAnswer,
  ];
}

/** As it is kept. */
export function documentText(): string {
  return `${JSON.stringify(buildDocument(), null, 2)}\n`;
}

if (import.meta.main) writeFileSync(DOCUMENT_FILE, documentText());
