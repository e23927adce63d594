import { expect, test } from "bun:test";
import { defineConfig } from "../../src/config/define.ts";
import { env } from "../../src/config/env.ts";
import { resolveConfig } from "../../src/config/resolve.ts";
import { ConfigError } from "../../src/core/errors.ts";

type Status = NonNullable<Parameters<typeof defineConfig>[0]["status"]>;

const ENV = { VIEWER: "v1ewer-t0ken" };

const resolve = (status: Status) =>
  resolveConfig(defineConfig({ status }), {
    origin: "test",
    dir: "/srv/plant",
    cwd: "/",
    env: ENV,
  });

function errorsOf(status: unknown): string[] {
  try {
    resolve(status as Status); // wrong on purpose
  } catch (failure) {
    if (failure instanceof ConfigError) return failure.message.split("\n");
    throw failure;
  }
  return [];
}

test("tokens have names, roles and ends; the tokens alone are secrets", () => {
  const { status, secrets } = resolve({
    tokens: [
      { name: "grafana", role: "viewer", token: env("VIEWER") },
      { name: "line 3", role: "ingest", token: "1ngest", expires: "2027-01-31" },
    ],
    loopback: "token",
    sessionTimeout: "8h",
  });
  expect(status).toMatchObject({
    tokens: [
      { name: "grafana", role: "viewer", token: "v1ewer-t0ken", expiresAtMs: undefined },
      { name: "line 3", role: "ingest", token: "1ngest", expiresAtMs: Date.UTC(2027, 0, 31) },
    ],
    loopback: "token",
    sessionMs: 8 * 3_600_000,
  });
  expect(secrets.toSorted()).toEqual(["1ngest", "v1ewer-t0ken"]);
});

test("paths of TLS start at the folder of the configuration", () => {
  const { status } = resolve({
    tls: { cert: "tls/cert.pem", key: "/etc/key.pem", clients: { "line-3": "ingest" } },
  });
  expect(status.tls).toEqual({
    cert: "/srv/plant/tls/cert.pem",
    key: "/etc/key.pem",
    clientCa: undefined,
    clientCertificates: "optional",
    clients: [["line-3", "ingest"]],
  });
});

test("an issuer has what it needs, and defaults", () => {
  const { status } = resolve({
    oidc: { issuer: "https://login/realm", audience: "aggregator", roles: { staff: "viewer" } },
  });
  expect(status.oidc).toEqual({
    issuer: "https://login/realm",
    audience: ["aggregator"],
    jwksUrl: undefined,
    roleClaim: "roles",
    roles: [["staff", "viewer"]],
  });
});

test.each([
  [{ tokens: [{ name: "a", role: "vewer", token: "x" }] }, "status.tokens[0].role"],
  [{ tokens: [{ name: "", role: "viewer", token: "x" }] }, "status.tokens[0].name"],
  [{ tokens: [{ name: "a", role: "viewer", token: "with blank" }] }, "status.tokens[0].token"],
  [{ tokens: [{ name: "a", role: "viewer" }] }, "status.tokens[0].token"],
  [
    { tokens: [{ name: "a", role: "viewer", token: "x", expires: "soon" }] },
    "status.tokens[0].expires",
  ],
  [{ loopback: "closed" }, "status.loopback"],
  [{ tls: { cert: "a" } }, "status.tls.key"],
  [{ tls: { cert: "a", key: "b", clients: { a: "boss" } } }, "status.tls.clients"],
  [{ oidc: { issuer: "login", audience: "a", roles: {} } }, "status.oidc.issuer"],
  [{ oidc: { issuer: "https://login", roles: {} } }, "status.oidc.audience"],
])("%j is refused at %s", (status, path) => {
  const errors = errorsOf(status);
  expect(errors.length).toBeGreaterThan(0);
  expect(errors.join("\n")).toContain(path);
  expect(errors.join("\n")).not.toContain("with blank");
});
