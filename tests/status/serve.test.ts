import { afterEach, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { FatalError } from "../../src/core/errors.ts";
import { type LogFields, type Logger, silentLogger } from "../../src/core/logger.ts";
import { createStatusApp } from "../../src/status/app.ts";
import type { Handler } from "../../src/status/listener.ts";
import { type RunningServer, type ServeOptions, serve } from "../../src/status/serve.ts";
import { accessAt } from "../support/token-access.ts";
import { fakeView } from "./fake-view.ts";

const running: RunningServer[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

const hello: Handler = { fetch: () => new Response("hello") };

async function start(app: Handler, options: Partial<ServeOptions> = {}): Promise<RunningServer> {
  const defaults = { host: "127.0.0.1", port: 0, portAsked: true, logger: silentLogger };
  const server = await serve(app, { ...defaults, ...options });
  running.push(server);
  return server;
}

async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof FatalError) return thrown.message;
    throw thrown;
  }
  return "none";
}

describe("serve()", () => {
  test("serves on the port it says", async () => {
    const server = await start(hello);
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect(await (await fetch(server.url)).text()).toBe("hello");
  });

  test.each(["::1", "[::1]"])("shows %s in brackets", async (host) => {
    const server = await start(hello, { host });
    expect(server.url).toBe(`http://[::1]:${server.port}`);
    expect(await (await fetch(server.url)).text()).toBe("hello");
  });

  test("shows every interface as localhost, which can be opened", async () => {
    const server = await start(hello, { host: "0.0.0.0" });
    expect(server.url).toBe(`http://localhost:${server.port}`);
  });

  test("refuses a port that is taken and was asked for", async () => {
    const { port } = await start(hello);
    expect(await failureOf(start(hello, { port }))).toBe(
      `Cannot listen on 127.0.0.1: port ${port} is taken; choose another by status.port or PORT`,
    );
    // The first one still has the port to itself.
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => (await fetch(`http://127.0.0.1:${port}`)).text()),
    );
    expect(new Set(answers)).toEqual(new Set(["hello"]));
  });

  test("takes the next free port when the taken one was not asked for, and says so", async () => {
    const warnings: [string, LogFields | undefined][] = [];
    const logger = {
      ...silentLogger,
      warn: (message: string, fields?: LogFields) => void warnings.push([message, fields]),
    };
    const first = await start(hello);
    const other: Handler = { fetch: () => new Response("other") };
    const second = await start(other, { port: first.port, portAsked: false, logger });
    expect(second.port).toBeGreaterThan(first.port);
    expect(second.port).toBeLessThanOrEqual(first.port + 20);
    expect(warnings).toEqual([
      [`Port ${first.port} is taken, port ${second.port} is used instead.`, { port: second.port }],
    ]);
    expect(await (await fetch(first.url)).text()).toBe("hello");
    expect(await (await fetch(second.url)).text()).toBe("other");
  });

  test("refuses an address that is not ours", async () => {
    expect(await failureOf(start(hello, { host: "192.0.2.1", port: 8000 }))).toMatch(
      /^Cannot listen on 192\.0\.2\.1:8000: .*; see status\.host and status\.port, or HOST and PORT$/,
    );
  });

  test("lets a request under way finish, and takes no further one", async () => {
    const gate = Promise.withResolvers<Response>();
    const arrived = Promise.withResolvers<void>();
    const server = await start({
      fetch() {
        arrived.resolve();
        return gate.promise;
      },
    });
    const answer = fetch(server.url);
    await arrived.promise;
    const stopped = server.stop();
    expect(server.stop()).toBe(stopped);
    gate.resolve(new Response("done"));
    expect(await (await answer).text()).toBe("done");
    await stopped;
    expect(fetch(server.url)).rejects.toThrow();
  });

  test("cuts a request that does not finish", async () => {
    const arrived = Promise.withResolvers<void>();
    const server = await start({
      fetch() {
        arrived.resolve();
        return new Promise<Response>(() => {});
      },
    });
    const answer = fetch(server.url).then(
      () => "answered",
      () => "cut",
    );
    await arrived.promise;
    await server.stop();
    expect(await answer).toBe("cut");
  });
});

describe("the status page over a socket", () => {
  const startPage = (host: string, token?: string) =>
    start(
      createStatusApp({
        view: fakeView(),
        access: accessAt(host, token),
        logger: silentLogger,
      }),
      { host },
    );

  test("open on loopback, to a client of the simplest kind", async () => {
    const { port } = await startPage("127.0.0.1");
    const answer = await raw(port, `GET /healthz HTTP/1.1\r\nHost: localhost:${port}\r\n`);
    expect(answer).toStartWith("HTTP/1.1 200 OK\r\n");
    expect(answer).toEndWith('\r\n\r\n{\n  "status": "ok"\n}\n');
    const head = await raw(port, `HEAD /status HTTP/1.1\r\nHost: localhost:${port}\r\n`);
    expect(head).toStartWith("HTTP/1.1 200 OK\r\n");
    expect(head).toEndWith("\r\n\r\n");
  });

  test("closed to a name that was made to point here", async () => {
    const { port } = await startPage("127.0.0.1");
    const answer = await raw(port, "GET /status HTTP/1.1\r\nHost: evil.example.com\r\n");
    expect(answer).toStartWith("HTTP/1.1 403 ");
  });

  test("closed on every address without the token", async () => {
    const { port } = await startPage("0.0.0.0", "t0ken");
    const url = `http://127.0.0.1:${port}`;
    expect((await fetch(`${url}/status`)).status).toBe(401);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const headers = { authorization: "Bearer t0ken" };
    expect((await fetch(`${url}/status`, { headers })).status).toBe(200);
  });

  test("outlives what is no request", async () => {
    const { port, url } = await startPage("127.0.0.1");
    await raw(port, "\x16\x03\x01 hello\r\n");
    await raw(port, `GET /${"x".repeat(100_000)} HTTP/1.1\r\nHost: localhost\r\n`);
    await raw(port, "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n");
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});

/** Sends the head of a request as it is, and gives back whatever comes until the other side hangs up. */
async function raw(port: number, head: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`${head}Connection: close\r\n\r\n`);
  try {
    return await text(socket);
  } catch {
    return ""; // it was hung up on
  }
}

test("a server that pauses refuses what is new, ends what is under way, and comes back", async () => {
  const going = Promise.withResolvers<void>();
  const came = Promise.withResolvers<void>();
  const server = await start({
    fetch: () => {
      came.resolve();
      return going.promise.then(() => new Response("late"));
    },
  });
  const underWay = fetch(server.url);
  await came.promise;
  server.listening!.pause();
  server.listening!.pause();
  const refused = await fetch(server.url).catch((thrown: unknown) => thrown);
  expect(refused).toBeInstanceOf(Error);
  going.resolve();
  expect(await (await underWay).text()).toBe("late");
  expect(server.listening!.resume()).toBe(true);
  expect(server.listening!.resume()).toBe(true);
  expect((await fetch(server.url)).status).toBe(200);
  await server.stop();
  expect(await fetch(server.url).catch((thrown: unknown) => thrown)).toBeInstanceOf(Error);
});

test("who cuts its own request fills no log", async () => {
  const lines: string[] = [];
  const left = Promise.withResolvers<void>();
  const logger: Logger = {
    ...silentLogger,
    error: (message) => void lines.push(`error ${message}`),
    debug(message) {
      lines.push(`debug ${message}`);
      left.resolve();
    },
  };
  const access = accessAt("0.0.0.0");
  const server = await start(createStatusApp({ view: fakeView(), access, logger }));
  const socket = connect(server.port, "127.0.0.1");
  // It waits for the body: it is cut in the middle of one.
  socket.write(
    "POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n",
  );
  await once(socket, "data");
  socket.destroy();
  await left.promise;
  expect(lines).toEqual(["debug A client left before its request was answered."]);
});
