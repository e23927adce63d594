import { describe, expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hono } from "hono";
import { silentLogger } from "../../src/core/logger.ts";
import { createStatusApp } from "../../src/status/app.ts";
import { DASHBOARD_POLICY } from "../../src/status/dashboard/serve-page.ts";
import { BUNDLE_FOLDER, buildDashboard } from "../support/dashboard.ts";
import { tokenAccess } from "../support/token-access.ts";
import { fakeView } from "./fake-view.ts";

const HTML = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

function appOf(token?: string): Hono {
  const access = token === undefined ? ({ mode: "open" } as const) : tokenAccess(token);
  return createStatusApp({ view: fakeView(), access, logger: silentLogger });
}

test("the bundle that the executable carries is that of the sources", async () => {
  const built = await buildDashboard();
  // When this fails: bun run generate.
  expect((await readdir(BUNDLE_FOLDER)).sort()).toEqual(Object.keys(built).sort());
  for (const [name, text] of Object.entries(built)) {
    expect((await readFile(join(BUNDLE_FOLDER, name), "utf8")) === text).toBe(true);
  }
});

describe("the page", () => {
  test("is served at / to browsers, the list of routes to everybody else", async () => {
    const app = appOf();
    const page = await app.request("/", { headers: HTML });
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("vary")).toBe("accept");
    expect(await page.text()).toStartWith("<!doctype html>");
    expect(await (await app.request("/")).text()).toStartWith("Aggregator plant-7");
  });

  test("may load what belongs to it and nothing else; nothing of it is inline", async () => {
    const page = await appOf().request("/", { headers: HTML });
    expect(page.headers.get("content-security-policy")).toBe(DASHBOARD_POLICY);
    expect(DASHBOARD_POLICY).not.toContain("unsafe");
    expect(DASHBOARD_POLICY).not.toContain("http");
    const text = await page.text();
    expect(text).not.toMatch(/<script(?![^>]*src=)|<style|style=|\son\w+=|https?:/);
  });

  test.each([
    "/assets/dashboard.js",
    "/assets/dashboard.css",
    "/assets/icon.svg",
    "/assets/inter-latin.woff2",
  ])("%s is sent once, and again when it is another one", async (path) => {
    const app = appOf();
    const first = await app.request(path);
    expect(first.status).toBe(200);
    expect((await first.bytes()).length).toBeGreaterThan(100);
    const tag = first.headers.get("etag")!;
    const again = await app.request(path, { headers: { "if-none-match": tag } });
    expect(again.status).toBe(304);
    expect((await app.request(path, { headers: { "if-none-match": '"other"' } })).status).toBe(200);
  });

  test("keeps its policy when it is still the same", async () => {
    const app = appOf();
    const tag = (await app.request("/", { headers: HTML })).headers.get("etag")!;
    const again = await app.request("/", { headers: { ...HTML, "if-none-match": tag } });
    expect(again.status).toBe(304);
    // A browser takes the headers of this answer for those that it kept.
    expect(again.headers.get("content-security-policy")).toBe(DASHBOARD_POLICY);
  });

  test("asks who has no token to sign in; everything that it asks for wants one", async () => {
    const app = appOf("t0ken");
    const page = await app.request("/", { headers: HTML });
    expect(page.status).toBe(401);
    expect(await page.text()).toStartWith("<!doctype html>");
    expect(page.headers.get("content-security-policy")).toBe(DASHBOARD_POLICY);
    // Nobody keeps it in place of the page that is behind it.
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect((await app.request("/assets/dashboard.js", { headers: HTML })).status).toBe(200);
    for (const path of ["/stream", "/status", "/series", "/results"]) {
      expect((await app.request(path, { headers: HTML })).status).toBe(401);
    }
    expect((await app.request("/control/pause", { method: "POST" })).status).toBe(401);
  });
});
