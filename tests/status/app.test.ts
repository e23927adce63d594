import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { BUS_ROUTES } from "../../src/bus/routes.ts";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import type { PipelineView } from "../../src/pipeline/view.ts";
import { createStatusApp } from "../../src/status/app.ts";
import type { Access } from "../../src/status/auth.ts";
import { tokenAccess } from "../support/token-access.ts";
import { fakeView } from "./fake-view.ts";

const OPEN: Access = { mode: "open" };
const TOKEN: Access = tokenAccess("t0ken");

function appOf(
  options: { view?: PipelineView; access?: Access; logger?: Logger; secrets?: string[] } = {},
): Hono {
  const bus = new Hono();
  bus.post("/events", async (c) => c.json({ length: (await c.req.text()).length }, 202));
  return createStatusApp({
    view: fakeView(),
    access: OPEN,
    logger: silentLogger,
    mounts: { "/vabus": { app: bus, routes: BUS_ROUTES } },
    ...options,
  });
}

const json = async (response: Response): Promise<unknown> => JSON.parse(await response.text());

describe("the routes", () => {
  test("/healthz says how the service is", async () => {
    const response = await appOf().request("/healthz");
    expect(response.status).toBe(200);
    expect(await json(response)).toEqual({ status: "ok" });
    const health = () => ({ status: "degraded", reasons: ["sink a: no s3cret here"] }) as const;
    const degraded = await appOf({ view: fakeView({ health }), secrets: ["s3cret"] }).request(
      "/healthz",
    );
    expect(degraded.status).toBe(200);
    expect(await json(degraded)).toEqual({ status: "degraded", reasons: ["sink a: no *** here"] });
  });

  test("/readyz answers 503 with reasons while the service is not ready", async () => {
    expect((await appOf().request("/readyz")).status).toBe(200);
    const readiness = () => ({ ready: false, reasons: ["source: not open yet"] }) as const;
    const response = await appOf({ view: fakeView({ readiness }) }).request("/readyz");
    expect(response.status).toBe(503);
    expect(await json(response)).toEqual({ ready: false, reasons: ["source: not open yet"] });
  });

  test("/status shows everything but secrets", async () => {
    const response = await appOf({ secrets: ["hunter2", "1.2"] }).request("/status");
    expect(await json(response)).toMatchObject({
      name: "plant-7",
      watermark: 1_700_000_100.5,
      source: { description: "postgres://app:***@db/plant", cursor: "***", pending: 0 },
    });
  });

  test("JSON is written for the eye, and ends a line", async () => {
    const text = await (await appOf().request("/healthz")).text();
    expect(text).toBe('{\n  "status": "ok"\n}\n');
  });

  test("/metrics is the text that Prometheus reads", async () => {
    const response = await appOf().request("/metrics");
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await response.text()).toBe('aggregator_events_total{outcome="late"} 1\n');
  });

  test("/ledger gives the ledger as it is", async () => {
    expect(await json(await appOf().request("/ledger"))).toMatchObject({
      received: 3,
      balanced: true,
      rules: { per_minute: { aggregated: 3 } },
    });
  });

  test("/ lists the routes", async () => {
    const text = await (await appOf().request("/")).text();
    expect(text).toContain("plant-7");
    for (const path of ["/healthz", "/status", "/dead-letters", "/vabus"]) {
      expect(text).toContain(`  ${path} `);
    }
  });

  test("a path may end with a slash", async () => {
    expect((await appOf().request("/status/")).status).toBe(200);
  });

  test("HEAD answers like GET, without a body", async () => {
    const response = await appOf().request("/status", { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });
});

describe("pages", () => {
  test("pass on what was asked for", async () => {
    const view = fakeView();
    const app = appOf({ view });
    expect(await json(await app.request("/windows"))).toEqual({ windows: [], next: "7" });
    await app.request("/windows?limit=1000&after=per_minute%40-60000000&pretty");
    await app.request("/dead-letters?reason=invalid_value&limit=1");
    expect(view.asked).toEqual([
      { limit: 100 },
      { limit: 1000, after: "per_minute@-60000000" },
      { limit: 1, reason: "invalid_value" },
    ]);
  });

  test.each([
    ["/windows?limit=0", 'limit "0": must be a whole number from 1 to 1000'],
    ["/windows?limit=1001", 'limit "1001": must be a whole number from 1 to 1000'],
    ["/windows?limit=1e2", 'limit "1e2": must be a whole number from 1 to 1000'],
    ["/windows?limit=", 'limit "": must be a whole number from 1 to 1000'],
    ["/windows?after=x", 'after "x": must be the "next" of the page before'],
    ["/windows?after=7", 'after "7": must be the "next" of the page before'],
    ["/windows?after=r@", 'after "r@": must be the "next" of the page before'],
    ["/dead-letters?after=-1", 'after "-1": must be the "next" of the page before'],
    ["/dead-letters?after=r@7", 'after "r@7": must be the "next" of the page before'],
    ["/windows?limit=1&limit=2", "Parameter limit is given twice"],
    [
      "/windows?limt=1",
      'Unknown parameter "limt": must be one of limit, after, did you mean limit?',
    ],
    ["/windows?reason=late", 'Unknown parameter "reason": must be one of limit, after'],
    [
      "/dead-letters?reason=lates",
      'reason "lates": must be one of invalid_json, invalid_name, invalid_value, invalid_timestamp, invalid_label, invalid_id, unknown_function, too_large, future, late, over_limit, rule_failed, refused, did you mean late?',
    ],
  ])("refuse %s", async (path, error) => {
    const view = fakeView();
    const response = await appOf({ view }).request(path);
    expect(response.status).toBe(400);
    expect(await json(response)).toEqual({ error });
    expect(view.asked).toEqual([]);
  });
});

describe("what is wrong", () => {
  test("an unknown route is 404 and says which there are", async () => {
    const response = await appOf().request("/stats");
    expect(response.status).toBe(404);
    expect(await json(response)).toMatchObject({ error: "No route /stats" });
  });

  test.each(["POST", "PUT", "DELETE"])("%s is 405 and says what is allowed", async (method) => {
    const response = await appOf().request("/status", { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
    expect(await json(response)).toEqual({ error: `Method ${method} is not allowed here` });
  });

  test("a large body is refused", async () => {
    const body = "x".repeat(65_537);
    const path = "/dead-letters/purge";
    const response = await appOf().request(path, { method: "POST", body });
    expect(response.status).toBe(413);
    const chunked = await appOf().request(path, { method: "POST", body: streamOf(body) });
    expect(chunked.status).toBe(413);
  });

  test("a mounted application takes bodies of its own size", async () => {
    const body = "x".repeat(100_000);
    const response = await appOf().request("/vabus/events", { method: "POST", body });
    expect(response.status).toBe(202);
    expect(await json(response)).toEqual({ length: 100_000 });
  });

  test("a failure is 500 without details, which are in the log", async () => {
    const errors: unknown[] = [];
    const logger = { ...silentLogger, error: (...line: unknown[]) => errors.push(line) };
    const ledger = () => {
      throw new Error("no such table: s3cret");
    };
    const response = await appOf({ view: fakeView({ ledger }), logger }).request("/ledger");
    expect(response.status).toBe(500);
    expect(await json(response)).toEqual({ error: "Internal error, see the log" });
    expect(errors).toEqual([
      ["A request failed.", { path: "/ledger", error: "no such table: s3cret" }],
    ]);
  });
});

test.each(["/status//", "//status", "/healthz//", "/vabus//events", "/STATUS"])(
  "%s is no route",
  async (path) => {
    for (const method of ["GET", "POST"]) {
      const stranger = await appOf({ access: TOKEN }).request(`http://localhost${path}`, {
        method,
      });
      expect(stranger.status).toBe(401);
      const response = await appOf().request(`http://localhost${path}`, { method });
      expect(response.status).toBe(404);
      expect(await json(response)).toMatchObject({ error: expect.stringMatching(/^No route /) });
    }
  },
);

test.each(["/status", "/nowhere", "/vabus/events", "/metrics"])(
  "%s carries headers that keep browsers from misusing it",
  async (path) => {
    const { headers } = await appOf({ access: TOKEN }).request(path);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toBe(
      "default-src 'none'; frame-ancestors 'none'",
    );
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("strict-transport-security")).toBeNull();
  },
);

function streamOf(text: string): ReadableStream<Uint8Array> {
  return new Blob([text]).stream();
}
