import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as v from "valibot";
import { createBus } from "../../src/bus/bus.ts";
import type { Clock } from "../../src/core/clock.ts";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { retryAfterMs } from "../../src/core/retry-after.ts";
import type { SourceContext, SourceReader } from "../../src/core/source.ts";
import { Connection } from "../../src/pipeline/connection.ts";
import { describeVabus, vabusOptions } from "../../src/sources/vabus/options.ts";
import { vabus } from "../../src/sources/vabus.ts";
import { openJournal } from "../../src/state/journal.ts";
import { testSource } from "../contract/sources.ts";
import { rejectionOf } from "../support/rejection.ts";
import {
  contextOf,
  forever,
  readLines,
  realClock,
  type SeenBatch,
  seen,
} from "../support/source-reading.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Input = v.InferInput<typeof vabusOptions>;

function open(input: Input, context: SourceContext = contextOf()): Promise<SourceReader> {
  const opened = vabus.open(v.parse(vabusOptions, input), context, forever);
  cleanups.push(async () => (await opened.catch(() => undefined))?.close());
  return opened;
}

/** What was asked: a request itself is empty once it was answered. */
interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
}

type Script = Response | ((request: Request, index: number) => Response | Promise<Response>);

/** Answers requests one after the other; the last answer is given for ever. */
function serve(...answers: Script[]) {
  const requests: Asked[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch(request) {
      const index = requests.length;
      const { method, url, headers } = request;
      requests.push({ method, url: new URL(url), headers: new Headers(headers) });
      const answer = answers[Math.min(index, answers.length - 1)]!;
      return typeof answer === "function" ? answer(request, index) : answer.clone();
    },
  });
  cleanups.push(() => server.stop(true));
  return { url: server.url.href, requests, query: (i: number) => requests[i]!.url.search };
}

const event = (value: number): string => `{"name":"n","value":${value},"timestamp":1}`;

function batch(cursor: string | undefined, ...values: number[]): Response {
  const headers = new Headers({ "Content-Type": "application/x-ndjson" });
  if (cursor !== undefined) headers.set("VaBus-Cursor", cursor);
  return new Response(values.map((value) => `${event(value)}\n`).join(""), { headers });
}

const nothing = (cursor?: string): Response =>
  new Response(null, {
    status: 204,
    headers: cursor === undefined ? {} : { "VaBus-Cursor": cursor },
  });

const linesOf = (batches: readonly SeenBatch[]): string[] => batches.flatMap(({ lines }) => lines);

const contractLines = Array.from({ length: 25 }, (_, i) => event(i));

/** Our own bus over a fresh journal, with the events of the contract in it. */
async function ownBus() {
  const folder = await mkdtemp(join(tmpdir(), "vabus-"));
  const stopping = new AbortController();
  const journal = (name: string) =>
    openJournal({
      folder: join(folder, name),
      clock: realClock,
      logger: silentLogger,
      bytesMax: 1e9,
      retentionMs: 1e9,
      reader: "none",
    });
  const [events, metrics] = [await journal("events"), await journal("metrics")];
  const bus = createBus({
    events,
    metrics,
    checks: () => ({ record: () => ({ ok: true }) }),
    popCursorPath: join(folder, "pop"),
    clock: realClock,
    logger: silentLogger,
    stopping: stopping.signal,
  });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: (request) => bus.fetch(request),
  });
  const body = contractLines.join("\n");
  await fetch(new URL("events", server.url), { method: "POST", body });
  return {
    url: server.url.href,
    cleanup: async () => {
      stopping.abort();
      await server.stop(true);
      await events.close();
      await metrics.close();
      await rm(folder, { recursive: true });
    },
  };
}

for (const [name, input, skip] of [
  ["by cursor", { limit: 10 }, {}],
  [
    "one by one",
    { mode: "pop", inFlight: 1 },
    { resume: { reason: "what was taken is gone", tests: "the source by cursor" } },
  ],
] as const) {
  testSource(`vabus (${name})`, {
    atEnd: "empty",
    skip,
    prepare: async () => {
      const bus = await ownBus();
      const options = v.parse(vabusOptions, { url: bus.url, ...input });
      return {
        lines: contractLines,
        open: (context, signal) => vabus.open(options, context, signal),
        cleanup: bus.cleanup,
      };
    },
  });
}

describe("vabus, by cursor", () => {
  test("asks below the path of the URL, with cursor, limit and wait", async () => {
    const { url, requests, query } = serve(batch("a/b", 1, 2), nothing("a/b"));
    const context = contextOf({ waitMsMax: 1_500 });
    const reader = await open({ url: `${url}deep/bus`, limit: 7, wait: "10s" }, context);
    expect(seen(await reader.read(forever))).toMatchObject({
      lines: [event(1), event(2)],
      places: ["cursor oldest, record 1", "cursor oldest, record 2"],
      cursor: "a/b",
    });
    expect(seen(await reader.read(forever))).toBe("empty");
    expect(requests[0]!.url.pathname).toBe("/deep/bus/events");
    expect(query(0)).toBe("?limit=7&wait=1.5");
    expect(query(1)).toBe("?after=a%2Fb&limit=7&wait=1.5");
    expect(requests[0]!.headers.get("accept")).toStartWith("application/x-ndjson");
  });

  test("fetches one batch ahead, and no more", async () => {
    const { url, requests } = serve(batch("1", 1), batch("2", 2), batch("3", 3), nothing("3"));
    const reader = await open({ url });
    await reader.read(forever);
    while (requests.length < 2) await realClock.sleep(1);
    await realClock.sleep(20);
    expect(requests).toHaveLength(2);
    expect(linesOf(await readLines(reader))).toEqual([event(2), event(3)]);
  });

  test("a batch has memory of its own until the next is read, and then the next but one has it", async () => {
    const empty = nothing("3");
    const { url } = serve(batch("1", 1), batch("2", 2), batch("3", 3), empty, batch("4", 4));
    const reader = await open({ url });
    const memory: Uint8Array[] = [];
    while (memory.length < 4) {
      const read = await reader.read(forever);
      if (read.kind === "batch") memory.push(read.batch.bytes);
    }
    const [first, second, third, fourth] = memory;
    expect(second).not.toBe(first);
    expect(third).toBe(first);
    expect(fourth).toBe(second);
  });

  test("a start at the latest event is kept, though nothing came yet", async () => {
    const { url, query } = serve(nothing("41"), nothing("41"));
    const reader = await open({ url, from: "latest" });
    expect(seen(await reader.read(forever))).toMatchObject({ lines: [], cursor: "41" });
    expect(seen(await reader.read(forever))).toBe("empty");
    expect([query(0), query(1)]).toEqual([
      "?after=latest&limit=8192&wait=2",
      "?after=41&limit=8192&wait=2",
    ]);
  });

  test("goes on at the oldest event, with a gap, when its cursor is gone", async () => {
    const gone = new Response(`{"oldest":"90","lost":50}`, { status: 410 });
    const { url, query } = serve(gone, nothing("90"), batch("91", 1), nothing("91"));
    const errors: string[] = [];
    const logger = { ...silentLogger, error: (message: string) => errors.push(message) };
    const reader = await open({ url }, contextOf({ cursor: "40", logger }));
    expect(seen(await reader.read(forever))).toBe("empty");
    const read = await reader.read(forever);
    expect(seen(read)).toMatchObject({
      lines: [event(1)],
      gap: "the bus no longer held what came after cursor 40",
    });
    expect(read.kind === "batch" && read.batch.gap?.events).toBe(50);
    expect(query(1)).toStartWith("?after=90&");
    expect(seen(await reader.read(forever))).toBe("empty");
    expect(errors).toHaveLength(1);
  });

  test("a bus without cursor is told about, unless the option says so", async () => {
    const { url } = serve(batch(undefined, 1), batch(undefined, 2), nothing());
    const error = await rejectionOf((await open({ url })).read(forever));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(/no cursor.*mode "pop" or cursor "none"/);
    const other = serve(batch(undefined, 1), batch(undefined, 2), nothing());
    const reader = await open({ url: other.url, cursor: "none" });
    const batches = await readLines(reader);
    expect(linesOf(batches)).toEqual([event(1), event(2)]);
    const context = contextOf({ cursor: batches[0]!.cursor });
    await (await open({ url: other.url, cursor: "none" }, context)).read(forever);
    expect(other.query(3)).toBe("?limit=8192&wait=2");
  });

  test("events with the cursor that was asked for would come for ever: fatal", async () => {
    const { url } = serve(batch("5", 1));
    const error = await rejectionOf(
      (await open({ url }, contextOf({ cursor: "5" }))).read(forever),
    );
    expect(error).toBeInstanceOf(FatalError);
  });

  test("takes another bus: other names, JSON with fields, records of another shape", async () => {
    const records = [{ metric: "a", v: 1 }, { bad: true }, { metric: "b", v: 2 }];
    const { url, requests } = serve(
      Response.json({ data: { rows: records }, meta: { next: 7 } }),
      Response.json({ data: { rows: [] }, meta: { next: 7 } }),
    );
    const reader = await open({
      url,
      paths: { events: "/v1/pull" },
      method: "POST",
      query: { after: "since", limit: null, wait: "hold" },
      headers: { "X-Tenant": "plant" },
      cursor: { field: "meta.next" },
      items: "data.rows",
      decode: (record) => {
        const { metric, v: value } = record as { metric?: string; v?: number };
        if (metric === undefined) throw new Error("no metric");
        return { name: metric, value, timestamp: 1 };
      },
    });
    expect(seen(await reader.read(forever))).toEqual({
      lines: [`{"name":"a","value":1,"timestamp":1}`, `{"name":"b","value":2,"timestamp":1}`],
      places: ["cursor oldest, record 1", "cursor oldest, record 3"],
      cursor: "7",
      gap: undefined,
      refusals: [
        {
          reason: "invalid_json",
          at: "cursor oldest, record 2",
          detail: "decode failed: no metric",
        },
      ],
    });
    expect(seen(await reader.read(forever))).toBe("empty");
    expect(requests.map(({ method, url: { search } }) => `${method} ${search}`)).toEqual([
      "POST ?hold=2",
      "POST ?since=7&hold=2",
    ]);
    expect(requests[0]!.headers.get("x-tenant")).toBe("plant");
  });

  test("takes a JSON array, and NDJSON whatever its media type says", async () => {
    const headers = { "Content-Type": "application/json", "VaBus-Cursor": "1" };
    const { url } = serve(
      new Response(`[${event(1)},\n${event(2)}]`, { headers }),
      new Response(`[1]\n${event(3)}\n`, { headers: { ...headers, "VaBus-Cursor": "2" } }),
      nothing("2"),
    );
    const batches = await readLines(await open({ url }));
    expect(linesOf(batches)).toEqual([event(1), event(2), "[1]", event(3)]);
  });

  test("unpacks gzip, or asks for plain answers", async () => {
    const packed = (): Response =>
      new Response(gzipSync(`${event(1)}\n`), {
        headers: { "Content-Encoding": "gzip", "VaBus-Cursor": "1" },
      });
    const { url, requests } = serve(packed, nothing("1"));
    expect(linesOf(await readLines(await open({ url })))).toEqual([event(1)]);
    expect(requests[0]!.headers.get("accept-encoding")).toContain("gzip");
    const plain = serve(nothing("1"));
    await (await open({ url: plain.url, gzip: false })).read(forever);
    expect(plain.requests[0]!.headers.get("accept-encoding")).toBe("identity");
  });
});

describe("vabus, credentials", () => {
  const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString("base64")}`;

  test.each<[string, Omit<Input, "url">, string, string]>([
    ["a token", { token: "t0" }, "", "Bearer t0"],
    ["basic", { basic: { user: "me", password: "pä:ss" } }, "", basic("me:pä:ss")],
    ["a URL", {}, "me:p%40ss%25@", basic("me:p@ss%")],
  ])("sends %s, and prints nothing of it", async (_, input, userinfo, wanted) => {
    const { url, requests } = serve(new Response("who are you", { status: 401 }));
    const full = { ...input, url: url.replace("://", `://${userinfo}`) };
    const error = await rejectionOf((await open(full)).read(forever));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toBe(
      `Cannot read from ${url.slice(0, -1)}: status 401, who are you; ` +
        "check the credentials: token, basic or headers",
    );
    expect(requests[0]!.headers.get("authorization")).toBe(wanted);
    expect(describeVabus(full)).toBe(url.slice(0, -1));
  });

  test("a refused connection does not print the password either", async () => {
    const { url } = serve(nothing());
    await cleanups.pop()!();
    const full = `${url.replace("://", "://me:s3cret@")}?key=s3cret`;
    const error = await rejectionOf((await open({ url: full })).read(forever));
    expect(error).toBeInstanceOf(TransientError);
    expect(`${error.message} ${String(error.cause)}`).not.toContain("s3cret");
  });

  test("a certificate that cannot be read is fatal, and says which", async () => {
    const error = await rejectionOf(open({ url: "https://localhost", ca: "none.pem" }));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toContain("none.pem");
  });
});

describe("vabus, failures", () => {
  test.each([400, 404, 405, 413, 422])("status %d is fatal", async (status) => {
    const { url } = serve(new Response("no", { status }));
    expect(await rejectionOf((await open({ url })).read(forever))).toBeInstanceOf(FatalError);
  });

  test.each([
    [429, "3", 3_000],
    [503, "0", 0],
    [503, "Wed, 21 Oct 2015 07:28:00 GMT", 0],
    [500, undefined, undefined],
    [502, "soon", undefined],
    [408, undefined, undefined],
  ])("status %d with Retry-After %p is tried again", async (status, header, wanted) => {
    const headers: HeadersInit = header === undefined ? {} : { "Retry-After": header };
    const { url } = serve(new Response("", { status, headers }));
    const error = await rejectionOf((await open({ url })).read(forever));
    expect(error).toBeInstanceOf(TransientError);
    expect((error as TransientError).retryAfterMs).toBe(wanted);
  });

  test("retryAfterMs() reads seconds and dates, and bounds them", () => {
    const now = Date.UTC(2024, 0, 1);
    expect(retryAfterMs(null, now)).toBeUndefined();
    expect(retryAfterMs(" 7 ", now)).toBe(7_000);
    expect(retryAfterMs("Mon, 01 Jan 2024 00:00:09 GMT", now)).toBe(9_000);
    expect(retryAfterMs("999999999", now)).toBe(3_600_000);
    expect(retryAfterMs("later", now)).toBeUndefined();
  });

  test("a connection that hangs ends at the timeout, before and within the body", async () => {
    const hanging = serve(() => new Promise<Response>(() => {}));
    const stalling = serve(
      () =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(new TextEncoder().encode(`${event(1)}\n`));
            },
          }),
          { headers: { "VaBus-Cursor": "1" } },
        ),
    );
    for (const { url } of [hanging, stalling]) {
      const input = { url, wait: "10ms", timeout: "50ms" };
      const error = await rejectionOf((await open(input)).read(forever));
      expect(error).toBeInstanceOf(TransientError);
      expect(error.message).toContain("no answer within 0.06 s");
    }
  });

  test("a torn answer is asked for again at the same cursor; nothing is lost or doubled", async () => {
    const whole = `${event(1)}\n${event(2)}\n`;
    const cut = whole.slice(0, -9);
    const head = `HTTP/1.1 200 OK\r\nVaBus-Cursor: 1\r\n`;
    const packed = gzipSync(whole);
    const answers: (string | Uint8Array)[] = [
      `${head}Content-Length: ${whole.length}\r\n\r\n${cut}`,
      `${head}Transfer-Encoding: chunked\r\n\r\n${cut.length.toString(16)}\r\n${cut}\r\n`,
      `${head}Connection: close\r\n\r\n${cut}`,
      Buffer.concat([
        Buffer.from(`${head}Content-Encoding: gzip\r\nConnection: close\r\n\r\n`),
        packed.subarray(0, packed.length - 12),
      ]),
      "",
      "HTTP/1.1 200 OK\r\nVaBus-Cur",
    ];
    const asked: string[] = [];
    let next = 0;
    const server = Bun.listen({
      port: 0,
      hostname: "127.0.0.1",
      socket: {
        data(socket, data) {
          asked.push(data.toString().split(" ")[1]!);
          const { length } = whole;
          socket.write(answers[next++] ?? `${head}Content-Length: ${length}\r\n\r\n${whole}`);
          socket.end();
        },
      },
    });
    cleanups.push(() => server.stop(true));
    const url = `http://127.0.0.1:${server.port}`;
    for (const _ of answers) {
      const reader = await open({ url }, contextOf({ cursor: "0" }));
      const error = await rejectionOf(reader.read(forever));
      expect(error).toBeInstanceOf(TransientError);
      // No advice to programmers, and no query: a bus may want a key in it.
      expect(error.message).not.toMatch(/verbose|after=/);
    }
    const reader = await open({ url }, contextOf({ cursor: "0" }));
    expect(seen(await reader.read(forever))).toMatchObject({ lines: [event(1), event(2)] });
    expect(asked.slice(0, 7)).toEqual(asked.slice(0, 7).fill("/events?after=0&limit=8192&wait=2"));
  });

  test("an answer without announced end and without last line feed counts when it is whole", async () => {
    const server = Bun.listen({
      port: 0,
      hostname: "127.0.0.1",
      socket: {
        data(socket) {
          socket.write(
            `HTTP/1.1 200 OK\r\nVaBus-Cursor: 1\r\nConnection: close\r\n\r\n${event(1)}`,
          );
          socket.end();
        },
      },
    });
    cleanups.push(() => server.stop(true));
    const reader = await open({ url: `http://127.0.0.1:${server.port}` });
    expect(seen(await reader.read(forever))).toMatchObject({ lines: [event(1)] });
  });
});

describe("vabus, one by one", () => {
  const one =
    (value: number, waitMs = 0) =>
    async (): Promise<Response> => {
      await realClock.sleep(waitMs);
      return new Response(`{\n"name": "n", "value": ${value}, "timestamp": 1}`);
    };

  test("keeps so many requests under way, and hands over whatever has come", async () => {
    let underWay = 0;
    let most = 0;
    const { url, requests } = serve(async (_, value) => {
      most = Math.max(most, ++underWay);
      await realClock.sleep(2);
      underWay--;
      return value < 20 ? await one(value)() : nothing();
    });
    const reader = await open({ url, mode: "pop", inFlight: 4 });
    const batches: SeenBatch[] = [];
    // One request may come back empty while another still brings an event.
    while (linesOf(batches).length < 20) batches.push(...(await readLines(reader, 1)));
    const values = linesOf(batches).map((line) => (JSON.parse(line) as { value: number }).value);
    expect(values.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(most).toBe(4);
    expect(requests[0]!.url.pathname).toBe("/event");
    expect(batches.flatMap(({ places }) => places)[19]).toBe("event 20 taken from the bus");
  });

  test("asks for no further event while one is handed over", async () => {
    const { url, requests } = serve(one(1), one(2));
    const reader = await open({ url, mode: "pop" });
    expect(linesOf(await readLines(reader, 1))).toHaveLength(1);
    // Time enough for a request that should not be.
    await realClock.sleep(50);
    expect(requests).toHaveLength(1);
    expect(linesOf(await readLines(reader, 1))).toHaveLength(1);
    expect(requests).toHaveLength(2);
  });

  test("an event that came is handed over before a failure is told", async () => {
    const failing = (): Response => new Response("", { status: 503 });
    const { url, requests } = serve(failing, one(1, 20), one(2, 40), failing);
    const reader = await open({ url, mode: "pop", inFlight: 3 });
    expect(linesOf(await readLines(reader, 2))).toHaveLength(2);
    expect(await rejectionOf(reader.read(forever))).toBeInstanceOf(TransientError);
    expect(requests).toHaveLength(3);
  });
});

describe("vabus, traffic", () => {
  const SPEED = 20;
  /** Twenty seconds of it pass in one. */
  const clock: Clock = {
    ...realClock,
    monotonicMs: () => performance.now() * SPEED,
    sleep: (ms, signal) => realClock.sleep(ms / SPEED, signal),
  };

  test.each(["header", "none"] as const)(
    "obeys a bus that asks for patience, is away, or has nothing (cursor: %s)",
    async (kind) => {
      const times: number[] = [];
      const cursors: (string | null)[] = [];
      let given = 0;
      const events = (...values: number[]): (() => Response) => {
        return () => {
          given += values.length;
          return batch(kind === "none" ? undefined : String(given), ...values);
        };
      };
      const status = (code: number, after?: string) => (): Response =>
        new Response(code === 204 ? null : "", {
          status: code,
          headers: after === undefined ? {} : { "Retry-After": after },
        });
      const script = [
        events(1, 2),
        status(429, "3"),
        status(503),
        status(503),
        status(204),
        events(),
        events(4),
        "away",
        events(8),
        status(429, "Wed, 21 Oct 2015 07:28:00 GMT"),
        events(16),
        events(0),
      ] as const;
      let step = 0;
      let back = Promise.resolve();
      let port = 0;
      let server: Bun.Server<undefined>;
      const start = (): void => {
        server = Bun.serve({
          port,
          hostname: "127.0.0.1",
          fetch(request) {
            times.push(clock.monotonicMs());
            cursors.push(new URL(request.url).searchParams.get("after"));
            const answer = script[step++];
            if (typeof answer === "function") {
              const response = answer();
              if (script[step] === "away") goAway();
              return response;
            }
            return nothing(kind === "none" ? undefined : String(given));
          },
        });
        port = server.port!;
      };
      const goAway = (): void => {
        step++;
        // The answer under way still goes out; then nothing listens for ten seconds.
        back = server.stop(false).then(async () => {
          errorsBefore = connection.errors;
          await clock.sleep(10_000);
          errorsAfter = connection.errors;
          start();
        });
      };
      start();
      cleanups.push(() => server.stop(true));

      let cursor: string | undefined;
      let errorsBefore = 0;
      let errorsAfter = 0;
      const options = v.parse(vabusOptions, {
        url: `http://127.0.0.1:${port}`,
        // A connection that is kept open would keep the server open too.
        headers: { Connection: "close" },
        ...(kind === "none" ? { cursor: "none" } : {}),
      });
      const connection = new Connection({
        label: "source",
        open: (signal) =>
          vabus.open(options, { ...contextOf({ waitMsMax: 5_000 }), cursor, clock }, signal),
        clock,
        logger: silentLogger,
        random: () => 0.5,
      });
      cleanups.push(() => connection.close());
      const lines: string[] = [];
      while (!lines.includes(event(0))) {
        const got = seen((await connection.use((reader, signal) => reader.read(signal), forever))!);
        if (typeof got === "string") continue;
        lines.push(...got.lines);
        cursor = got.cursor;
      }
      await back;
      expect(lines).toEqual([1, 2, 4, 8, 16, 0].map(event));
      // After the 429, which was the second request.
      expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(3_000);
      expect(errorsAfter - errorsBefore).toBeWithin(1, 20);
      if (kind === "header") expect(cursors.slice(1, 5)).toEqual(["2", "2", "2", "2"]);
      else expect(new Set(cursors)).toEqual(new Set([null]));

      // And then nothing for ever.
      const from = times.length;
      const until = clock.monotonicMs() + 5_000;
      while (clock.monotonicMs() < until) {
        await connection.use((reader, signal) => reader.read(signal), forever);
      }
      const quiet = times.slice(from);
      expect(quiet.length).toBeGreaterThan(2);
      for (const at of [times[4]!, ...quiet]) {
        const within = times.filter((time) => time > at && time <= at + 1_000);
        expect(within.length).toBeLessThanOrEqual(5);
      }
    },
  );
});

describe("vabus, own metrics", () => {
  test("posts them as NDJSON to the metrics of the bus", async () => {
    let body = "";
    const { url, requests } = serve(async (request) => {
      body = await request.text();
      return Response.json({ accepted: 1 }, { status: 202 });
    });
    const metric = { name: "aggregator.uptime", value: 1, timestamp: 2, id: "x" };
    const options = v.parse(vabusOptions, { url, token: "t" });
    await vabus.sendMetrics!(options, [metric, metric], contextOf(), forever);
    expect(body).toBe(`${JSON.stringify(metric)}\n`.repeat(2));
    expect([requests[0]!.method, requests[0]!.url.pathname]).toEqual(["POST", "/metrics"]);
    expect(requests[0]!.headers.get("authorization")).toBe("Bearer t");
  });
});
