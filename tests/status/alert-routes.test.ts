import { describe, expect, test } from "bun:test";
import { silentLogger } from "../../src/core/logger.ts";
import type { ServiceControl } from "../../src/pipeline/control.ts";
import type { SilenceRequest } from "../../src/pipeline/view.ts";
import { createStatusApp } from "../../src/status/app.ts";
import { hostileReport } from "../support/hostile-report.ts";
import { fakeView } from "./fake-view.ts";

function appOf(control: Partial<ServiceControl> = {}) {
  return createStatusApp({
    view: fakeView({ alerts: () => ({ ...hostileReport(), notifiers: [] }) }),
    control: control as ServiceControl,
    access: { mode: "open" },
    logger: silentLogger,
    secrets: ["<b>upgrade</b>"],
  });
}

async function ask(
  app: ReturnType<typeof appOf>,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const answer = await app.request(`http://localhost${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
}

describe("GET /alerts", () => {
  test("tells all of them, without secrets", async () => {
    const { status, json } = await ask(appOf(), "GET", "/alerts");
    expect(status).toBe(200);
    expect(json).toMatchObject({
      alerts: [{ name: "hot_pump" }, {}, {}],
      silences: [{ comment: "***" }],
    });
  });
});

describe("POST /alerts/silence", () => {
  const silence = { id: "1", name: "a", labels: {}, since: 1, until: 2, comment: "" };

  test("silences what is asked for", async () => {
    const asked: SilenceRequest[] = [];
    const app = appOf({
      silenceAlerts: async (request) => {
        asked.push(request);
        return silence;
      },
    });
    const body = { name: "sink_*", labels: { sink: "a" }, for: "1.5h", comment: "why" };
    expect(await ask(app, "POST", "/alerts/silence", body)).toEqual({ status: 200, json: silence });
    expect(asked).toEqual([
      { name: "sink_*", labels: { sink: "a" }, seconds: 5400, comment: "why" },
    ]);
  });

  test.each([
    ["", 'Body must be a JSON object such as {"name": "sink_down"}'],
    [[], "Body must be a JSON object"],
    [{ for: "1h" }, "name is missing: must be the name of an alert"],
    [{ name: "a" }, 'for is missing: must be a duration such as "2h", from "1s" to "30d"'],
    [{ name: "a", for: "2 hours" }, 'for "2 hours": must be a duration such as "2h"'],
    [{ name: "a", for: "31d" }, 'for "31d": must be a duration such as "2h", from "1s" to "30d"'],
    [{ name: "a", for: "0.5s" }, 'for "0.5s"'],
    [{ name: "a", for: 60 }, "for 60: must be a duration"],
    [{ name: "[a", for: "1h" }, 'name "[a": must be the name of an alert, or a glob'],
    [
      { name: "a", for: "1h", label: {} },
      'Unknown field "label": must be one of name, labels, for, comment, did you mean labels?',
    ],
    [{ name: "a", for: "1h", labels: { a: 1 } }, "labels"],
    [
      { name: "a", for: "1h", comment: "x".repeat(501) },
      "must be a text of at most 500 characters",
    ],
  ])("refuses %j", async (body, error) => {
    const app = appOf({ silenceAlerts: async () => silence });
    const { status, json } = await ask(app, "POST", "/alerts/silence", body);
    expect(status).toBe(400);
    expect(json["error"]).toContain(error);
  });

  test("says why it cannot be done", async () => {
    const app = appOf({
      silenceAlerts: async () => {
        throw new Error('Cannot silence "x": no alert has this name');
      },
    });
    const { status, json } = await ask(app, "POST", "/alerts/silence", { name: "x", for: "1h" });
    expect([status, json["error"]]).toEqual([409, 'Cannot silence "x": no alert has this name']);
    expect((await ask(appOf(), "POST", "/alerts/silence", { name: "x", for: "1h" })).status).toBe(
      409,
    );
  });
});

describe("the end of a silence", () => {
  test("is asked for in a body or in a query", async () => {
    const asked: unknown[] = [];
    const app = appOf({ unsilenceAlerts: async (which) => asked.push(which) });
    expect(await ask(app, "POST", "/alerts/unsilence", { id: "1" })).toMatchObject({
      json: { removed: 1 },
    });
    expect(await ask(app, "DELETE", "/alerts/silence?name=a")).toMatchObject({
      json: { removed: 2 },
    });
    expect(asked).toEqual([{ id: "1" }, { name: "a" }]);
  });

  test.each([
    ["POST", "/alerts/unsilence", {}],
    ["POST", "/alerts/unsilence", { id: "1", name: "a" }],
    ["POST", "/alerts/unsilence", { id: 1 }],
    ["DELETE", "/alerts/silence", undefined],
    ["DELETE", "/alerts/silence?ids=1", undefined],
  ])("%s %s %j is refused", async (method, path, body) => {
    const app = appOf({ unsilenceAlerts: async () => 0 });
    expect((await ask(app, method, path, body)).status).toBe(400);
  });
});

test("POST /alerts/test sends a test, or says why it cannot", async () => {
  const app = appOf({
    testNotifier: async (name) => {
      if (name !== "ops") throw new Error(`Cannot tell ${name}: status 403`);
    },
  });
  expect(await ask(app, "POST", "/alerts/test", { notifier: "ops" })).toEqual({
    status: 200,
    json: { told: "ops" },
  });
  expect(await ask(app, "POST", "/alerts/test", { notifier: "x" })).toMatchObject({
    status: 409,
    json: { error: "Cannot tell x: status 403" },
  });
  expect((await ask(app, "POST", "/alerts/test", {})).status).toBe(400);
});
