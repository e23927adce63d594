import { beforeEach, describe, expect, test } from "bun:test";
import type { Hono } from "hono";
import { Hono as App } from "hono";
import { BUS_ROUTES } from "../../../src/bus/routes.ts";
import {
  ATTEMPTS_AT_ONCE,
  ATTEMPTS_WAITING_MAX,
  SIGNED_IN_BY_ONE_MAX,
  SIGNED_IN_MAX,
} from "../../../src/core/limits.ts";
import { silentLogger } from "../../../src/core/logger.ts";
import type { ServiceControl } from "../../../src/pipeline/control.ts";
import type { Gate } from "../../../src/status/access/gate.ts";
import type { Identity } from "../../../src/status/access/identity.ts";
import type { Peer } from "../../../src/status/access/peer.ts";
import { Sessions } from "../../../src/status/access/sessions.ts";
import type { TokenEntry } from "../../../src/status/access/token-entry.ts";
import { createLiveFeed, createStatusApp } from "../../../src/status/app.ts";
import type { LiveFeed } from "../../../src/status/live-feed.ts";
import { entriesOf, gateOf } from "../../support/token-access.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { fakeView } from "../fake-view.ts";

const HOST = "plant-7:8000";
const HOUR_MS = 3_600_000;

let clock: VirtualClock;
let tokens: TokenEntry[];
let gate: Gate;
let app: Hono;
let feed: LiveFeed;
let done: string[];

beforeEach(() => {
  clock = new VirtualClock();
  done = [];
  tokens = entriesOf({ operator: "0perator", viewer: "v1ewer", ingest: "1ngest" });
  gate = gateOf({}, { keys: { tokens: () => tokens, sessionMs: HOUR_MS }, clock });
  const control = { pause: async () => void done.push("pause") } as unknown as ServiceControl;
  const view = fakeView();
  feed = createLiveFeed({ view, control }, "run");
  const bus = new App();
  bus.post("/events", (c) => c.json({}, 202));
  bus.get("/event", (c) => c.json({}));
  const access = { mode: "token", gate } as const;
  const mounts = { "/vabus": { app: bus, routes: BUS_ROUTES } };
  app = createStatusApp({ view, control, feed, access, mounts, logger: silentLogger });
});

type Headers = Record<string, string>;
const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });

async function ask(
  line: string,
  headers: Headers = {},
  more: { body?: string; peer?: Peer } = {},
): Promise<Response> {
  const [method = "GET", path = "/"] = line.split(" ");
  const { body, peer = { address: "10.0.0.1" } } = more;
  const init = {
    method,
    headers: { host: HOST, ...headers },
    ...(body === undefined ? {} : { body }),
  };
  return await app.request(path, init, peer);
}

async function signIn(
  token: string,
  peer: Peer = { address: "10.0.0.1" },
): Promise<{ cookie: string; csrf: string; set: string }> {
  const answer = await ask("POST /login", {}, { body: JSON.stringify({ token }), peer });
  expect(answer.status).toBe(200);
  const set = answer.headers.get("set-cookie")!;
  const { csrf_token } = (await answer.json()) as { csrf_token: string };
  return { cookie: set.split(";")[0]!, csrf: csrf_token, set };
}

describe("roles", () => {
  test.each([
    [
      "viewer",
      "v1ewer",
      {
        "GET /status": 200,
        "POST /control/pause": 403,
        "POST /vabus/events": 403,
        "GET /vabus/event": 403,
        "GET /vabus/events": 403,
      },
    ],
    [
      "ingest",
      "1ngest",
      {
        "GET /status": 403,
        "GET /": 403,
        "POST /control/pause": 403,
        "POST /vabus/events": 202,
        "GET /session": 200,
      },
    ],
    [
      "operator",
      "0perator",
      {
        "GET /status": 200,
        "POST /control/pause": 200,
        "POST /vabus/events": 202,
        "GET /vabus/event": 200,
      },
    ],
  ])("%s opens what is its own", async (_, token, wanted) => {
    for (const [line, status] of Object.entries(wanted)) {
      expect([line, (await ask(line, bearer(token))).status]).toEqual([line, status]);
    }
  });

  test("a role that is too small is told so, and nothing is done", async () => {
    const answer = await ask("POST /control/pause", bearer("v1ewer"));
    expect(await answer.json()).toEqual({
      error: "Role viewer does not open POST /control/pause: it takes operator",
    });
    expect(done).toEqual([]);
  });

  test("/status and /stream tell a viewer of no actions", async () => {
    for (const [token, actions] of [
      ["0perator", ["pause"]],
      ["v1ewer", []],
    ] as const) {
      expect(await (await ask("GET /status", bearer(token))).json()).toMatchObject({ actions });
      const { body } = await ask("GET /stream", bearer(token));
      const reader = body!.getReader();
      let text = "";
      while (!text.includes("event: status"))
        text += new TextDecoder().decode((await reader.read()).value);
      expect(text).toContain(`"actions":${JSON.stringify(actions)}`);
      await reader.cancel();
    }
  });

  test("/status counts wrong tokens and sessions, and shows none", async () => {
    await ask("GET /status", bearer("wr0ng"));
    await signIn("v1ewer");
    const text = await (await ask("GET /status", bearer("v1ewer"))).text();
    expect(JSON.parse(text)).toMatchObject({
      access: { mode: "token", wrong_tokens: 1, sessions: 1 },
    });
    for (const secret of ["wr0ng", "v1ewer"]) expect(text).not.toContain(secret);
  });

  test("a token that expired, or is revoked, opens nothing from then on", async () => {
    const expiresAtMs = clock.now() / 1000 + HOUR_MS;
    tokens = tokens.map((one) => ({ ...one, expiresAtMs }));
    expect((await ask("GET /status", bearer("v1ewer"))).status).toBe(200);
    await clock.advance(HOUR_MS);
    const answer = await ask("GET /status", bearer("v1ewer"));
    expect([answer.status, await answer.json()]).toEqual([
      401,
      { error: "Token expired: have another one made" },
    ]);
    tokens = [];
    expect((await ask("GET /status", bearer("0perator"))).status).toBe(401);
  });
});

describe("wrong tokens", () => {
  test("are slowed for who shows them, and for nobody else", async () => {
    for (let i = 0; i < ATTEMPTS_AT_ONCE; i++) {
      expect((await ask("GET /status", bearer(`wrong ${i}`))).status).toBe(401);
    }
    const slowed = Array.from({ length: ATTEMPTS_WAITING_MAX }, () =>
      ask("GET /status", bearer("wrong")),
    );
    // Not even the right one is looked at before its turn.
    const away = await ask("GET /status", bearer("0perator"));
    expect([away.status, Number(away.headers.get("retry-after"))]).toEqual([429, 5]);
    const elsewhere = { peer: { address: "10.0.0.2" } };
    expect((await ask("GET /status", bearer("0perator"), elsewhere)).status).toBe(200);
    await clock.advance(60_000);
    expect((await Promise.all(slowed)).map(({ status }) => status)).toEqual(slowed.map(() => 401));
    expect((await ask("GET /status", bearer("0perator"))).status).toBe(200);
  });

  test("at the sign-in count as well", async () => {
    for (let i = 0; i < ATTEMPTS_AT_ONCE; i++)
      await ask("POST /login", {}, { body: '{"token":"x"}' });
    expect(gate.attempts.failures).toBe(ATTEMPTS_AT_ONCE);
    const slowed = ask("GET /status", bearer("wrong"));
    await clock.advance(60_000);
    expect((await slowed).status).toBe(401);
  });
});

describe("sessions", () => {
  test("a cookie that no script reads and no other site sends stands for the token", async () => {
    const { cookie, set } = await signIn("v1ewer");
    expect(set).toMatch(
      /^aggregator_session_8000=[\w-]{43}; Max-Age=3600; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const session = await (await ask("GET /session", { cookie })).json();
    expect(session).toMatchObject({ name: "the viewer", role: "viewer", via: "session" });
    expect((await ask("GET /status", { cookie })).status).toBe(200);
    // The name knows the port: another service of this host has a session of its own.
    expect((await ask("GET /status", { cookie, host: "plant-7:8001" })).status).toBe(401);
  });

  test("with TLS it is for TLS alone", async () => {
    const { set } = await signIn("v1ewer", { isSecure: true });
    expect(set).toMatch(/^__Host-aggregator_session_8000=.*; Secure; SameSite=Strict$/);
  });

  test("what acts by the cookie needs the proof of our page, and none of another site", async () => {
    const { cookie, csrf } = await signIn("0perator");
    const proof = { "x-csrf-token": csrf };
    const post = async (headers: Headers): Promise<number> =>
      (await ask("POST /control/pause", headers)).status;
    expect(await post({ cookie })).toBe(403);
    expect(await post({ cookie, "x-csrf-token": "guess" })).toBe(403);
    expect(await post({ cookie, ...proof, origin: "https://evil.example.com" })).toBe(403);
    expect(await post({ cookie, ...proof, "sec-fetch-site": "same-site" })).toBe(403);
    expect(done).toEqual([]);
    expect(
      await post({ cookie, ...proof, origin: `http://${HOST}`, "sec-fetch-site": "same-origin" }),
    ).toBe(200);
    expect(await post({ cookie, ...proof })).toBe(200);
    // Behind a proxy that asks us by another name: the browser knows better.
    const proxied = { origin: "https://plant.example.com", "sec-fetch-site": "same-origin" };
    expect(await post({ cookie, ...proof, ...proxied })).toBe(200);
    expect(await post({ cookie, ...proof, ...proxied, "sec-fetch-site": "none" })).toBe(403);
    // What takes an event away acts, too.
    expect((await ask("GET /vabus/event", { cookie })).status).toBe(403);
    expect((await ask("GET /vabus/event", { cookie, ...proof })).status).toBe(200);
    expect((await ask("POST /logout", { cookie })).status).toBe(403);
    // The proof of one session is none of another.
    const other = await signIn("0perator");
    expect(await post({ cookie: other.cookie, ...proof })).toBe(403);
  });

  test("a page of another site cannot sign anybody in", async () => {
    const body = '{"token":"v1ewer"}';
    const headers = { origin: "https://evil.example.com" };
    expect((await ask("POST /login", headers, { body })).status).toBe(403);
  });

  test("a form signs in as well; what is no token is told", async () => {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect((await ask("POST /login", form, { body: "token=v1ewer" })).status).toBe(200);
    for (const body of ["", "{", "null", "{}", '{"token":""}', '{"token":7}', "[]"]) {
      expect([body, (await ask("POST /login", {}, { body })).status]).toEqual([body, 400]);
    }
    const wrong = await ask("POST /login", {}, { body: '{"token":"no"}' });
    expect([wrong.status, wrong.headers.get("set-cookie")]).toEqual([401, null]);
    expect((await ask("POST /login", {}, { body: '{"token":"1ngest"}' })).status).toBe(403);
  });

  test("end when one signs out, also in the browser", async () => {
    const { cookie, csrf } = await signIn("v1ewer");
    const answer = await ask("POST /logout", { cookie, "x-csrf-token": csrf });
    expect(answer.headers.get("set-cookie")).toMatch(/^aggregator_session_8000=; Max-Age=0/);
    expect((await ask("GET /status", { cookie })).status).toBe(401);
  });

  test("end after their time, and with their token", async () => {
    const { cookie } = await signIn("v1ewer");
    await clock.advance(HOUR_MS - 1);
    expect((await ask("GET /status", { cookie })).status).toBe(200);
    await clock.advance(1);
    expect((await ask("GET /status", { cookie })).status).toBe(401);
    const next = await signIn("v1ewer");
    tokens = entriesOf({ operator: "0perator" });
    expect((await ask("GET /status", { cookie: next.cookie })).status).toBe(401);
    tokens = entriesOf({ viewer: "v1ewer" });
    // What ended is ended.
    expect((await ask("GET /status", { cookie: next.cookie })).status).toBe(401);
  });

  test("go by the role that their token has now", async () => {
    const { cookie, csrf } = await signIn("0perator");
    tokens = entriesOf({ viewer: "0perator" });
    const headers = { cookie, "x-csrf-token": csrf };
    expect((await ask("POST /control/pause", headers)).status).toBe(403);
    expect((await ask("GET /status", headers)).status).toBe(200);
  });

  test("their streams end with them", async () => {
    const { cookie } = await signIn("v1ewer");
    await ask("GET /stream", { cookie });
    await ask("GET /stream", bearer("0perator"));
    feed.tick();
    expect(feed.clientCount).toBe(2);
    tokens = entriesOf({ operator: "0perator" });
    feed.tick();
    expect(feed.clientCount).toBe(1);
    tokens = [];
    feed.tick();
    expect(feed.clientCount).toBe(0);
  });

  test("are bounded for one token: its oldest goes, and none of others", async () => {
    const other = await signIn("0perator");
    const first = await signIn("v1ewer");
    const second = await signIn("v1ewer");
    for (let i = 1; i < SIGNED_IN_BY_ONE_MAX; i++) await signIn("v1ewer");
    expect(gate.sessions.count).toBe(SIGNED_IN_BY_ONE_MAX + 1);
    expect((await ask("GET /status", { cookie: first.cookie })).status).toBe(401);
    for (const { cookie } of [second, other]) {
      expect((await ask("GET /status", { cookie })).status).toBe(200);
    }
  });

  test("are bounded for all of them: the oldest goes", () => {
    const sessions = new Sessions(clock);
    const identityOf = (name: string): Identity => ({
      name,
      role: "viewer",
      via: "token",
      isCurrent: () => true,
    });
    const begun = Array.from({ length: SIGNED_IN_MAX + 1 }, (_, i) =>
      sessions.begin(() => identityOf(`n${i}`), 60_000),
    );
    expect(sessions.count).toBe(SIGNED_IN_MAX);
    expect(begun.slice(0, 2).map(({ id }) => sessions.find(id)?.name)).toEqual([undefined, "n1"]);
  });

  test("a token in the header counts before the cookie", async () => {
    const { cookie } = await signIn("0perator");
    const headers = { cookie, ...bearer("wrong") };
    expect((await ask("GET /status", headers)).status).toBe(401);
  });
});

describe("certificates", () => {
  const peer = { isSecure: true, certificate: { name: "line-3", fingerprint: "ab".repeat(32) } };

  test("give the role of the settings, and are no proof against other sites", async () => {
    const keys = { tokens: () => tokens };
    expect((await ask("GET /status", {}, { peer })).status).toBe(401);
    gate.follow({
      ...keys,
      roleOfCertificate: ({ name }) => (name === "line-3" ? "operator" : undefined),
    });
    expect((await ask("POST /control/pause", {}, { peer })).status).toBe(200);
    const origin = { origin: "https://evil.example.com" };
    expect((await ask("POST /control/pause", origin, { peer })).status).toBe(403);
    const session = await (await ask("GET /session", {}, { peer })).json();
    expect(session).toMatchObject({ name: "line-3", role: "operator", via: "certificate" });
    gate.follow(keys);
    expect((await ask("GET /status", {}, { peer })).status).toBe(401);
  });
});

test("TLS is asked for from then on where there is TLS, on refusals too", async () => {
  for (const [isSecure, header] of [
    [true, "max-age=31536000"],
    [false, null],
  ] as const) {
    const { headers } = await ask("GET /nowhere", {}, { peer: { isSecure } });
    expect(headers.get("strict-transport-security")).toBe(header);
  }
});
