import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { Authority, hasOpenssl } from "../support/certificates.ts";
import { installExecutable } from "../support/executable.ts";
import { configure, until, urlOf } from "../support/service.ts";

// The executable alone in an empty folder, reachable from outside, as a new user meets it.

const BUILD_MS = 60_000;

const bearer = (token: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${token}` },
});

describe("aggregator run on every address", () => {
  test(
    "prints a token for each role, which open what is theirs, now and after a restart",
    async () => {
      await using aggregator = await installExecutable();
      const env = { HOST: "0.0.0.0", PORT: "0" };
      const first = aggregator.spawn(["run"], { env });
      const url = await urlOf(first);
      const tokenOf = async (label: string): Promise<string> =>
        (await first.waitFor(new RegExp(`^  ${label} +(\\S+) .*\\(shown this once\\)$`, "m")))[1]!;
      const [operator, viewer, ingest] = await Promise.all(
        ["token", "viewer", "ingest"].map(tokenOf),
      );
      const look = async (at: string, path: string, token?: string, method = "GET") =>
        (await fetch(at + path, { method, ...(token === undefined ? {} : bearer(token)) })).status;
      const table = async (at: string) => ({
        stranger: await look(at, "/status"),
        wrong: await look(at, "/status", `${operator}x`),
        health: await look(at, "/healthz"),
        viewer: await look(at, "/status", viewer),
        viewerActs: await look(at, "/control/checkpoint", viewer, "POST"),
        viewerTakes: await look(at, "/vabus/event", viewer),
        ingest: await look(at, "/vabus/events", ingest, "POST"),
        ingestLooks: await look(at, "/status", ingest),
        operator: await look(at, "/control/checkpoint", operator, "POST"),
        nowhere: await look(at, "/nowhere", viewer),
      });
      const wanted = {
        stranger: 401,
        wrong: 401,
        health: 200,
        viewer: 200,
        viewerActs: 403,
        viewerTakes: 403,
        ingest: 202,
        ingestLooks: 403,
        operator: 200,
        nowhere: 404,
      };
      expect(await table(url)).toEqual(wanted);
      await first.stop();
      const second = aggregator.spawn(["run"], { env });
      expect(await table(await urlOf(second))).toEqual(wanted);
      const { stderr } = await second.stop();
      expect(stderr).toContain("as printed when they were made");
      for (const token of [operator, viewer, ingest]) expect(stderr).not.toContain(token!);
    },
    BUILD_MS,
  );

  test(
    "tokens are made and revoked while it runs, and streams end with them",
    async () => {
      await using aggregator = await installExecutable();
      const running = aggregator.spawn(["run"], { env: { HOST: "0.0.0.0", PORT: "0" } });
      const url = await urlOf(running);
      const made = await aggregator.run(["token", "make", "grafana", "--role", "viewer"]);
      const token = made.stdout.trim();
      const stream = await fetch(`${url}/stream`, bearer(token));
      expect(stream.status).toBe(200);
      expect((await fetch(`${url}/status`, bearer(token))).status).toBe(200);
      expect((await aggregator.run(["token", "list"])).stdout).toMatch(/^grafana +viewer/m);
      expect((await aggregator.run(["token", "revoke", "grafana"])).code).toBe(0);
      expect((await fetch(`${url}/status`, bearer(token))).status).toBe(401);
      // Without an end it would be waited for in vain.
      expect(await stream.text()).toContain("event: status");
      expect((await running.stop()).code).toBe(0);
    },
    BUILD_MS,
  );
});

test(
  "aggregator run takes the tokens of an issuer, found by discovery",
  async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const key = { ...(await exportJWK(publicKey)), kid: "one", alg: "ES256" };
    using issuer = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ url }) =>
        Response.json(
          url.endsWith("/keys")
            ? { keys: [key] }
            : { issuer: new URL(url).origin, jwks_uri: `${new URL(url).origin}/keys` },
        ),
    });
    const iss = issuer.url.origin;
    const tokenOf = (role: string): Promise<string> =>
      new SignJWT({ roles: [role] })
        .setProtectedHeader({ alg: "ES256", kid: "one" })
        .setIssuer(iss)
        .setAudience("aggregator")
        .setExpirationTime("5m")
        .sign(privateKey);
    await using aggregator = await installExecutable();
    await configure(
      aggregator,
      `export default { status: { host: "0.0.0.0", port: 0, oidc: {
         issuer: ${JSON.stringify(iss)}, audience: "aggregator", roles: { staff: "viewer", chief: "operator" } } } };`,
    );
    const running = aggregator.spawn(["run"]);
    const url = await urlOf(running);
    const statusOf = async (role: string, path: string, method = "GET") =>
      (await fetch(url + path, { method, ...bearer(await tokenOf(role)) })).status;
    expect(await statusOf("staff", "/status")).toBe(200);
    expect(await statusOf("staff", "/control/checkpoint", "POST")).toBe(403);
    expect(await statusOf("chief", "/control/checkpoint", "POST")).toBe(200);
    expect(await statusOf("nobody", "/status")).toBe(403);
    expect((await fetch(`${url}/status`, bearer(`${await tokenOf("chief")}x`))).status).toBe(401);
    expect((await running.stop()).stderr).not.toContain("shown this once");
  },
  BUILD_MS,
);

describe.skipIf(!hasOpenssl)("aggregator run with TLS", () => {
  let authority: Authority;

  beforeAll(() => {
    authority = new Authority().sign("server").sign("renewed").sign("line-3");
  });

  afterAll(() => authority[Symbol.dispose]());

  const CONFIG = `
    import { defineConfig } from "aggregator";
    export default defineConfig({
      status: {
        host: "0.0.0.0", port: 0, token: "0perator",
        tls: { cert: "tls/server.pem", key: "tls/server.key", clientCa: "tls/ca.pem", clients: { "line-3": "viewer" } },
      },
    });`;

  async function withFiles(folder: string, name = "server"): Promise<void> {
    await mkdir(join(folder, "tls"), { recursive: true });
    await copyFile(authority.path(`${name}.pem`), join(folder, "tls/server.pem"));
    await copyFile(authority.path(`${name}.key`), join(folder, "tls/server.key"));
    for (const file of ["ca.pem", "line-3.pem", "line-3.key"]) {
      await copyFile(authority.path(file), join(folder, "tls", file));
    }
  }

  test(
    "is asked by the commands; a certificate stands for a token; another one is taken by a reload",
    async () => {
      await using aggregator = await installExecutable();
      await configure(aggregator, CONFIG);
      await withFiles(aggregator.folder);
      const running = aggregator.spawn(["run"]);
      const url = await urlOf(running);
      expect(url).toStartWith("https://");
      const ca = ["--ca", "tls/ca.pem"];
      const client = ["--cert", "tls/line-3.pem", "--key", "tls/line-3.key"];
      const audit = (...more: string[]) => aggregator.run(["audit", url, ...more]);
      expect((await audit(...ca, "--token", "0perator")).code).toBe(0);
      expect((await audit(...ca, ...client)).code).toBe(0);
      expect((await audit(...ca)).stderr).toContain("wants a token");
      expect((await audit("--token", "0perator")).stderr).toContain("--ca names the file");
      expect((await audit(...ca, "--cert", "tls/line-3.pem")).code).toBe(2);
      expect((await aggregator.run(["healthcheck", url, ...ca])).code).toBe(0);
      expect((await aggregator.run(["status", url, ...ca, ...client])).code).toBe(0);
      const post = await aggregator.run(["dead-letters", "purge", url, "--all", ...ca, ...client]);
      expect(post.stderr).toContain("Role viewer does not open POST /dead-letters/purge");

      const shown = async (): Promise<unknown> => {
        const { port } = new URL(url);
        const socket = connect({
          port: Number(port),
          host: "127.0.0.1",
          rejectUnauthorized: false,
        });
        await once(socket, "secureConnect");
        const { CN } = socket.getPeerCertificate().subject;
        socket.destroy();
        return CN;
      };
      expect(await shown()).toBe("server");
      await withFiles(aggregator.folder, "renewed");
      process.kill(running.pid, "SIGHUP");
      await until(shown, (name) => name === "renewed");
      // One that does not fit changes nothing.
      await copyFile(authority.path("server.key"), join(aggregator.folder, "tls/server.key"));
      process.kill(running.pid, "SIGHUP");
      await running.waitFor(/is not that of the certificate/);
      expect(await shown()).toBe("renewed");
      expect((await audit(...ca, "--token", "0perator")).code).toBe(0);
      await running.stop();
    },
    BUILD_MS,
  );

  test(
    "says what is wrong with its files, all at once, and exits with 78",
    async () => {
      await using aggregator = await installExecutable();
      await configure(aggregator, CONFIG);
      const missing = await aggregator.run(["run"]);
      expect(missing.code).toBe(78);
      for (const option of ["cert", "key", "clientCa"]) {
        expect(missing.stderr).toContain(`status.tls.${option}: Cannot read "`);
      }
      await withFiles(aggregator.folder);
      await writeFile(join(aggregator.folder, "tls/server.pem"), "no certificate");
      await writeFile(join(aggregator.folder, "tls/server.key"), "s3cret nonsense");
      const broken = await aggregator.run(["check"]);
      expect(broken.code).toBe(78);
      expect(broken.stderr).toContain("holds no certificate in PEM");
      expect(broken.stderr).toContain("holds no private key in PEM");
      expect(broken.stderr).not.toContain("s3cret");
      await withFiles(aggregator.folder);
      await copyFile(authority.path("renewed.key"), join(aggregator.folder, "tls/server.key"));
      const other = await aggregator.run(["check"]);
      expect(other.code).toBe(78);
      expect(other.stderr).toContain("is not that of the certificate in");
    },
    BUILD_MS,
  );
});
