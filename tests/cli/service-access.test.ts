import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KeptTokens } from "../../src/cli/kept-tokens.ts";
import { ServiceAccess, type TokenLine } from "../../src/cli/service-access.ts";
import { FatalError } from "../../src/core/errors.ts";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import type { StatusSettings } from "../../src/core/settings.ts";
import { digestOf } from "../../src/status/access/token-entry.ts";
import { createStatusApp } from "../../src/status/app.ts";
import { fakeView } from "../status/fake-view.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

let folder: string;
let path: string;
const clock = new VirtualClock();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "service-access-"));
  path = join(folder, "tokens.json");
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const BEYOND: StatusSettings = { host: "0.0.0.0", port: 0, portAsked: true, token: undefined };

function start(status: Partial<StatusSettings> = {}, logger: Logger = silentLogger): ServiceAccess {
  return new ServiceAccess({ folder, status: { ...BEYOND, ...status }, clock, logger });
}

/** What `GET /session` says to who shows a token. */
async function who({ access }: ServiceAccess, token?: string): Promise<unknown> {
  const app = createStatusApp({ view: fakeView(), access, logger: silentLogger });
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await app.request("/session", { headers: { host: "localhost", ...headers } });
  return answer.status === 200 ? ((await answer.json()) as { role: string }).role : answer.status;
}

const tokensIn = (lines: readonly TokenLine[]): string[] =>
  lines.map(({ text }) => text.split(" ")[0]!);

test("a token for each role is made, shown once, kept as its hash, and opens at later starts", async () => {
  const first = start();
  const lines = first.announce();
  expect(lines.map(({ label, text }) => `${label} ${text.replace(/^\S+ /, "")}`)).toEqual([
    "token (shown this once)",
    "viewer looks, no more (shown this once)",
    "ingest publishes to the bus and reads it, no more (shown this once)",
  ]);
  const tokens = tokensIn(lines);
  for (const token of tokens) expect(token).toMatch(/^\w[\w-]{42}$/);
  const kept = readFileSync(path, "utf8");
  for (const token of tokens) {
    expect(kept).not.toContain(token);
    expect(kept).toContain(Buffer.from(digestOf(token)).toString("hex"));
  }
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["tokens.json"]);
  const second = start();
  expect(second.announce().map(({ text }) => text)).toEqual([
    "as printed when they were made; aggregator token list, make and revoke see to them",
  ]);
  for (const access of [first, second]) {
    expect(await Promise.all(tokens.map((token) => who(access, token)))).toEqual([
      "operator",
      "viewer",
      "ingest",
    ]);
    expect(await who(access, "wrong")).toBe(401);
    expect(await who(access)).toBe(401);
  }
  rmSync(path);
  expect(start().announce()).toHaveLength(3);
});

test("tokens that nobody saw are not kept", () => {
  start();
  expect(existsSync(path)).toBe(false);
});

test("where the settings let somebody in none is made", () => {
  const tokens = [{ name: "grafana", role: "viewer", token: "v" }] as const;
  const oidc = {
    issuer: "https://a",
    audience: ["b"],
    jwksUrl: undefined,
    roleClaim: "c",
    roles: [],
  };
  for (const status of [{ token: "t0ken" }, { host: "127.0.0.1" }, { tokens }, { oidc }]) {
    expect(start(status).announce()).toEqual([]);
  }
  expect(readdirSync(folder)).toEqual([]);
});

test("certificates of machines alone leave a person no way in: tokens are made besides", () => {
  const tls = { cert: "", key: "", clientCa: "", clientCertificates: "optional" } as const;
  expect(start({ tls: { ...tls, clients: [["line-3", "ingest"]] } }).announce()).toHaveLength(3);
  rmSync(path);
  expect(start({ tls: { ...tls, clients: [["anna", "operator"]] } }).announce()).toEqual([]);
});

test("loopback is open, unless it is said otherwise", async () => {
  expect(await who(start({ host: "127.0.0.1" }))).toBe("operator");
  const closed = start({ host: "127.0.0.1", loopback: "token" });
  const [operator] = tokensIn(closed.announce());
  expect([await who(closed), await who(closed, operator)]).toEqual([401, "operator"]);
});

test("tokens of the settings open, each with its role, until they expire", async () => {
  const nowMs = clock.now() / 1000;
  const access = start({
    token: "all",
    tokens: [
      { name: "grafana", role: "viewer", token: "looks" },
      { name: "edge", role: "ingest", token: "sends", expiresAtMs: nowMs + 60_000 },
    ],
  });
  expect(await Promise.all(["all", "looks", "sends"].map((token) => who(access, token)))).toEqual([
    "operator",
    "viewer",
    "ingest",
  ]);
  await clock.advance(60_000);
  expect([await who(access, "sends"), await who(access, "looks")]).toEqual([401, "viewer"]);
});

test("those of the first start stand back for those of the settings, those of a command do not", async () => {
  const first = start();
  const [operator] = tokensIn(first.announce());
  new KeptTokens(folder).change((kept) => [
    ...kept,
    { name: "made", role: "viewer", digest: digestOf("made"), madeAtMs: 0, madeBy: "command" },
  ]);
  const settled = start({ token: "t0ken" });
  expect(await who(settled, operator)).toBe(401);
  expect(await who(settled, "made")).toBe("viewer");
  // While it runs: at a reload.
  expect(await who(first, operator)).toBe("operator");
  first.follow({ ...BEYOND, token: "t0ken" });
  expect([await who(first, operator), await who(first, "t0ken")]).toEqual([401, "operator"]);
  first.follow(BEYOND);
  expect([await who(first, operator), await who(first, "t0ken")]).toEqual(["operator", 401]);
});

test("what a command makes and revokes counts at once", async () => {
  const access = start();
  const [operator, viewer] = tokensIn(access.announce());
  expect(await who(access, viewer)).toBe("viewer");
  const beside = new KeptTokens(folder);
  beside.change((kept) => kept.filter(({ role }) => role !== "viewer"));
  expect([await who(access, viewer), await who(access, operator)]).toEqual([401, "operator"]);
  beside.change(() => []);
  expect(await who(access, operator)).toBe(401);
  // All were revoked: that is no reason to make others.
  const [said] = start().announce();
  expect(said?.text).toBe("none opens: aggregator token make makes one");
});

test("a file that is broken while the service runs opens nothing, and is told once", async () => {
  const said: unknown[] = [];
  const access = start({}, { ...silentLogger, error: (...line) => void said.push(line) });
  const [operator] = tokensIn(access.announce());
  writeFileSync(path, "{");
  expect([await who(access, operator), await who(access, operator)]).toEqual([401, 401]);
  expect(said).toHaveLength(1);
});

test("the token that an older version kept opens everything, and goes along into the new file", async () => {
  const digest = Buffer.from(digestOf("old")).toString("hex");
  writeFileSync(join(folder, "token"), `sha256:${digest}\n`);
  expect(await who(start(), "old")).toBe("operator");
  new KeptTokens(folder).change((kept) => kept);
  expect(readdirSync(folder)).toEqual(["tokens.json"]);
  expect(await who(start(), "old")).toBe("operator");
});

test("two changes at once are not mixed up; what a crash left is no hindrance for long", () => {
  const kept = new KeptTokens(folder);
  writeFileSync(`${path}.new`, "");
  expect(() => kept.change((tokens) => tokens)).toThrow("Cannot keep tokens");
  const old = new Date(Date.now() - 60_000);
  utimesSync(`${path}.new`, old, old);
  kept.change((tokens) => tokens);
  expect(readdirSync(folder)).toEqual(["tokens.json"]);
});

const ENTRY = { name: "a", role: "viewer", sha256: "00".repeat(32), expires_at: null };
test.each([
  "",
  "{}",
  '{"version":2,"tokens":[]}',
  JSON.stringify({ version: 1, tokens: [{ ...ENTRY, role: "boss" }] }),
  JSON.stringify({ version: 1, tokens: [{ ...ENTRY, sha256: "00" }] }),
  JSON.stringify({ version: 1, tokens: [{ ...ENTRY, expires_at: "soon" }] }),
  JSON.stringify({ version: 1, tokens: [{ ...ENTRY, expires_at: 7 }] }),
])("a file with %p is refused with what to do", (text) => {
  writeFileSync(path, text);
  expect(() => start()).toThrow(FatalError);
  expect(() => start()).toThrow("delete it to have new tokens made");
});

test("a certificate whose name is the fingerprint of another one opens nothing by it", async () => {
  const [own, other] = ["ab".repeat(32), "cd".repeat(32)];
  for (const key of [other, other.toUpperCase(), other.replace(/..(?=.)/g, "$&:")]) {
    const tls = {
      cert: "",
      key: "",
      clientCa: "ca.pem",
      clientCertificates: "optional",
      clients: [[key, "operator"]],
    } as const;
    const { access } = start({ token: "t0ken", tls });
    const roleWith = async (name: string, fingerprint: string): Promise<number> => {
      const app = createStatusApp({ view: fakeView(), access, logger: silentLogger });
      const peer = { isSecure: true, certificate: { name, fingerprint } };
      return (await app.request("/status", {}, peer)).status;
    };
    expect(await roleWith("line-3", other)).toBe(200);
    expect(await roleWith(key, own)).toBe(401);
  }
});
