import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { Hono } from "hono";
import { BUS_ROUTES } from "../../src/bus/routes.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { RouteDeclaration } from "../../src/core/route.ts";
import { routesBelow } from "../../src/core/route.ts";
import { realClock } from "../../src/pipeline/real-clock.ts";
import { createStatusApp, type StatusOptions, statusRoutes } from "../../src/status/app.ts";
import { type RunningServer, serve } from "../../src/status/serve.ts";
import { Authority, hasOpenssl } from "../support/certificates.ts";
import { entriesOf, gateOf } from "../support/token-access.ts";
import { fakeView } from "./fake-view.ts";

// Every route and every method, over a socket, with every kind of token. The routes are the app's own.

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] as const;

const TOKENS = { operator: "0perator", viewer: "v1ewer", ingest: "1ngest" } as const;

/** What a client shows, and which roles that gives. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  "": [],
  "authorization: Bearer wrong\r\n": [],
  "authorization: Bearer \r\n": [],
  "authorization: Basic b3BlcmF0b3I6MHBlcmF0b3I=\r\n": [],
  "authorization: Bearer 0perato\r\n": [],
  "authorization: Bearer 0perator0\r\n": [],
  "authorization: Bearer expired\r\n": [],
  "cookie: aggregator_session_8000=0perator\r\n": [],
  "authorization: Bearer v1ewer\r\n": ["viewer", "any"],
  "authorization: Bearer 1ngest\r\n": ["ingest", "any"],
  "authorization: Bearer 0perator\r\n": ["viewer", "ingest", "operator", "any"],
};

let server: RunningServer;
/** The same with TLS, where another server reads the requests; undefined: no certificate can be made here. */
let secure: RunningServer | undefined;
let options: StatusOptions;
let declared: RouteDeclaration[];

beforeAll(async () => {
  const bus = new Hono();
  for (const { method, path } of BUS_ROUTES) bus.on(method, path, (c) => c.json({}));
  const expired = {
    name: "expired",
    role: "operator",
    digest: entriesOf({ operator: "expired" })[0]!.digest,
    expiresAtMs: 0,
  } as const;
  const gate = gateOf(TOKENS, {
    keys: { tokens: () => [expired, ...entriesOf(TOKENS)] },
    // Nobody is slowed: there are thousands of wrong ones.
    clock: { ...realClock, sleep: async () => {} },
  });
  options = {
    view: fakeView(),
    access: { mode: "token", gate },
    mounts: { "/vabus": { app: bus, routes: BUS_ROUTES } },
    logger: silentLogger,
  };
  declared = [...statusRoutes(options), ...routesBelow("/vabus", BUS_ROUTES)];
  const at = { host: "127.0.0.1", port: 0, portAsked: true, logger: silentLogger } as const;
  server = await serve(createStatusApp(options), at);
  if (!hasOpenssl) return;
  using authority = new Authority().sign("server");
  secure = await serve(createStatusApp(options), { ...at, tls: authority.tls("server") });
});

afterAll(async () => {
  await server.stop();
  await secure?.stop();
});

interface Answer {
  readonly status: number;
  readonly head: string;
}

/** The head of an answer; a stream has no end. */
function ask(line: string, fields = "", at = server): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const to = { port: at.port, host: "127.0.0.1" };
    const socket = at === secure ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
    let text = "";
    const settle = (): void => {
      socket.destroy();
      resolve({ status: Number(text.split(" ")[1] ?? 0), head: text.split("\r\n\r\n")[0]! });
    };
    socket.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (text.includes("\r\n\r\n")) settle();
    });
    socket.on("close", settle);
    socket.on("error", reject);
    const body = /^(?:POST|PUT|PATCH) /.test(line) ? "content-length: 0\r\n" : "";
    socket.write(
      `${line} HTTP/1.1\r\nhost: plant-7:8000\r\n${fields}${body}connection: close\r\n\r\n`,
    );
  });
}

/** What the contract says, from the declarations alone. */
function wantedOf(method: string, path: string, roles: readonly string[]): string {
  const at = declared.filter((route) => route.path === path);
  const asked = method === "HEAD" ? "GET" : method;
  const route = at.find((one) => one.method === asked);
  const isOpen = (route ?? at[0]!).role === "none";
  if (!isOpen && roles.length === 0) return "401";
  if (route === undefined) return method === "OPTIONS" ? "204" : "405";
  if (!isOpen && !roles.includes(route.role)) return "403";
  return "served";
}

function toldOf({ status }: Answer, method: string): string {
  if (status === 204 && method !== "OPTIONS") return "served";
  return [204, 401, 403, 405].includes(status) ? String(status) : "served";
}

describe("every route", () => {
  /** Where what is told differs from what is wanted. */
  async function deviations(
    at: RunningServer,
    shown: typeof SHOWN,
  ): Promise<{ wrong: string[]; count: number }> {
    const wrong: string[] = [];
    let count = 0;
    for (const path of new Set(declared.map((route) => route.path))) {
      const url = path.replace(/:\w+/g, "7");
      for (const [fields, roles] of Object.entries(shown)) {
        const answers = await Promise.all(
          METHODS.map((method) => ask(`${method} ${url}`, fields, at)),
        );
        for (const [i, method] of METHODS.entries()) {
          count++;
          const wanted = wantedOf(method, path, roles);
          const told = toldOf(answers[i]!, method);
          // Signing in says 400 without a body, and 401 and 403 of its own.
          if (told !== wanted)
            wrong.push(`${method} ${path} ${fields.trim()}: ${told}, not ${wanted}`);
          if (/^(?:401|403|405)$/.test(told)) checkHead(answers[i]!.head, wrong);
        }
      }
    }
    return { wrong, count };
  }

  test("asks each method for its role: no and wrong tokens 401, lesser ones 403", async () => {
    const { wrong, count } = await deviations(server, SHOWN);
    expect(wrong).toEqual([]);
    const paths = new Set(declared.map(({ path }) => path));
    expect(count).toBe(paths.size * METHODS.length * Object.keys(SHOWN).length);
  });

  test.skipIf(!hasOpenssl)("asks the same with TLS", async () => {
    // A handshake each: one of every kind is enough here.
    const kinds = Object.entries(SHOWN).filter(([fields]) =>
      /^$|wrong|ingest$|v1ewer/.test(fields),
    );
    const { wrong, count } = await deviations(secure!, Object.fromEntries(kinds));
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(500);
  });

  function checkHead(head: string, wrong: string[]): void {
    for (const field of [
      "x-content-type-options: nosniff",
      "x-frame-options: DENY",
      "referrer-policy: no-referrer",
      "cache-control: no-store",
      "content-security-policy: default-src 'none'",
    ]) {
      if (!head.toLowerCase().includes(field.toLowerCase()))
        wrong.push(`${field} is missing in ${head}`);
    }
    if (/^(?:server|x-powered-by):/im.test(head)) wrong.push(`too much is told: ${head}`);
  }

  test("strangers learn of no other route whether it is there; others get 404", async () => {
    for (const path of [
      "/nowhere",
      "/control",
      "/control/stop",
      "/vabus",
      "/assets",
      "/.env",
      "/status/x",
    ]) {
      for (const method of METHODS) {
        expect([method, path, (await ask(`${method} ${path}`)).status]).toEqual([
          method,
          path,
          401,
        ]);
        const known = await ask(`${method} ${path}`, "authorization: Bearer v1ewer\r\n");
        expect([method, path, known.status]).toEqual([method, path, 404]);
      }
    }
  });

  test("no way of writing a path gets around the guard", async () => {
    const ways = [
      "/%73tatus",
      "/status/",
      "//status",
      "/./status",
      "/healthz/../status",
      "/healthz/%2e%2e/status",
      "/healthz%2f..%2fstatus",
      "/healthz;/../status",
      "/status?/healthz",
      "/status#/healthz",
      "/STATUS",
      "/assets/../status",
      "/assets/icon.svg/../../status",
      "/vabus/../control/pause",
      "http://plant-7:8000/status",
      "http://localhost/status",
      "/status%00",
      "/login/../status",
      "\\status",
      "*",
    ];
    for (const path of ways) {
      for (const method of ["GET", "POST", "HEAD"]) {
        const { status } = await ask(`${method} ${path}`);
        expect([path, method, [400, 401, 404, 405].includes(status)]).toEqual([path, method, true]);
      }
    }
  });

  test("headers that proxies set make nobody somebody else", async () => {
    for (const field of [
      "x-forwarded-for: 127.0.0.1",
      "x-real-ip: 127.0.0.1",
      "forwarded: for=127.0.0.1;host=localhost",
      "x-forwarded-host: localhost",
      "x-original-url: /healthz",
      "x-rewrite-url: /healthz",
      "x-http-method-override: GET",
      "x-forwarded-client-cert: Subject=CN=line-3",
    ]) {
      expect([field, (await ask("GET /status", `${field}\r\n`)).status]).toEqual([field, 401]);
    }
  });

  test("two tokens at once are none", async () => {
    const fields = "authorization: Bearer wrong\r\nauthorization: Bearer 0perator\r\n";
    expect((await ask("GET /status", fields)).status).toBe(401);
  });
});
