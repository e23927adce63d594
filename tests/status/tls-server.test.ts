import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { connect as connectPlain } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { ServiceAccess } from "../../src/cli/service-access.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { TlsSettings } from "../../src/core/settings.ts";
import { realClock } from "../../src/pipeline/real-clock.ts";
import { createLiveFeed, createStatusApp } from "../../src/status/app.ts";
import type { Handler, Listener } from "../../src/status/listener.ts";
import type { LiveFeed } from "../../src/status/live-feed.ts";
import { serve } from "../../src/status/serve.ts";
import { listenTls, type TlsBounds } from "../../src/status/tls-server.ts";
import { Authority, hasOpenssl } from "../support/certificates.ts";
import { gateOf } from "../support/token-access.ts";
import { fakeView } from "./fake-view.ts";

describe.skipIf(!hasOpenssl)("listenTls()", () => {
  let authority: Authority;
  let strangers: Authority;
  const open: Listener[] = [];
  const sockets: { destroy(): unknown }[] = [];

  beforeAll(() => {
    authority = new Authority().sign("server").sign("renewed").sign("line-3");
    strangers = new Authority().sign("line-3");
  });

  afterAll(() => {
    authority[Symbol.dispose]();
    strangers[Symbol.dispose]();
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const listener of open.splice(0)) {
      await listener.cut();
      await listener.drain();
    }
  });

  function settingsOf(more: Partial<TlsSettings> = {}, name = "server"): TlsSettings {
    const tls = authority.tls(name);
    const clientCa = more.clientCa === undefined ? undefined : authority.text("ca.pem");
    return { ...tls, files: { ...tls.files, clientCa }, ...more };
  }

  async function listen(
    app: Handler,
    tls = settingsOf(),
    bounds: Partial<TlsBounds> = {},
  ): Promise<Listener> {
    const listener = await listenTls(app, { hostname: "127.0.0.1", port: 0, tls, bounds });
    open.push(listener);
    return listener;
  }

  const said: Handler = {
    fetch: async (request, { address, isSecure, certificate }) =>
      Response.json({
        address,
        isSecure,
        certificate,
        url: request.url.replace(/\d{4,}/, "PORT"),
        body: await request.text(),
      }),
  };

  const trust = (): object => ({ tls: { ca: authority.text("ca.pem") } });
  const withCertificateOf = (of: Authority, name: string): object => ({
    tls: {
      ca: authority.text("ca.pem"),
      cert: of.text(`${name}.pem`),
      key: of.text(`${name}.key`),
    },
  });

  async function ask(
    { port }: Listener,
    init: object = trust(),
    path = "/",
  ): Promise<Record<string, unknown>> {
    const answer = await fetch(`https://localhost:${port}${path}`, { keepalive: false, ...init });
    return (await answer.json()) as Record<string, unknown>;
  }

  /** What is answered to bytes that no client of the web would send; resolves when it is cut. */
  async function raw(
    { port }: Listener,
    bytes: string,
    more: ConnectionOptions = {},
  ): Promise<string> {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...more });
    sockets.push(socket);
    let text = "";
    socket.setEncoding("utf8").on("data", (part: string) => (text += part));
    socket.on("error", (error: Error) => (text ||= error.message));
    socket.write(bytes);
    await new Promise((resolve) => socket.once("close", resolve));
    return text;
  }

  test("answers, and tells who asks", async () => {
    const listener = await listen(said);
    expect(await ask(listener, { ...trust(), method: "POST", body: "x".repeat(100_000) })).toEqual({
      address: "127.0.0.1",
      isSecure: true,
      url: "https://localhost:PORT/",
      body: "x".repeat(100_000),
    });
    expect(fetch(`http://localhost:${listener.port}/`)).rejects.toThrow();
  });

  test("knows the certificate of a client, where its authority is that of the settings", async () => {
    const listener = await listen(said, settingsOf({ clientCa: "ca.pem" }));
    const fingerprint = authority.fingerprint("line-3").replaceAll(":", "").toLowerCase();
    expect(await ask(listener, withCertificateOf(authority, "line-3"))).toMatchObject({
      certificate: { name: "line-3", fingerprint },
    });
    expect(await ask(listener)).not.toHaveProperty("certificate");
    // The same name, of somebody else's authority.
    expect(await ask(listener, withCertificateOf(strangers, "line-3"))).not.toHaveProperty(
      "certificate",
    );
    // Nobody asked for one.
    const plain = await listen(said);
    expect(await ask(plain, withCertificateOf(authority, "line-3"))).not.toHaveProperty(
      "certificate",
    );
  });

  test("lets nobody in without a certificate, where one is required", async () => {
    const tls = settingsOf({ clientCa: "ca.pem", clientCertificates: "required" });
    const listener = await listen(said, tls);
    expect(ask(listener)).rejects.toThrow();
    expect(ask(listener, withCertificateOf(strangers, "line-3"))).rejects.toThrow();
    expect(await ask(listener, withCertificateOf(authority, "line-3"))).toHaveProperty(
      "certificate",
    );
    const request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    expect(await raw(listener, request)).not.toContain("HTTP/1.1");
  });

  test("a role by name and by fingerprint, and every answer asks for TLS from then on", async () => {
    const print = authority.fingerprint("line-3");
    for (const key of ["line-3", print, print.toLowerCase().replaceAll(":", "")]) {
      const tls = settingsOf({ clientCa: "ca.pem", clients: [[key, "viewer"]] });
      const status = { host: "0.0.0.0", port: 0, portAsked: true, token: "t0ken", tls };
      const { access } = new ServiceAccess({
        folder: authority.folder,
        status,
        clock: realClock,
        logger: silentLogger,
      });
      const listener = await listen(
        createStatusApp({ view: fakeView(), access, logger: silentLogger }),
        tls,
      );
      const url = `https://localhost:${listener.port}`;
      const look = async (init: object, path = "/status", method = "GET") =>
        await fetch(url + path, { keepalive: false, method, ...init });
      const known = withCertificateOf(authority, "line-3");
      expect((await look(known)).status).toBe(200);
      expect((await look(known, "/control/pause", "POST")).status).toBe(403);
      const unknown = await look(trust());
      expect(unknown.status).toBe(401);
      expect(unknown.headers.get("strict-transport-security")).toBe("max-age=31536000");
      expect((await look(withCertificateOf(strangers, "line-3"))).status).toBe(401);
    }
  });

  test("shows another certificate to new connections, and keeps the old ones", async () => {
    const listener = await listen(said);
    const shown = async (): Promise<TLSSocket> => {
      const socket = connect({ port: listener.port, host: "127.0.0.1", rejectUnauthorized: false });
      sockets.push(socket);
      await once(socket, "secureConnect");
      return socket;
    };
    const nameOf = (socket: TLSSocket): unknown => socket.getPeerCertificate().subject.CN;
    const before = await shown();
    expect(nameOf(before)).toBe("server");
    listener.useCertificate!(settingsOf({}, "renewed").files!);
    expect(nameOf(await shown())).toBe("renewed");
    before.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    expect(String((await once(before, "data"))[0])).toStartWith("HTTP/1.1 200");
  });

  test("asks for certificates of clients as before when its own are others", async () => {
    const tls = settingsOf({ clientCa: "ca.pem", clientCertificates: "required" });
    const listener = await listen(said, tls);
    const files = { ...settingsOf({}, "renewed").files!, clientCa: authority.text("ca.pem") };
    listener.useCertificate!(files);
    expect(await ask(listener, withCertificateOf(authority, "line-3"))).toHaveProperty(
      "certificate",
    );
    const request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    expect(await raw(listener, request)).not.toContain("HTTP/1.1");
    // Another authority takes the place of the first.
    listener.useCertificate!({ ...files, clientCa: strangers.text("ca.pem") });
    expect(await ask(listener, withCertificateOf(strangers, "line-3"))).toHaveProperty(
      "certificate",
    );
    expect(ask(listener, withCertificateOf(authority, "line-3"))).rejects.toThrow();
  });

  test.each(["TLSv1", "TLSv1.1"] as const)("%s is too old", async (version) => {
    const listener = await listen(said);
    const request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    // Bun's own client does not know that old ones: whatever it says, there is no answer.
    const answer = await raw(listener, request, { minVersion: version, maxVersion: version }).catch(
      String,
    );
    expect(answer).not.toContain("HTTP/1.1");
  });

  test("does not wait for who says nothing, and begins with nothing", async () => {
    const bounds = { handshakeMs: 100, headMs: 100, bodyMs: 100 };
    const listener = await listen(said, settingsOf(), bounds);
    const silent = connectPlain(listener.port, "127.0.0.1").on("error", () => {});
    sockets.push(silent);
    await once(silent, "close");
    expect(await raw(listener, "")).toBe("");
    expect(await raw(listener, "GET / HTTP/1.1\r\nhost: x\r\nslow: ")).toBe("");
    const body = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nno more";
    expect(await raw(listener, body)).not.toContain("200 OK");
  });

  test("an answer may take longer than a request", async () => {
    const slow: Handler = {
      fetch: async () => {
        // Whoever came later and said nothing is cut by now.
        await raw(listener, "");
        return new Response("at last");
      },
    };
    const listener: Listener = await listen(slow, settingsOf(), { headMs: 100, bodyMs: 100 });
    const answer = await fetch(`https://localhost:${listener.port}/`, trust());
    expect(await answer.text()).toBe("at last");
  });

  test.each([
    ["a head that is too large", `GET / HTTP/1.1\r\nhost: x\r\nx: ${"x".repeat(20_000)}\r\n\r\n`],
    ["a URL that is too long", `GET /${"x".repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`],
    ["nonsense", "\u0000\u0001\u0002\r\n\r\n"],
    [
      "two lengths",
      "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
  ])("refuses %s", async (_, bytes) => {
    expect(await raw(await listen(said), bytes)).toStartWith("HTTP/1.1 4");
  });

  test("has a bound on its connections", async () => {
    const listener = await listen(said, settingsOf(), { connectionsMax: 3 });
    const held = await Promise.all(
      [1, 2, 3].map(async () => {
        const socket = connect({
          port: listener.port,
          host: "127.0.0.1",
          rejectUnauthorized: false,
        });
        sockets.push(socket);
        await once(socket, "secureConnect");
        return socket;
      }),
    );
    const request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    expect(await raw(listener, request)).not.toContain("200 OK");
    held[0]!.destroy();
    await once(held[0]!, "close");
    let answer = "";
    while (!answer.includes("200 OK")) answer = await raw(listener, request);
  });

  test("takes no connections for a while, cuts the idle ones, and goes on with the others", async () => {
    const gate = Promise.withResolvers<Response>();
    const arrived = Promise.withResolvers<void>();
    const listener = await listen({
      fetch({ url }) {
        if (!url.endsWith("/slow")) return new Response("quick");
        arrived.resolve();
        return gate.promise;
      },
    });
    const slow = raw(listener, "GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    await arrived.promise;
    const idle = connect({ port: listener.port, host: "127.0.0.1", rejectUnauthorized: false });
    sockets.push(idle);
    await once(idle, "secureConnect");
    const cut = once(idle, "close");
    const request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    // One that was taken is served: from then on the server has the idle one, too.
    expect(await raw(listener, request)).toContain("quick");
    listener.listening!.pause();
    await cut;
    expect(await raw(listener, request)).not.toContain("quick");
    expect(listener.listening!.resume()).toBe(true);
    expect(await raw(listener, request)).toContain("quick");
    gate.resolve(new Response("at last"));
    expect(await slow).toContain("at last");
  });

  test("stops while it takes no connections", async () => {
    const listener = await listenTls(said, { hostname: "127.0.0.1", port: 0, tls: settingsOf() });
    listener.listening!.pause();
    await listener.drain();
    expect(await raw(listener, "GET / HTTP/1.1\r\nhost: x\r\n\r\n")).not.toContain("HTTP/1.1");
  });

  test("carries streams, and notices who leaves", async () => {
    const view = fakeView();
    const feed: LiveFeed = createLiveFeed({ view }, "run");
    const access = { mode: "token", gate: gateOf({ viewer: "v1ewer" }) } as const;
    const listener = await listen(createStatusApp({ view, feed, access, logger: silentLogger }));
    const leave = new AbortController();
    const answer = await fetch(`https://localhost:${listener.port}/stream`, {
      ...trust(),
      headers: { authorization: "Bearer v1ewer" },
      signal: leave.signal,
    });
    const reader = answer.body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toContain("event: hello");
    expect(feed.clientCount).toBe(1);
    leave.abort();
    while (feed.clientCount > 0) {
      feed.tick();
      await Bun.sleep(5);
    }
  });

  test("serve() says https, and that a port is taken", async () => {
    const options = { host: "127.0.0.1", port: 0, portAsked: true, logger: silentLogger };
    const server = await serve(said, { ...options, tls: settingsOf() });
    expect(server.url).toBe(`https://127.0.0.1:${server.port}`);
    expect(serve(said, { ...options, port: server.port, tls: settingsOf() })).rejects.toThrow(
      "taken",
    );
    await server.stop();
    await server.stop();
    expect(fetch(server.url)).rejects.toThrow();
  });
});
