import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../src/cli/main.ts";
import { captureTerminal } from "../support/capture-terminal.ts";
import { Authority, hasOpenssl } from "../support/certificates.ts";

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
  server = undefined;
});

describe("healthcheck", () => {
  test("exits with 0 when the service answers", async () => {
    const port = await serve(200, '{"status":"ok"}');
    expect(await call([], { HOST: "0.0.0.0", PORT: String(port) })).toEqual({
      code: 0,
      stdout: '{"status":"ok"}\n',
      stderr: "",
    });
  });

  test("asks below the base URL that it is given", async () => {
    const port = await serve(200, "{}");
    expect((await call([`http://127.0.0.1:${port}/base`], {})).stdout).toBe("{}\n");
    expect(asked).toEqual(["/base/healthz"]);
  });

  test("exits with 1 when the service answers with an error", async () => {
    const port = await serve(500, "broken");
    const { code, stderr } = await call([`http://127.0.0.1:${port}`], {});
    expect(code).toBe(1);
    expect(stderr).toBe(`Service at 127.0.0.1:${port} answers with status 500: broken\n`);
  });

  test("exits with 1 when nobody listens", async () => {
    const port = await serve(200, "{}");
    server?.close();
    const { code, stderr } = await call([], { PORT: String(port) });
    expect(code).toBe(1);
    expect(stderr).toStartWith(`Cannot reach the service at 127.0.0.1:${port}: `);
    // Advice of the runtime to those who program.
    expect(stderr).not.toContain("computer");
  });

  test("prints an object with --json, whatever is found", async () => {
    const port = await serve(200, '{"status":"degraded","reasons":["paused"]}');
    const url = `http://127.0.0.1:${port}`;
    const { code, stdout } = await call([url, "--json"], {});
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ status: "degraded", reasons: ["paused"] });
    server?.close();
    server?.closeAllConnections();
    const away = await call([url, "--json"], {});
    expect(away).toMatchObject({ code: 1, stderr: "" });
    expect(JSON.parse(away.stdout)).toEqual({
      status: "away",
      error: expect.stringContaining(`Cannot reach the service at 127.0.0.1:${port}: `),
    });
  });

  test.skipIf(!hasOpenssl)(
    "asks the service of a configuration by TLS, whoever signed its certificate",
    async () => {
      using authority = new Authority().sign("server");
      using secure = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        tls: { cert: authority.text("server.pem"), key: authority.text("server.key") },
        fetch: ({ url }) => new Response(`{"asked":"${new URL(url).pathname}"}`),
      });
      const folder = await mkdtemp(join(tmpdir(), "aggregator-health-"));
      try {
        const file = join(folder, "its.config.ts");
        const tls = { cert: authority.path("server.pem"), key: authority.path("server.key") };
        const status = { host: "127.0.0.1", port: secure.port, tls };
        await writeFile(file, `export default ${JSON.stringify({ status })};`);
        expect(await call(["-c", file], { PORT: "1" })).toEqual({
          code: 0,
          stdout: '{"asked":"/healthz"}\n',
          stderr: "",
        });
        // An authority that is named is held to.
        using other = new Authority();
        expect((await call(["-c", file, "--ca", other.path("ca.pem")], {})).code).toBe(1);
        expect((await call(["-c", file, "--ca", authority.path("ca.pem")], {})).code).toBe(0);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
    30_000,
  );

  test("says in its help that a service without PORT may have gone elsewhere", async () => {
    const { stdout } = await call(["--help"], {});
    expect(stdout.replace(/\s+/g, " ")).toContain("taken serves on the next free port");
  });

  test("exits with 2 on a URL that is none", async () => {
    const { code, stderr } = await call(["plant-7"], {});
    expect(code).toBe(2);
    expect(stderr).toContain('"plant-7"');
  });
});

let asked: (string | undefined)[] = [];

async function serve(status: number, body: string): Promise<number> {
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(status).end(body);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port");
  return address.port;
}

async function call(words: string[], env: Record<string, string>) {
  const { terminal, written } = captureTerminal();
  const code = await main(["healthcheck", ...words], { terminal, env, cwd: import.meta.dir });
  return { code, ...written };
}
