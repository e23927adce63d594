import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { BUS_ROUTES } from "../../src/bus/routes.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { createStatusApp, statusRoutes } from "../../src/status/app.ts";
import { guardedApp } from "../../src/status/guarded-app.ts";
import { RouteTable } from "../../src/status/route-table.ts";
import { fakeView } from "./fake-view.ts";

const OPTIONS = { view: fakeView(), access: { mode: "open" }, logger: silentLogger } as const;

describe("the declared routes", () => {
  test("are the ones of the contract, with their roles", () => {
    const told = statusRoutes(OPTIONS).map(({ method, path, role }) => `${method} ${path} ${role}`);
    for (const line of [
      "GET / viewer",
      "GET /healthz none",
      "GET /readyz none",
      "GET /status viewer",
      "GET /metrics viewer",
      "GET /ledger viewer",
      "GET /windows viewer",
      "GET /results viewer",
      "GET /dead-letters viewer",
      "GET /stream viewer",
      "POST /control/pause operator",
      "POST /control/resume operator",
      "POST /control/checkpoint operator",
      "POST /control/backup operator",
      "POST /control/reload operator",
      "POST /dead-letters/replay operator",
      "POST /dead-letters/purge operator",
    ]) {
      expect(told).toContain(line);
    }
    expect(new Set(BUS_ROUTES.map(({ role }) => role))).toEqual(new Set(["ingest"]));
    expect(new Set(told).size).toBe(told.length);
  });

  test("are those that have a handler, and no others", () => {
    const bus = new Hono();
    for (const { method, path } of BUS_ROUTES) bus.on(method, path, (c) => c.json({}));
    const mounts = { "/vabus": { app: bus, routes: BUS_ROUTES } };
    const app = createStatusApp({ ...OPTIONS, mounts });
    const handled = app.routes.filter(({ path }) => path !== "/*" && path !== "*");
    const declared = [
      ...statusRoutes(OPTIONS).map(({ method, path }) => `${method} ${path}`),
      ...BUS_ROUTES.map(({ method, path }) => `${method} /vabus${path}`),
    ];
    expect(new Set(handled.map(({ method, path }) => `${method} ${path}`))).toEqual(
      new Set(declared),
    );
  });

  test("one that nobody declared is not served", async () => {
    const table = new RouteTable([
      { method: "GET", path: "/known/:id", role: "viewer", about: "" },
    ]);
    const app = guardedApp({ table, guard: () => undefined, logger: silentLogger });
    app.get("/known/:id", (c) => c.text("known"));
    app.post("/known/:id", (c) => c.text("forgotten"));
    app.get("/forgotten", (c) => c.text("forgotten"));
    expect((await app.request("/known/7")).status).toBe(200);
    expect((await app.request("/known/7/")).status).toBe(200);
    expect((await app.request("/known/7", { method: "POST" })).status).toBe(405);
    expect((await app.request("/forgotten")).status).toBe(404);
    expect((await app.request("/forgotten", { method: "POST" })).status).toBe(404);
  });

  test("OPTIONS says what a path takes", async () => {
    const answer = await createStatusApp(OPTIONS).request("/dead-letters/replay", {
      method: "OPTIONS",
    });
    expect([answer.status, answer.headers.get("allow")]).toEqual([204, "POST"]);
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  });
});
