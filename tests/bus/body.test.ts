import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { BODY_BYTES_MAX, readBody } from "../../src/bus/body.ts";
import { RequestError } from "../../src/bus/query.ts";
import { rejectionOf } from "../support/rejection.ts";

let server: Bun.Server<undefined>;

/** Says how many bytes came, and their sum; as a server does it, over a connection. */
beforeAll(() => {
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      try {
        const body = await readBody(request);
        const sum = body.reduce((all, byte) => (all + byte) % 65_521, 0);
        return Response.json({ bytes: body.length, sum });
      } catch (thrown) {
        if (!(thrown instanceof RequestError)) throw thrown;
        return Response.json({ error: thrown.message }, { status: thrown.status });
      }
    },
  });
});

afterAll(async () => {
  await server.stop(true);
});

async function post(body: BodyInit, headers: HeadersInit = {}) {
  const answer = await fetch(server.url, { method: "POST", body, headers });
  return { status: answer.status, json: (await answer.json()) as unknown };
}

/** Without a length that is told before: it goes in chunks. */
function chunks(all: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= all.length) controller.close();
      else controller.enqueue(all.subarray(at, (at += size)));
    },
  });
}

const bytesOf = (length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(length).map((_, i) => i % 251);
const told = (body: Uint8Array) => ({
  status: 200,
  json: { bytes: body.length, sum: body.reduce((all, byte) => (all + byte) % 65_521, 0) },
});

describe("readBody(), over a connection", () => {
  test.each([0, 1, 1_000, 300_000, BODY_BYTES_MAX])("reads %d bytes", async (length) => {
    const body = bytesOf(length);
    expect(await post(body)).toEqual(told(body));
  });

  test.each([1, 1_000, 3_000_000])("reads %d bytes in chunks", async (length) => {
    const body = bytesOf(length);
    expect(await post(chunks(body, 70_001))).toEqual(told(body));
  });

  test("unpacks what comes with a length, and in chunks", async () => {
    const body = bytesOf(100_000);
    const packed = gzipSync(body);
    const headers = { "Content-Encoding": "gzip" };
    expect(await post(packed, headers)).toEqual(told(body));
    expect(await post(chunks(packed, 100), headers)).toEqual(told(body));
  });

  test("refuses one byte too many, told before or not, packed or not", async () => {
    const body = bytesOf(BODY_BYTES_MAX + 1);
    const packed = gzipSync(body);
    const headers = { "Content-Encoding": "gzip" };
    expect((await post(body)).status).toBe(413);
    expect((await post(chunks(body, 1_000_000))).status).toBe(413);
    expect((await post(packed, headers)).status).toBe(413);
  });

  test("does not believe a length that is not true", async () => {
    const request = new Request("http://localhost/", {
      method: "POST",
      body: bytesOf(BODY_BYTES_MAX + 1),
      headers: { "Content-Length": "1" },
    });
    expect(await rejectionOf(readBody(request))).toMatchObject({ status: 413 });
  });
});
