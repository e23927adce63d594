import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { silentLogger } from "../../src/core/logger.ts";
import { createStatusApp } from "../../src/status/app.ts";
import type { Access } from "../../src/status/auth.ts";
import { RequestMeter } from "../../src/status/request-meter.ts";
import { tokenAccess } from "../support/token-access.ts";
import { fakeView } from "./fake-view.ts";

function metered(access: Access = { mode: "open" }): { app: Hono; meter: RequestMeter } {
  let nowMs = 0;
  const meter = new RequestMeter({ bounds: [0.5], nowMs: () => (nowMs += 250) });
  const bus = new Hono();
  bus.post("/events", (c) => c.json({}, 202));
  const app = createStatusApp({
    view: fakeView(),
    access,
    logger: silentLogger,
    mounts: {
      "/vabus": {
        app: bus,
        routes: [{ method: "POST", path: "/events", role: "ingest", about: "publishes" }],
      },
    },
    meter,
  });
  return { app, meter };
}

const countsOf = (meter: RequestMeter): string[] =>
  [...meter.counts].map(({ method, route, status, count }) =>
    [method, route, status, count].join(" "),
  );

describe("RequestMeter", () => {
  test("counts by the pattern of the route and the class of the status", async () => {
    const { app, meter } = metered();
    await app.request("/status");
    await app.request("/status?pretty");
    await app.request("/dead-letters?limit=nonsense");
    await app.request("/vabus/events", { method: "POST" });
    await app.request("/control/pause", { method: "POST" });
    await app.request("/status", { method: "DELETE" });
    expect(countsOf(meter)).toEqual([
      "GET /status 2xx 2",
      "GET /dead-letters 4xx 1",
      "POST /vabus/events 2xx 1",
      "POST /control/pause 4xx 1",
      "DELETE /status 4xx 1",
    ]);
    expect([...meter.durations.get("/status")!.counts]).toEqual([3, 0]);
    expect(meter.durations.get("/status")!.sum).toBe(0.75);
  });

  test("no client can make it grow: other paths and methods are all one", async () => {
    const { app, meter } = metered();
    for (let i = 0; i < 1_000; i++) {
      await app.request(`/${i}/${"x".repeat(i % 50)}"\n{}`);
      await app.request(`/vabus/${i}`, { method: "POST" });
      await app.request("/status", { method: "PROPFIND" });
    }
    expect(countsOf(meter)).toEqual([
      "GET other 4xx 1000",
      "POST other 4xx 1000",
      "other /status 4xx 1000",
    ]);
    expect([...meter.durations.keys()]).toEqual(["other", "/status"]);
  });

  test("counts who was turned away at the door, by the route that was asked for", async () => {
    const { app, meter } = metered(tokenAccess("t0ken"));
    await app.request("/status");
    await app.request("/status", { headers: { authorization: "Bearer wrong" } });
    await app.request("/healthz");
    expect(meter.unauthenticated).toBe(2);
    expect(countsOf(meter)).toEqual(["GET /status 4xx 2", "GET /healthz 2xx 1"]);
    const local = metered();
    await local.app.request("/status", { headers: { host: "evil.example" } });
    expect([local.meter.unauthenticated, local.meter.forbidden]).toEqual([0, 1]);
  });
});
