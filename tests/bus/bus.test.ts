import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Hono } from "hono";
import { createBus } from "../../src/bus/bus.ts";
import { Popper } from "../../src/bus/popper.ts";
import type { Check } from "../../src/bus/publication.ts";
import { FatalError } from "../../src/core/errors.ts";
import type { EventLog } from "../../src/core/event-log.ts";
import { LINE_BYTES_MAX } from "../../src/core/limits.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { type JournalOptions, openJournal } from "../../src/state/journal.ts";
import { forever, realClock } from "../support/source-reading.ts";

/** Enough of the rules of an event for the bus; the whole of them has tests of its own. */
const check: Check = (record) => {
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    return { ok: false, reason: "invalid_json", detail: "event is not an object" };
  }
  const ok = "value" in record && typeof record.value === "number" && Number.isFinite(record.value);
  return ok ? { ok } : { ok, reason: "invalid_value", detail: "value is not a finite number" };
};

let folder: string;
let events: EventLog;
let metrics: EventLog;
let stopping: AbortController;
let server: Bun.Server<undefined> | undefined;

async function journal(name: string, options: Partial<JournalOptions> = {}): Promise<EventLog> {
  return await openJournal({
    folder: join(folder, name),
    clock: realClock,
    logger: silentLogger,
    bytesMax: 1e9,
    retentionMs: 1e9,
    reader: "none",
    ...options,
  });
}

function makeBus(): Hono {
  return createBus({
    events,
    metrics,
    checks: () => ({ record: check }),
    popCursorPath: join(folder, "pop-cursor"),
    clock: realClock,
    logger: silentLogger,
    stopping: stopping.signal,
  });
}

let bus: Hono;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bus-"));
  events = await journal("events");
  metrics = await journal("metrics");
  stopping = new AbortController();
  bus = makeBus();
});

afterEach(async () => {
  stopping.abort();
  await server?.stop(true);
  server = undefined;
  await events.close();
  await metrics.close();
  await rm(folder, { recursive: true });
});

const event = (value: number): string => `{"name":"n","value":${value},"timestamp":1}`;

async function post(body: BodyInit, options: { path?: string; headers?: HeadersInit } = {}) {
  const { path = "/events", headers = {} } = options;
  const answer = await bus.request(path, { method: "POST", body, headers });
  // The bus answers every publication with an object.
  const json = (await answer.json()) as Record<string, unknown>;
  return { status: answer.status, headers: answer.headers, json };
}

async function get(path: string, init: RequestInit = {}) {
  const answer = await bus.request(path, init);
  return {
    status: answer.status,
    text: await answer.text(),
    cursor: answer.headers.get("VaBus-Cursor"),
    pending: answer.headers.get("VaBus-Pending"),
    headers: answer.headers,
  };
}

describe("bus, publishing", () => {
  test.each([
    ["one event", event(1), [event(1)]],
    ["one event over several lines", `{\n "value": 1\n}\n`, [`{"value":1}`]],
    ["an array", ` [${event(1)},\n ${event(2)}]`, [event(1), event(2)]],
    ["an empty array", "[]", []],
    ["nothing", "", []],
    [
      "NDJSON as it came, but for blank lines, BOM and CRLF",
      `\uFEFF${event(1)}\r\n\n {"value":  1.50, "x": 1e2} \n${event(3)}`,
      [event(1), `{"value":  1.50, "x": 1e2}`, event(3)],
    ],
  ])("takes %s", async (_, body, lines) => {
    const { status, json } = await post(body);
    expect(status).toBe(202);
    expect(json).toEqual({
      accepted: lines.length,
      rejected: [],
      rejected_count: 0,
      cursor: String(lines.length),
    });
    const read = await get("/events");
    expect(read.text).toBe(lines.map((line) => `${line}\n`).join(""));
  });

  test("refuses what is no event by its index, and stores its neighbours", async () => {
    const bad = new Uint8Array([0x7b, 0xff, 0x7d]);
    const long = `{"value":1,"x":"${"x".repeat(LINE_BYTES_MAX)}"}`;
    const lines = [event(1), "", "{bad", "[1]", `{"value":"1"}`, long, event(2), "null"];
    const { json } = await post(
      Buffer.concat([Buffer.from(`${lines.join("\n")}\n`), bad, Buffer.from(`\n${event(3)}`)]),
    );
    expect(json["accepted"]).toBe(3);
    expect(json["rejected_count"]).toBe(6);
    const told = json["rejected"] as { index: number; reason: string }[]; // the shape of the API
    expect(told.map(({ index, reason }) => `${index} ${reason}`)).toEqual([
      "1 invalid_json",
      "2 invalid_json",
      "3 invalid_value",
      "4 too_large",
      "6 invalid_json",
      "7 invalid_json",
    ]);
    expect((await get("/events")).text).toBe(`${event(1)}\n${event(2)}\n${event(3)}\n`);
  });

  test("says of an array which elements it refused, and refuses a broken array as a whole", async () => {
    const { json } = await post(`[${event(1)}, 5, {"value": 1e999}, ${event(2)}]`);
    expect(json).toMatchObject({ accepted: 2, rejected: [{ index: 1 }, { index: 2 }] });
    const broken = await post(`[${event(1)}, `);
    expect([broken.status, broken.json["error"]]).toEqual([
      400,
      expect.stringContaining("Cannot read the body as JSON"),
    ]);
    expect(events.usage().events).toBe(2);
  });

  test("tells a bounded number of rejections", async () => {
    const { json } = await post("x\n".repeat(5_000));
    expect([json["rejected_count"], (json["rejected"] as unknown[]).length]).toEqual([
      5_000, 1_000,
    ]);
  });

  test("takes gzip, and refuses other encodings and damage", async () => {
    const headers = { "Content-Encoding": "gzip" };
    const packed = gzipSync(`${event(1)}\n${event(2)}\n`);
    expect((await post(packed, { headers })).json["accepted"]).toBe(2);
    expect((await post(packed.subarray(0, 20), { headers })).status).toBe(400);
    expect((await post("x", { headers: { "Content-Encoding": "br" } })).status).toBe(415);
  });

  test("answers 413 to a body that is too large, as sent, as streamed and as unpacked", async () => {
    const big = new Uint8Array(17 * 1024 * 1024).fill(10);
    expect((await post(big)).status).toBe(413);
    let sent = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1024 * 1024;
        controller.enqueue(new Uint8Array(1024 * 1024).fill(10));
      },
    });
    expect((await post(stream)).status).toBe(413);
    // It stops to read there.
    expect(sent).toBeLessThan(19 * 1024 * 1024);
    const packed = gzipSync(big);
    expect((await post(packed, { headers: { "Content-Encoding": "gzip" } })).status).toBe(413);
  });

  test("answers 503 with Retry-After while the journal is full", async () => {
    await events.close();
    events = await journal("full", { bytesMax: 100, reader: "in-process" });
    bus = makeBus();
    expect((await post(event(1))).status).toBe(202);
    const full = await post(event(2));
    expect(full.status).toBe(503);
    expect(Number(full.headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
    expect(full.json["error"]).toContain("full");
  });
});

describe("bus, reading", () => {
  test("gives batches by cursor with what is pending, and takes nothing away", async () => {
    await post([1, 2, 3].map(event).join("\n"));
    const first = await get("/events?limit=2");
    expect(first).toMatchObject({ status: 200, cursor: "2", pending: "1" });
    expect(first.headers.get("Content-Type")).toBe("application/x-ndjson");
    expect(first.text).toBe(`${event(1)}\n${event(2)}\n`);
    expect(await get("/events?after=2")).toMatchObject({ text: `${event(3)}\n`, cursor: "3" });
    expect(await get("/events?after=2")).toMatchObject({ text: `${event(3)}\n`, cursor: "3" });
    const none = await get("/events?after=3");
    expect(none).toMatchObject({ status: 204, text: "", cursor: "3", pending: "0" });
    expect(await get("/events?after=latest")).toMatchObject({ status: 204, cursor: "3" });
  });

  test.each([
    "limit=0",
    "limit=x",
    "limit=100001",
    "limit=1.5",
    "limit=",
    "wait=-1",
    "wait=61",
    "wait=x",
    "wait=1e2",
    "after=x",
    "after=9",
  ])("answers 400 to %s, and says what is wanted", async (query) => {
    const answer = await get(`/events?${query}`);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toEqual({ error: expect.stringContaining("Cannot ") });
  });

  test("answers 410 with the oldest cursor when the one asked for is gone", async () => {
    await events.close();
    events = await journal("small", { bytesMax: 800, segmentBytes: 100 });
    bus = makeBus();
    for (let i = 0; i < 20; i++) await post(event(i));
    const gone = await get("/events?after=0");
    expect(gone.status).toBe(410);
    const { oldest } = JSON.parse(gone.text) as { oldest: string };
    expect((await get(`/events?after=${oldest}`)).status).toBe(200);
  });

  test("waits for an event, and ends the wait when its time is over or the server stops", async () => {
    const waiting = get("/events?wait=60");
    await post(event(1));
    expect(await waiting).toMatchObject({ status: 200, text: `${event(1)}\n` });
    expect(await get("/events?after=1&wait=0.02")).toMatchObject({ status: 204, cursor: "1" });
    const stopped = get("/events?after=1&wait=60");
    const popping = get("/event?wait=60");
    expect((await popping).status).toBe(200);
    const poppingNothing = get("/event?wait=60");
    stopping.abort();
    expect(await stopped).toMatchObject({ status: 204, cursor: "1" });
    expect((await poppingNothing).status).toBe(204);
  });

  test("ends a wait when the client goes away", async () => {
    let ended = false;
    const watched: EventLog = {
      ...events,
      read: async (options, signal) => {
        const read = events.read(options, signal);
        await read.catch(() => {
          ended = signal.aborted;
        });
        return await read;
      },
      usage: () => events.usage(),
    };
    const served = createBus({
      events: watched,
      metrics,
      checks: () => ({ record: check }),
      popCursorPath: join(folder, "pop"),
      clock: realClock,
      logger: silentLogger,
      stopping: stopping.signal,
    });
    server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => served.fetch(request),
    });
    const leaving = new AbortController();
    const answer = fetch(`${server.url}events?wait=60`, { signal: leaving.signal });
    const left = answer.catch(() => "left");
    while (server.pendingRequests === 0) await realClock.sleep(1);
    leaving.abort();
    expect(await left).toBe("left");
    const deadline = performance.now() + 5_000;
    while (!ended && performance.now() < deadline) await realClock.sleep(1);
    expect(ended).toBe(true);
  });
});

describe("bus, taking events away", () => {
  test("gives each event once, in order, and goes on after a restart", async () => {
    await post([1, 2, 3].map(event).join("\n"));
    const first = await get("/event");
    expect(first).toMatchObject({ status: 200, text: event(1) });
    expect(first.headers.get("Content-Type")).toBe("application/json");
    bus = makeBus();
    expect((await get("/event")).text).toBe(event(2));
    expect((await get("/event")).text).toBe(event(3));
    expect((await get("/event")).status).toBe(204);
    // Reading by cursor is not touched by it.
    expect((await get("/events")).text.split("\n")).toHaveLength(4);
  });

  test("who asks at once gets different events; who does not wait gets one when there is one", async () => {
    const values = Array.from({ length: 100 }, (_, i) => i);
    await post(values.map(event).join("\n"));
    const answers = await Promise.all(values.map(() => get("/event")));
    expect(answers.map(({ text }) => text).sort()).toEqual(values.map(event).sort());
    expect((await readFile(join(folder, "pop-cursor"), "utf8")).trim()).toBe("100");
  });

  test("waits for an event; the wait of one does not shorten that of another", async () => {
    const long = get("/event?wait=60");
    expect((await get("/event?wait=0.01")).status).toBe(204);
    await post(event(1));
    expect((await long).text).toBe(event(1));
    expect((await get("/event")).status).toBe(204);
  });

  test("an event taken for a client that goes away meanwhile goes to the next", async () => {
    const leaving = new AbortController();
    const popper = new Popper({
      log: {
        ...events,
        read: async (options, signal) => {
          const read = await events.read(options, signal);
          // The cursor is being written by then.
          setImmediate(() => leaving.abort());
          return read;
        },
      },
      cursorPath: join(folder, "pop"),
      clock: realClock,
      logger: silentLogger,
    });
    await post(`${event(1)}\n${event(2)}`);
    expect(await popper.take(60_000, leaving.signal)).toBeUndefined();
    const text = async (): Promise<string> =>
      new TextDecoder().decode(await popper.take(0, forever));
    expect(await text()).toBe(event(1));
    expect(await text()).toBe(event(2));
  });

  test("who does not wait is owed one look into the log, however long others keep it busy", async () => {
    const popper = new Popper({
      log: events,
      cursorPath: join(folder, "pop"),
      clock: { ...realClock, sleep: () => Promise.resolve() },
      logger: silentLogger,
    });
    await post(`${event(1)}\n${event(2)}`);
    const first = popper.take(0, forever);
    // The first is being served; the second comes while its cursor is being written.
    await new Promise(setImmediate);
    const second = popper.take(0, forever);
    expect([await first, await second].map((line) => new TextDecoder().decode(line))).toEqual([
      event(1),
      event(2),
    ]);
    expect(await popper.take(0, forever)).toBeUndefined();
  });

  test("events that went before anyone took them are passed over", async () => {
    await events.close();
    events = await journal("small", { bytesMax: 800, segmentBytes: 100 });
    bus = makeBus();
    await post(event(0));
    expect((await get("/event")).text).toBe(event(0));
    for (let i = 1; i < 30; i++) await post(event(i));
    const oldest = (await get("/events?limit=1")).text.trim();
    expect((await get("/event")).text).toBe(oldest);
  });

  test("a damaged cursor is fatal, not a silent start from the beginning", async () => {
    await writeFile(join(folder, "pop-cursor"), "rubbish");
    expect(makeBus).toThrow(FatalError);
  });
});

describe("bus, metrics", () => {
  test("keeps metrics apart from events, and gives those without a time the present", async () => {
    const before = Date.now() / 1000;
    const body = `{"name":"m","value":1}\n{"name":"m","value":2,"timestamp":5,"id":"x"}\n{"name":""}\n{"name":"m"}`;
    const { status, json } = await post(body, { path: "/metrics" });
    expect(status).toBe(202);
    expect(json).toMatchObject({
      accepted: 2,
      cursor: "2",
      rejected: [{ index: 2 }, { index: 3 }],
    });
    const [first, second] = (await get("/metrics")).text.split("\n");
    const { timestamp } = JSON.parse(first!) as { timestamp: number };
    expect(timestamp).toBeWithin(before - 1, Date.now() / 1000 + 1);
    expect(second).toBe(`{"name":"m","value":2,"timestamp":5,"id":"x"}`);
    expect((await get("/events")).status).toBe(204);
  });
});

describe("bus, the rest", () => {
  test("says that it is well and what it holds", async () => {
    await post(event(1));
    const { status, text } = await get("/health");
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ status: "ok", events: 1, bytes_max: 1e9 });
  });

  test.each([
    ["DELETE", "/events", "GET, POST"],
    ["HEAD", "/events", "GET, POST"],
    ["HEAD", "/event", "GET"],
    ["POST", "/event", "GET"],
    ["PUT", "/metrics", "GET, POST"],
    ["OPTIONS", "/health", "GET"],
  ])("answers 405 with Allow to %s %s", async (method, path, allow) => {
    await post(event(1));
    const root = new Hono().route("/vabus", bus);
    for (const [app, prefix] of [
      [bus, ""],
      [root, "/vabus"],
    ] as const) {
      const answer = await app.request(`${prefix}${path}`, { method });
      expect([answer.status, answer.headers.get("Allow")]).toEqual([405, allow]);
    }
    // HEAD took nothing away.
    expect((await get("/event")).text).toBe(event(1));
  });

  test("answers 404 to an unknown path, and 500 without details to a failure of its own", async () => {
    const unknown = await get("/nothing");
    expect([unknown.status, JSON.parse(unknown.text)]).toEqual([
      404,
      { error: expect.stringContaining("/events") },
    ]);
    await events.close();
    const failed = await get("/events");
    expect([failed.status, failed.text]).toEqual([
      500,
      `{"error":"The bus failed; its log says why"}`,
    ]);
  });
});
