import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import { main } from "../../src/cli/main.ts";
import { captureTerminal } from "../support/capture-terminal.ts";

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
  });

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
