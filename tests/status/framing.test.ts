import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { silentLogger } from "../../src/core/logger.ts";
import { createStatusApp } from "../../src/status/app.ts";
import { type RunningServer, serve } from "../../src/status/serve.ts";
import { Authority, hasOpenssl } from "../support/certificates.ts";
import { accessAt } from "../support/token-access.ts";
import { fakeView } from "./fake-view.ts";

// What two servers behind each other could read in two ways: a second request would hide in the first.

const SECOND = "GET /status HTTP/1.1\r\nhost: x\r\nauthorization: Bearer t0ken\r\n\r\n";

/** Heads of `POST /login`, and bodies that hold more than they should. */
const AMBIGUOUS: readonly (readonly [name: string, head: string, body: string])[] = [
  ["a length and chunks", "content-length: 6\r\ntransfer-encoding: chunked", "0\r\n\r\n"],
  ["chunks and a length", "transfer-encoding: chunked\r\ncontent-length: 6", "0\r\n\r\n"],
  ["two lengths", "content-length: 6\r\ncontent-length: 5", "123456"],
  ["a list of lengths", "content-length: 6, 5", "123456"],
  ["a length with a sign", "content-length: +5", "12345"],
  ["a negative length", "content-length: -1", ""],
  ["a length in hexadecimal", "content-length: 0x5", "12345"],
  ["an unknown coding", "transfer-encoding: xchunked", "0\r\n\r\n"],
  ["chunks that are not last", "transfer-encoding: chunked, identity", "0\r\n\r\n"],
  ["a name with a space", "transfer-encoding : chunked\r\ncontent-length: 5", "0\r\n\r\n"],
  ["a folded line", "x: y\r\n transfer-encoding: chunked\r\ncontent-length: 5", "0\r\n\r\n"],
  [
    "a chunk size in hexadecimal with a prefix",
    "transfer-encoding: chunked",
    "0x5\r\n12345\r\n0\r\n\r\n",
  ],
  [
    "a chunk size that overflows",
    "transfer-encoding: chunked",
    "fffffffffffffffff\r\n1\r\n0\r\n\r\n",
  ],
  [
    "a line feed in a chunk extension",
    "transfer-encoding: chunked",
    "5;a\nb\r\n12345\r\n0\r\n\r\n",
  ],
  ["a zero byte in a field", "x: a\u0000b\r\ncontent-length: 0", ""],
];

describe.each(hasOpenssl ? ["http", "https"] : ["http"])("%s", (scheme) => {
  let authority: Authority | undefined;
  let server: RunningServer;

  beforeAll(async () => {
    authority = scheme === "https" ? new Authority().sign("server") : undefined;
    const app = createStatusApp({
      view: fakeView(),
      access: accessAt("0.0.0.0"),
      logger: silentLogger,
    });
    server = await serve(app, {
      host: "127.0.0.1",
      port: 0,
      portAsked: true,
      logger: silentLogger,
      tls: authority?.tls("server"),
    });
  });

  afterAll(async () => {
    await server.stop();
    authority?.[Symbol.dispose]();
  });

  /** The status of each answer, until the connection is closed, or `count` are there. */
  async function statusesOf(bytes: string, count = Infinity): Promise<number[]> {
    const at = { port: server.port, host: "127.0.0.1" };
    const socket =
      scheme === "https" ? connectTls({ ...at, rejectUnauthorized: false }) : connect(at);
    let text = "";
    const found = (): number[] =>
      [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));
    socket.setEncoding("latin1").on("data", (part: string) => {
      text += part;
      if (found().length >= count) socket.destroy();
    });
    socket.on("error", () => {});
    socket.write(bytes);
    await new Promise((resolve) => socket.once("close", resolve));
    return found();
  }

  test.each(AMBIGUOUS)("refuses %s, and reads no further", async (_, head, body) => {
    const first = `POST /login HTTP/1.1\r\nhost: x\r\n${head}\r\n\r\n${body}`;
    const statuses = await statusesOf(first + SECOND);
    expect(statuses).not.toContain(200);
    expect(statuses.every((status) => status === 400)).toBe(true);
  });

  test("reads what is said in one way alone", async () => {
    const first = "POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
    expect(await statusesOf(first + SECOND, 2)).toEqual([400, 200]);
    const chunks = "POST /login HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    expect(await statusesOf(`${chunks}2\r\n{}\r\n0\r\n\r\n${SECOND}`, 2)).toEqual([400, 200]);
  });

  test.each([
    "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==",
    "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__",
  ])("an upgrade gets around nothing: %j", async (fields) => {
    const request = `GET /status HTTP/1.1\r\nhost: x\r\n${fields}\r\n\r\n`;
    expect(await statusesOf(request, 1)).toEqual([401]);
  });

  test("is no proxy", async () => {
    const request =
      "CONNECT 127.0.0.1:1 HTTP/1.1\r\nhost: 127.0.0.1:1\r\nconnection: close\r\n\r\n";
    expect((await statusesOf(request, 1)).filter((status) => status < 400)).toEqual([]);
  });
});
