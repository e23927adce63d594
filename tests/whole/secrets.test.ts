import { describe, expect, test } from "bun:test";
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Authority, hasOpenssl } from "../support/certificates.ts";
import { installExecutable } from "../support/executable.ts";
import { configure, until, urlOf } from "../support/service.ts";

// Secrets that can be told from anything else stand wherever a person may put one. Whatever a running
// service says, and whatever it keeps, is searched for them.

const BUILD_MS = 60_000;

/** No two are alike, and none is a word. */
const PLANTED = {
  OPERATOR_TOKEN: "plantedOperator1",
  VIEWER_TOKEN: "plantedViewer2",
  LITERAL: "plantedLiteral3",
  BUS_PASSWORD: "planted/Bus+4",
  POSTGRES_PASSWORD: "planted@Postgres5",
  KAFKA_PASSWORD: "plantedKafka6",
  S3_SECRET: "plantedS37",
  STATE_KEY: "cGxhbnRlZFN0YXRlS2V5LXBsYW50ZWRTdGF0ZUtleTE=",
  ISSUER_KEY: "plantedIssuer8",
} as const;

const CONFIG = `
  import { defineConfig, env, kafka, postgres, vabus } from "aggregator";
  const part = (name) => encodeURIComponent(process.env[name]);
  export default defineConfig({
    name: "plant-7",
    source: vabus({ url: \`http://me:\${part("BUS_PASSWORD")}@127.0.0.1:1/\`, headers: { "x-key": "plantedLiteral3" } }),
    sinks: {
      warehouse: postgres({ url: \`postgres://app:\${part("POSTGRES_PASSWORD")}@127.0.0.1:1/db\` }),
      stream: kafka({
        brokers: "127.0.0.1:1",
        topic: "rows",
        sasl: { mechanism: "plain", username: "me", password: env("KAFKA_PASSWORD") },
      }),
    },
    status: {
      host: "0.0.0.0",
      port: 0,
      token: env("OPERATOR_TOKEN"),
      tokens: [{ name: "grafana", role: "viewer", token: env("VIEWER_TOKEN") }],
      tls: { cert: "server.pem", key: "server.key" },
      oidc: {
        issuer: "http://127.0.0.1:1",
        jwksUrl: \`http://127.0.0.1:1/keys?key=\${part("ISSUER_KEY")}\`,
        audience: "aggregator",
        roles: { staff: "viewer" },
      },
    },
    state: { key: env("STATE_KEY") },
    backup: { to: "backups", every: "1d", s3: { secretAccessKey: env("S3_SECRET") } },
  });`;

/** As it is, as it stands in a URL, and in base64. */
function formsOf(secret: string): string[] {
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")];
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe.skipIf(!hasOpenssl)("a running service", () => {
  test(
    "tells no secret in any answer, in its log, or in what it keeps",
    async () => {
      using authority = new Authority().sign("server");
      await using aggregator = await installExecutable();
      const { folder } = aggregator;
      await configure(aggregator, CONFIG);
      for (const file of ["server.pem", "server.key"]) {
        await copyFile(authority.path(file), join(folder, file));
      }
      const env = { ...PLANTED, LOG_LEVEL: "trace" };
      const said: string[] = [];
      const check = await aggregator.run(["check", "--connect"], { env });
      said.push(check.stdout, check.stderr);

      const running = aggregator.spawn(["run"], { env });
      const url = await urlOf(running);
      const tls = { ca: authority.text("ca.pem") };
      const ask = async (path: string, token: string, method = "GET", body?: string) => {
        const headers = { authorization: `Bearer ${token}` };
        const init = { method, headers, tls, ...(body === undefined ? {} : { body }) };
        const answer = await fetch(url + path, init);
        const head = [...answer.headers].map((pair) => pair.join(": ")).join("\n");
        const text = path === "/stream" ? await firstOf(answer) : await answer.text();
        said.push(`${path} ${answer.status}\n${head}\n${text}`);
        return { answer, text };
      };
      const operator = PLANTED.OPERATOR_TOKEN;
      const { paths } = JSON.parse((await ask("/openapi.json", operator)).text) as {
        paths: Record<string, object>;
      };
      // The faults of source and sinks are told by then.
      await until(
        async () => (await ask("/status", operator)).text,
        (text) =>
          text.includes("warehouse") &&
          (text.match(/ECONNREFUSED|refused|Cannot/g) ?? []).length > 1,
      );
      for (const path of Object.keys(paths)) {
        if (path === "/tap") continue;
        for (const token of [operator, PLANTED.VIEWER_TOKEN, "plantedWrong9"]) {
          await ask(path, token);
          await ask(path, token, "POST", "{");
        }
      }
      const jwt = `eyJhbGciOiJSUzI1NiJ9.${Buffer.from('{"planted":"claim"}').toString("base64url")}.plantedJwt10`;
      await ask("/status", jwt);
      const login = await fetch(`${url}/login`, {
        method: "POST",
        body: JSON.stringify({ token: PLANTED.VIEWER_TOKEN }),
        tls,
      });
      const session = login.headers.get("set-cookie")!.split(";")[0]!.split("=")[1]!;
      said.push(await login.text());
      await ask("/control/backup", operator, "POST");
      // A configuration that is wrong is quoted in what is said of it.
      await writeFile(
        join(folder, "aggregator.config.ts"),
        CONFIG.replace('role: "viewer", token', 'role: "plantedLiteral3", token').replace(
          'mechanism: "plain"',
          'mechanism: env("KAFKA_PASSWORD")',
        ),
      );
      await ask("/control/reload", operator, "POST");
      process.kill(running.pid, "SIGHUP");
      await running.waitFor(/cannot be reloaded/);
      await ask("/healthz", operator);
      const { stdout, stderr } = await running.stop();
      said.push(stdout, stderr);
      await writeFile(join(folder, "aggregator.config.ts"), CONFIG);
      const listed = await aggregator.run(["token", "list"], { env });
      said.push(listed.stdout, listed.stderr);

      const secrets = [
        ...Object.values(PLANTED),
        "plantedWrong9",
        "plantedJwt10",
        session,
        authority.text("server.key").split("\n")[1]!,
      ].flatMap(formsOf);
      const found = (text: string): string[] => [
        ...new Set(secrets.filter((secret) => text.includes(secret))),
      ];
      expect(said.flatMap(found)).toEqual([]);
      expect(said.join("\n").length).toBeGreaterThan(20_000);
      const kept = [
        ...(await filesBelow(join(folder, "aggregator-data"))),
        ...(await filesBelow(join(folder, "backups"))),
      ];
      expect(kept.filter((file) => file.includes("/backups/")).length).toBeGreaterThan(1);
      for (const file of kept) {
        expect([file, found((await readFile(file)).toString("latin1"))]).toEqual([file, []]);
      }
      // What searches finds what is there.
      expect(found(CONFIG)).toEqual(["plantedLiteral3"]);
    },
    BUILD_MS,
  );
});

async function firstOf(answer: Response): Promise<string> {
  if (answer.body === null || !answer.ok) return await answer.text();
  const reader = answer.body.getReader();
  let text = "";
  while (!text.includes("event: status")) {
    const { done, value } = await reader.read();
    if (done) break;
    text += new TextDecoder().decode(value);
  }
  await reader.cancel();
  return text;
}
