import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { deviations, document, type OpenApi } from "../support/conformance.ts";
import { installExecutable } from "../support/executable.ts";
import { configure, fill, getJson, startService, urlOf } from "../support/service.ts";

// A running service answers as its document says.

const BUILD_MS = 120_000;

const CONFIG = `
import { defineConfig, eventFunction, sqlite, tumbling } from "aggregator";

export default defineConfig({
  name: "plant-7",
  rules: { per_second: { window: tumbling("1s"), aggregate: eventFunction() } },
  sinks: { rows: sqlite({ path: "rows/aggregates.sqlite" }) },
  time: { outOfOrderness: "0s", idleTimeout: "1s" },
  backup: { to: "backups", every: "1h" },
  status: { host: process.env.HOST ?? "127.0.0.1", port: 0 },
});
`;

interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the answer. */
  readonly status: number;
}

const long = "x".repeat(70_000);

/** A late event lies among the dead letters by then. */
const ASKED: readonly Ask[] = [
  { path: "/", status: 200 },
  { path: "/", headers: { accept: "text/html" }, status: 200 },
  { path: "/assets/dashboard.js", status: 200 },
  { path: "/assets/dashboard.css", status: 200 },
  { path: "/assets/icon.svg", status: 200 },
  { path: "/assets/inter-latin.woff2", status: 200 },
  { path: "/assets/inter-cyrillic.woff2", status: 200 },
  { path: "/healthz", status: 200 },
  { path: "/readyz", status: 200 },
  { path: "/status", status: 200 },
  { path: "/status/?pretty", status: 200 },
  { method: "HEAD", path: "/status", status: 200 },
  { method: "HEAD", path: "/stream", status: 200 },
  { path: "/metrics", status: 200 },
  { path: "/ledger", status: 200 },
  { path: "/windows", status: 200 },
  { path: "/windows?limit=1", status: 200 },
  { path: "/windows?limit=0", status: 400 },
  { path: "/windows?after=7", status: 400 },
  { path: "/results", status: 200 },
  {
    path: "/results?name=cpu&agg_func=sum&labels=%7B%7D&rule=per_second&from=0&to=99",
    status: 200,
  },
  { path: "/results?labels=7", status: 400 },
  { path: "/history?rule=per_second&name=cpu&agg_func=sum", status: 200 },
  { path: "/history?rule=per_second&name=cpu", status: 400 },
  { path: "/series?search=CPU", status: 200 },
  { path: "/series?serach=CPU", status: 400 },
  { path: "/dead-letters", status: 200 },
  { path: "/dead-letters?reason=late&order=newest&limit=1", status: 200 },
  { path: "/dead-letters?reason=lates", status: 400 },
  { path: "/dead-letters?limit=1&limit=1", status: 400 },
  { path: "/alerts", status: 200 },
  {
    method: "POST",
    path: "/alerts/silence",
    body: '{"name":"sink_down","labels":{"sink":"rows"},"for":"2h","comment":"upgrade"}',
    status: 200,
  },
  { path: "/alerts", status: 200 },
  {
    method: "POST",
    path: "/alerts/silence",
    body: '{"name":"sink_down","for":"2 hrs"}',
    status: 400,
  },
  { method: "POST", path: "/alerts/silence", body: '{"name":"sink_dwn","for":"2h"}', status: 409 },
  { method: "POST", path: "/alerts/unsilence", body: '{"name":"sink_down"}', status: 200 },
  { method: "POST", path: "/alerts/unsilence", body: "{}", status: 400 },
  { method: "POST", path: "/alerts/test", body: '{"notifier":"nobody"}', status: 409 },
  { method: "POST", path: "/alerts/test", body: "{}", status: 400 },
  { method: "DELETE", path: "/alerts/silence?id=x", status: 200 },
  { method: "DELETE", path: "/alerts/silence", status: 400 },
  { method: "HEAD", path: "/tap", status: 200 },
  { path: "/tap?limt=1", status: 400 },
  { path: "/openapi.json", status: 200 },
  { path: "/session", status: 200 },
  { method: "POST", path: "/login", body: "{}", status: 400 },
  { method: "POST", path: "/logout", status: 200 },
  { path: "/nowhere", status: 404 },
  { method: "DELETE", path: "/status", status: 405 },
  { method: "POST", path: "/dead-letters/replay", status: 200 },
  { method: "POST", path: "/dead-letters/replay?reason=late", status: 400 },
  { method: "POST", path: "/dead-letters/replay", body: "7", status: 400 },
  { method: "POST", path: "/dead-letters/replay", body: long, status: 413 },
  { method: "POST", path: "/dead-letters/purge", status: 400 },
  { method: "POST", path: "/dead-letters/purge", body: '{"seqs":[]}', status: 400 },
  { method: "POST", path: "/dead-letters/purge?all", status: 200 },
  { method: "POST", path: "/control/pause", status: 200 },
  { path: "/readyz", status: 200 },
  { path: "/status", status: 200 },
  { method: "POST", path: "/control/resume", status: 200 },
  { method: "POST", path: "/control/checkpoint", status: 200 },
  { method: "POST", path: "/control/backup", status: 200 },
  { method: "POST", path: "/control/reload", status: 200 },
  { method: "POST", path: "/control/reload", body: long, status: 413 },
  { path: "/vabus/health", status: 200 },
  { path: "/vabus/events", status: 200 },
  { path: "/vabus/events?after=latest", status: 204 },
  { path: "/vabus/events?after=x", status: 400 },
  { path: "/vabus/events?limit=0", status: 400 },
  { path: "/vabus/events?after=999999", status: 400 },
  { path: "/vabus/event", status: 200 },
  { path: "/vabus/event?wait=-1", status: 400 },
  { method: "POST", path: "/vabus/events", body: '{"name":"cpu","value":"4"}', status: 202 },
  { method: "POST", path: "/vabus/events", body: "[", status: 400 },
  {
    method: "POST",
    path: "/vabus/events",
    body: "[]",
    headers: { "content-encoding": "br" },
    status: 415,
  },
  {
    method: "POST",
    path: "/vabus/events",
    body: gzipSync(new Uint8Array(17 * 1024 * 1024)),
    headers: { "content-encoding": "gzip" },
    status: 413,
  },
  { method: "POST", path: "/vabus/metrics", body: '{"name":"m","value":4}', status: 202 },
  { path: "/vabus/metrics?limit=1", status: 200 },
];

async function ask(url: string, asked: Ask, headers: Readonly<Record<string, string>> = {}) {
  const { method = "GET", path, body, status } = asked;
  const answer = await fetch(url + path, {
    method,
    headers: { ...headers, ...asked.headers },
    ...(body === undefined ? {} : { body }),
  });
  const wrong = await deviations({ method, path }, answer.clone());
  await answer.body?.cancel();
  return answer.status === status
    ? wrong
    : [...wrong, `${method} ${path} → ${answer.status}, not ${status}`];
}

describe("a running service", () => {
  test(
    "answers every route as the document says, open and with a token",
    async () => {
      for (const env of [{}, { HOST: "0.0.0.0" }] as Record<string, string>[]) {
        await using aggregator = await installExecutable();
        await configure(aggregator, CONFIG);
        const running = aggregator.spawn(["run"], { env });
        const url = await urlOf(running);
        const found = env["HOST"] === undefined ? [] : await running.waitFor(/token\s+(\S+)/);
        const headers = found.length === 0 ? {} : { authorization: `Bearer ${found[1]}` };
        await fill(url, headers);
        const wrong: string[] = [];
        for (const one of ASKED) wrong.push(...(await ask(url, one, headers)));
        expect(wrong).toEqual([]);
        // Strangers are told so everywhere.
        if (found.length > 0) {
          for (const { status, ...one } of ASKED.filter(({ path }) => path === "/status")) {
            void status;
            expect(await ask(url, { ...one, status: 401 })).toEqual([]);
          }
        }
        const served = (await (await fetch(`${url}/openapi.json`, { headers })).json()) as OpenApi;
        expect(Object.keys(served.paths)).toEqual(Object.keys(document.paths));
        const isOpen = found.length === 0;
        expect(served.paths["/status"]!["get"]!["security"]).toEqual(
          isOpen ? [] : document.paths["/status"]!["get"]!["security"],
        );
        await running.stop();
      }
    },
    BUILD_MS,
  );

  test("every operation of the document is asked for", () => {
    const asked = new Set(
      ASKED.map(({ method = "GET", path }) => `${method} ${new URL(path, "http://x").pathname}`),
    );
    // Their streams have no end: what they tell has tests of its own.
    for (const stream of ["GET /stream", "GET /tap"]) asked.add(stream);
    const told = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(told.filter((operation) => !asked.has(operation))).toEqual([]);
  });

  test(
    "says why it is not ready, and what is wrong with its configuration, as the document says",
    async () => {
      await using aggregator = await installExecutable();
      const away = CONFIG.replace("import { ", "import { postgres, vabus, ")
        .replace(/  backup: .*/, '  source: vabus({ url: "http://127.0.0.1:9" }),')
        .replace(
          /  sinks: .*/,
          '  sinks: { rows: postgres({ url: "postgres://a@127.0.0.1:9/b" }) },',
        );
      await configure(aggregator, away);
      const { url } = await startService(aggregator);
      const asked = [
        { path: "/readyz", status: 503 },
        { path: "/healthz", status: 200 },
        { path: "/status", status: 200 },
        { method: "POST", path: "/control/backup", status: 409 },
      ];
      for (const one of asked) expect(await ask(url, one)).toEqual([]);
      await configure(aggregator, CONFIG.replace('tumbling("1s")', 'tumbling("1 sek")'));
      expect(
        await ask(url, { path: "/history?rule=per_second&name=cpu&agg_func=sum", status: 503 }),
      ).toEqual([]);
      expect(await ask(url, { method: "POST", path: "/control/reload", status: 422 })).toEqual([]);
      const served = await getJson<OpenApi>(`${url}/openapi.json`);
      // No bus of ours is there.
      expect(Object.keys(served.paths)).not.toContain("/vabus/events");
    },
    BUILD_MS,
  );

  test(
    "a bus that is alone tells of itself",
    async () => {
      await using aggregator = await installExecutable();
      const running = aggregator.spawn(["bus", "--port", "0"]);
      const [, url] = await running.waitFor(/listens on (\S+)/);
      const served = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApi;
      expect(Object.keys(served.paths).toSorted()).toEqual([
        "/event",
        "/events",
        "/health",
        "/healthz",
        "/metrics",
        "/openapi.json",
      ]);
    },
    BUILD_MS,
  );
});
