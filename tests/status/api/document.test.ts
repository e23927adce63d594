import { describe, expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { BUS_ROUTES } from "../../../src/bus/routes.ts";
import { servedDocument } from "../../../src/status/api/served-document.ts";
import { API_PAGE, apiPage } from "../../support/api-page.ts";
import {
  deviations,
  document,
  escaped,
  type OpenApi,
  schemaErrors,
} from "../../support/conformance.ts";
import {
  DOCUMENT_FILE,
  declaredRoutes,
  documentedOperations,
  documentText,
} from "../../support/openapi.ts";

/** The validator changes what it is given. */
function specOf(of: OpenApi): Record<string, unknown> {
  return structuredClone(of) as Record<string, unknown>; // without what is read-only
}

describe("the document of the interface", () => {
  test("is that of the routes and their schemas: bun run generate", async () => {
    expect(await Bun.file(DOCUMENT_FILE).text()).toBe(documentText());
  });

  test("is valid OpenAPI 3.1", async () => {
    const outcome = await new Validator().validate(specOf(document));
    expect(outcome).toMatchObject({ valid: true });
    expect(document.openapi).toStartWith("3.1");
    // It would refuse what is none.
    const wrong = { ...specOf(document), paths: { x: {} } };
    expect(await new Validator().validate(wrong)).toMatchObject({ valid: false });
  });

  test("tells of every declared route with its role, and of no other", () => {
    const declared = declaredRoutes().map(({ method, path, role }) => `${method} ${path} ${role}`);
    const told = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(
        ([method, operation]) =>
          `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ":$1")} ${operation["x-role"]}`,
      ),
    );
    expect(told.toSorted()).toEqual(declared.toSorted());
    expect(Object.keys(documentedOperations()).toSorted()).toEqual(
      declaredRoutes()
        .map(({ method, path }) => `${method} ${path}`)
        .toSorted(),
    );
    const ids = Object.values(document.paths).flatMap((operations) =>
      Object.values(operations).map((operation) => operation["operationId"]),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("gives examples that are as it says", () => {
    const errors: string[] = [];
    let examples = 0;
    const look = (value: unknown, pointer: string): void => {
      if (typeof value !== "object" || value === null) return;
      if ("example" in value && "schema" in value) {
        examples++;
        for (const error of schemaErrors(`${pointer}/schema`, value.example)) {
          errors.push(`${pointer}: ${error}`);
        }
        return;
      }
      for (const [key, part] of Object.entries(value)) look(part, `${pointer}/${escaped(key)}`);
    };
    look({ paths: document.paths, components: document["components"] }, "");
    expect(errors).toEqual([]);
    expect(examples).toBeGreaterThan(40);
  });

  test("says every parameter, and what of a body is needed", () => {
    const { get } = document.paths["/windows"] as { get: { parameters: object[] } } & object;
    expect(get.parameters).toEqual([
      {
        name: "limit",
        in: "query",
        description: "How many entries at most.",
        schema: { type: "integer", minimum: 1, maximum: 1000, default: 100 },
      },
      {
        name: "after",
        in: "query",
        description: "The `next` of the page before. Left out: the first page.",
        schema: { type: "string", pattern: String.raw`^[^@]{1,512}@-?\d{1,16}$` },
      },
    ]);
    expect(document.paths["/dead-letters/replay"]).toMatchObject({
      post: {
        requestBody: { required: false },
        security: [{ bearer: [] }, { cookie: [] }, { certificate: [] }],
        "x-role": "operator",
      },
    });
  });
});

describe("servedDocument()", () => {
  const whole = declaredRoutes();

  test("has the version, and what is served", () => {
    const served = servedDocument({ version: "1.2.3", routes: whole, access: "token" }) as OpenApi;
    expect(served["info"]).toMatchObject({ title: "Aggregator", version: "1.2.3" });
    expect(served.paths).toEqual(document.paths);
  });

  test("leaves out a bus that is not there", () => {
    const routes = whole.filter(({ path }) => !path.startsWith("/vabus"));
    const served = servedDocument({ version: "1.2.3", routes, access: "token" }) as OpenApi;
    expect(Object.keys(served.paths)).not.toContain("/vabus/events");
    expect(Object.keys(served.paths)).toContain("/status");
    expect(served["tags"]).not.toContainEqual(expect.objectContaining({ name: "Bus" }));
  });

  test("asks nobody who it is where everybody is let in", () => {
    const served = servedDocument({ version: "1", routes: whole, access: "open" }) as OpenApi;
    const { get } = served.paths["/status"]!;
    expect(get).toMatchObject({ security: [], "x-role": "viewer" });
    expect(Object.keys(get!.responses)).toEqual(["200", "403", "500"]);
  });

  test("has a bus that is alone where it is, and nothing else", async () => {
    const served = servedDocument({
      version: "1",
      routes: BUS_ROUTES,
      access: "token",
      busAt: "",
    }) as OpenApi;
    expect(Object.keys(served.paths).toSorted()).toEqual([
      "/event",
      "/events",
      "/health",
      "/metrics",
    ]);
    // `GET /metrics` is that of the bus, not of a service.
    expect(served.paths["/metrics"]!["get"]).toMatchObject({ operationId: "getVabusMetrics" });
    expect(await new Validator().validate(specOf(served))).toMatchObject({ valid: true });
  });
});

describe("deviations()", () => {
  const answer = (body: unknown, init: ResponseInit = {}): Response => Response.json(body, init);
  const health = { method: "GET", path: "/healthz" };

  test("finds none in what is as declared", async () => {
    expect(await deviations(health, answer({ status: "ok" }))).toEqual([]);
    const missing = { error: "No route /nowhere" };
    const asked = { method: "GET", path: "/nowhere" };
    expect(await deviations(asked, answer(missing, { status: 404 }))).toEqual([]);
  });

  test.each([
    ["a status", answer({ status: "ok" }, { status: 202 })],
    ["a media type", new Response("ok", { headers: { "content-type": "text/plain" } })],
    ["a value", answer({ status: "fine" })],
    ["a field", answer({ status: "ok", more: 1 })],
  ])("finds %s that is not declared", async (_, wrong) => {
    expect(await deviations(health, wrong)).not.toEqual([]);
  });

  test("finds a header that is missing", async () => {
    const asked = { method: "GET", path: "/vabus/events" };
    expect(await deviations(asked, new Response(null, { status: 204 }))).toHaveLength(2);
  });
});

test("the page of the interface is that of the document: bun run generate", async () => {
  expect(await Bun.file(API_PAGE).text()).toBe(apiPage());
});
