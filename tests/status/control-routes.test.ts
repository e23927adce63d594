import { beforeEach, describe, expect, test } from "bun:test";
import type { Hono } from "hono";
import { silentLogger } from "../../src/core/logger.ts";
import type { ServiceControl } from "../../src/pipeline/control.ts";
import { createStatusApp } from "../../src/status/app.ts";
import { fakeView } from "./fake-view.ts";

const done: string[] = [];

beforeEach(() => {
  done.length = 0;
});

const CONTROL: ServiceControl = {
  pause: async () => void done.push("pause"),
  resume: async () => void done.push("resume"),
  checkpoint: async () => {
    throw new Error("disk full: s3cret");
  },
};

function appOf(control?: ServiceControl): Hono {
  return createStatusApp({
    view: fakeView(),
    ...(control && { control }),
    access: { mode: "open" },
    logger: silentLogger,
    secrets: ["s3cret"],
  });
}

async function post(app: Hono, path: string, headers = {}): Promise<[number, unknown]> {
  const answer = await app.request(path, {
    method: "POST",
    headers: { host: "localhost:8000", ...headers },
  });
  return [answer.status, await answer.json()];
}

describe("POST /control/…", () => {
  test("does it, and says so", async () => {
    const app = appOf(CONTROL);
    expect(await post(app, "/control/pause")).toEqual([200, { done: "pause" }]);
    expect(await post(app, "/control/resume")).toEqual([200, { done: "resume" }]);
    expect(done).toEqual(["pause", "resume"]);
  });

  test("says why it cannot be done, without secrets", async () => {
    expect(await post(appOf(CONTROL), "/control/checkpoint")).toEqual([
      409,
      { error: "disk full: ***" },
    ]);
    expect(await post(appOf(CONTROL), "/control/backup")).toEqual([
      409,
      { error: "No backups are configured: set backup.every" },
    ]);
    expect(await post(appOf(), "/control/pause")).toEqual([
      409,
      { error: "This service cannot pause" },
    ]);
  });

  test("pages of other sites cannot ask for it", async () => {
    const [status] = await post(appOf(CONTROL), "/control/pause", {
      origin: "http://evil.example.com",
    });
    expect(status).toBe(403);
    expect(done).toEqual([]);
  });

  test("anything but POST changes nothing", async () => {
    const answer = await appOf(CONTROL).request("/control/pause");
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("POST");
    expect(done).toEqual([]);
  });
});
