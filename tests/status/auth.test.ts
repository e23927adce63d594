import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { BUS_ROUTES } from "../../src/bus/routes.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { createStatusApp } from "../../src/status/app.ts";
import { type Access, isLoopback } from "../../src/status/auth.ts";
import { tokenAccess } from "../support/token-access.ts";
import { fakeView } from "./fake-view.ts";

test.each(["127.0.0.1", "127.8.9.10", "localhost", "LOCALHOST", "::1", "[::1]"])(
  "isLoopback() takes %s",
  (host) => expect(isLoopback(host)).toBe(true),
);

test.each(["0.0.0.0", "::", "10.0.0.7", "plant-7", "127.0.0.1.example.com", "localhost.evil.org"])(
  "isLoopback() does not take %s",
  (host) => expect(isLoopback(host)).toBe(false),
);

test("isLoopback() takes a mapped address", () => {
  expect(isLoopback("::ffff:127.0.0.1")).toBe(true);
  expect(isLoopback("::ffff:10.0.0.1")).toBe(false);
});

describe("with a token", () => {
  const app = appOf(tokenAccess("t0ken"));
  const status = async (path: string, authorization?: string, method = "GET") => {
    const headers = authorization === undefined ? {} : { authorization };
    return await app.request(path, { headers, method });
  };

  test.each(["/healthz", "/readyz"])("%s is open", async (path) => {
    expect((await status(path)).status).toBe(200);
  });

  test.each(["/", "/status", "/metrics", "/ledger", "/windows", "/dead-letters", "/nowhere"])(
    "%s is closed without it",
    async (path) => {
      const response = await status(path);
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe('Bearer realm="aggregator"');
      expect(await response.text()).toBe(
        '{\n  "error": "Token required: send the header Authorization: Bearer TOKEN"\n}\n',
      );
    },
  );

  test("what is mounted is closed without it", async () => {
    expect((await status("/vabus/events", undefined, "POST")).status).toBe(401);
    expect((await status("/vabus/events", "Bearer t0ken", "POST")).status).toBe(202);
  });

  test("the right one opens, however the scheme is written", async () => {
    for (const header of ["Bearer t0ken", "bearer t0ken", "BEARER  t0ken "]) {
      expect((await status("/status", header)).status).toBe(200);
    }
  });

  test.each([
    "Bearer t0ke",
    "Bearer t0kenn",
    "Bearer T0KEN",
    "Bearer",
    "Bearer ",
    "t0ken",
    "Basic t0ken",
    "Bearer t0ken t0ken",
  ])("%p does not", async (header) => {
    const response = await status("/status", header);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe(
      'Bearer realm="aggregator", error="invalid_token"',
    );
    expect(await response.text()).not.toContain("t0ken");
  });

  test("hosts and origins do not matter: no browser sends the token by itself", async () => {
    const headers = {
      authorization: "Bearer t0ken",
      host: "plant.example.com",
      origin: "http://other",
    };
    const response = await app.request("/vabus/events", { method: "POST", headers });
    expect(response.status).toBe(202);
  });
});

describe("open on loopback", () => {
  const app = appOf({ mode: "open" });

  test.each(["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "localhost", "LocalHost:1"])(
    "Host %s is served",
    async (host) => {
      expect((await app.request("/status", { headers: { host } })).status).toBe(200);
    },
  );

  test.each([
    "evil.example.com",
    "evil.example.com:8000",
    "10.0.0.7:8000",
    "localhost.evil.org",
    "",
    "@",
  ])("Host %p is refused, since a name was made to point here", async (host) => {
    expect((await app.request("/status", { headers: { host } })).status).toBe(403);
    expect((await app.request("/healthz", { headers: { host } })).status).toBe(200);
  });

  test.each([
    [{ "sec-fetch-site": "cross-site" }, 403],
    [{ "sec-fetch-site": "same-site" }, 403],
    [{ origin: "http://evil.example.com" }, 403],
    [{ origin: "http://localhost:3000" }, 403],
    [{ origin: "null" }, 403],
    [{ origin: "http://localhost:8000" }, 202],
    [{ "sec-fetch-site": "same-origin", origin: "http://localhost:8000" }, 202],
    [{ "sec-fetch-site": "none" }, 202],
    [{}, 202],
  ])("a POST with %j is answered with %d", async (headers, status) => {
    const response = await app.request("/vabus/events", {
      method: "POST",
      headers: { host: "localhost:8000", ...(headers as Record<string, string>) },
    });
    expect(response.status).toBe(status);
  });

  test.each([
    ["GET", "/vabus/event", { "sec-fetch-site": "cross-site" }, 403],
    ["GET", "/vabus/event/", { "sec-fetch-site": "cross-site" }, 403],
    ["GET", "/vabus/%65vent", { "sec-fetch-site": "cross-site" }, 403],
    ["HEAD", "/vabus/event", { "sec-fetch-site": "cross-site" }, 403],
    ["GET", "/vabus/event", { origin: "http://evil.example.com" }, 403],
    ["GET", "/vabus/event", { origin: "http://localhost:8000" }, 200],
    ["GET", "/vabus/event", {}, 200],
  ])("%s %s, which takes an event away, with %j is answered with %d", async (...row) => {
    const [method, path, fields, status] = row;
    const headers = { host: "localhost:8000", ...(fields as Record<string, string>) };
    expect((await app.request(path, { method, headers })).status).toBe(status);
  });

  test("a page from elsewhere may ask, since it cannot read the answer", async () => {
    const headers = { host: "localhost:8000", origin: "http://evil.example.com" };
    const response = await app.request("/status", { headers });
    expect(response.status).toBe(200);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });
});

function appOf(access: Access): Hono {
  const bus = new Hono();
  bus.post("/events", (c) => c.json({}, 202));
  bus.get("/event", (c) => c.json({}));
  const mounts = { "/vabus": { app: bus, routes: BUS_ROUTES } };
  return createStatusApp({ view: fakeView(), access, mounts, logger: silentLogger });
}
