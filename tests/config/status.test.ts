import { describe, expect, test } from "bun:test";
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
  [{ oidc: { issuer: "https://u:h1dden@login", audience: "a", roles: {} } }, "no password"],
  [{ oidc: { issuer: "https://u@login", audience: "a", roles: {} } }, "no password"],
  [
    { oidc: { issuer: "https://login", jwksUrl: "https://u:p@login", audience: "a", roles: {} } },
    "status.oidc.jwksUrl",
  ],
])("%j is refused at %s", (status, path) => {
  const errors = errorsOf(status);
  expect(errors.length).toBeGreaterThan(0);
  expect(errors.join("\n")).toContain(path);
  expect(errors.join("\n")).not.toMatch(/with blank|h1dden/);
});

test("of a token that is wrong all is shown but the token itself", () => {
  const tokens = [
    { name: "a", role: "vewer", token: "h1dden too" },
    { name: "b", role: "viewer", tokn: "h1dden" },
    "h1dden",
  ];
  const errors = errorsOf({ tokens }).join("\n");
  expect(errors).toContain('status.tokens[0].role: "vewer": must be one of "viewer"');
  expect(errors).toContain('did you mean "viewer"?');
  expect(errors).toContain("status.tokens[2]");
  expect(errors).not.toContain("h1dden");
});

describe("a token that is there twice", () => {
  const viewer = { name: "a", role: "viewer", token: "s4me" } as const;

  test.each([
    ["by its name", { tokens: [viewer, { ...viewer, token: "other" }] }, "[1].name"],
    [
      "with two roles",
      { tokens: [viewer, { ...viewer, name: "b", role: "operator" }] },
      "[1].token",
    ],
    ["with two ends", { tokens: [viewer, { ...viewer, name: "b", expires: 2e9 }] }, "[1].token"],
    ["as that of an operator", { token: "s4me", tokens: [viewer] }, "[0].token"],
  ])("%s is refused", (_, status, path) => {
    const errors = errorsOf(status);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toStartWith(`status.tokens${path}: `);
    expect(errors[0]).not.toContain("s4me");
  });

  test("for the same role is right", () => {
    const operator = { name: "a", role: "operator", token: "s4me" } as const;
    expect(errorsOf({ token: "s4me", tokens: [operator, { ...operator, name: "b" }] })).toEqual([]);
  });
});
