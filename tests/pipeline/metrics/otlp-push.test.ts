import { afterEach, describe, expect, test } from "bun:test";
import type { Server } from "bun";
import type { LogFields, Logger } from "../../../src/core/logger.ts";
import { silentLogger } from "../../../src/core/logger.ts";
import type { OtlpSettings } from "../../../src/core/settings.ts";
import { MetricSet } from "../../../src/pipeline/metrics/metric-set.ts";
import { OtlpCounts, OtlpPush } from "../../../src/pipeline/metrics/otlp-push.ts";
import { settle, VirtualClock } from "../../support/virtual-clock.ts";

type Answer = () => Response | Promise<Response>;

const servers: Server<undefined>[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop(true)));
});

interface Received {
  readonly path: string;
  readonly headers: Headers;
  readonly body: unknown;
}

/** A collector that answers by a script, then well. */
function collector(answers: readonly Answer[]): { url: string; received: Received[] } {
  const left = [...answers];
  const received: Received[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname } = new URL(request.url);
      received.push({ path: pathname, headers: request.headers, body: await request.json() });
      return (left.shift() ?? (() => Response.json({})))();
    },
  });
  servers.push(server);
  return { url: `http://127.0.0.1:${server.port}/v1/metrics`, received };
}

function pushTo(url: string, more: Partial<OtlpSettings> = {}) {
  const clock = new VirtualClock(1_700_000_000);
  const counts = new OtlpCounts();
  const lines: { level: string; message: string; fields: LogFields }[] = [];
  const say =
    (level: string) =>
    (message: string, fields: LogFields = {}): void =>
      void lines.push({ level, message, fields });
  const logger: Logger = { ...silentLogger, info: say("info"), warn: say("warn") };
  let collected = 0;
  const push = new OtlpPush({
    settings: {
      url,
      headers: {},
      everyMs: 10_000,
      timeoutMs: 5_000,
      resource: {},
      ca: undefined,
      ...more,
    },
    resource: { "service.name": "aggregator", "service.version": "1.2.3" },
    version: "1.2.3",
    collect: () => {
      const set = new MetricSet();
      set.set("aggregator_source_errors_total", ++collected);
      return set;
    },
    startedAt: 1_700_000_000,
    counts,
    clock,
    random: () => 0.5,
    logger,
  });
  const stop = new AbortController();
  const running = push.run(stop.signal);
  const total = (): number => Object.values(counts.exports).reduce((sum, n) => sum + n, 0);
  return {
    clock,
    counts,
    lines,
    /** Goes to the next push and waits until it came to something. */
    async next(): Promise<void> {
      const before = total();
      await clock.advance(10_000);
      while (total() === before) await new Promise((resolve) => setTimeout(resolve, 1));
      await settle();
    },
    async stop(): Promise<void> {
      stop.abort();
      await running;
    },
  };
}

describe("OtlpPush", () => {
  test("pushes what is known then, with headers and resource, and once more at the end", async () => {
    const { url, received } = collector([]);
    const { next, stop, counts } = pushTo(url, {
      headers: { "x-api-key": "k3y" },
      resource: { "service.name": "mine", site: "north" },
    });
    await next();
    await next();
    await stop();
    expect(received.map(({ path }) => path)).toEqual(Array(3).fill("/v1/metrics"));
    expect(received[0]!.headers.get("content-type")).toBe("application/json");
    expect(received[0]!.headers.get("x-api-key")).toBe("k3y");
    expect(received[0]!.body).toMatchObject({
      resourceMetrics: [
        {
          resource: {
            attributes: [
              { key: "service.name", value: { stringValue: "mine" } },
              { key: "service.version", value: { stringValue: "1.2.3" } },
              { key: "site", value: { stringValue: "north" } },
            ],
          },
        },
      ],
    });
    const values = received.map(({ body }) => JSON.stringify(body).match(/"asDouble":(\d+)/)?.[1]);
    expect(values).toEqual(["1", "2", "3"]);
    expect(counts.exports).toEqual({ pushed: 3, partial: 0, failed: 0, skipped: 0 });
  });

  test("tells once of a collector that is away, asks no more while the breaker is open, and is well again", async () => {
    const busy: Answer = () => new Response("busy", { status: 503 });
    const { url, received } = collector([busy, busy, busy]);
    const { next, stop, counts, lines } = pushTo(url);
    for (let i = 0; i < 5; i++) await next();
    expect(received.length).toBe(5);
    expect(counts.exports).toEqual({ pushed: 2, partial: 0, failed: 3, skipped: 0 });
    const told = lines.filter(({ message }) => message.startsWith("Metrics"));
    expect(told.map(({ level, message }) => [level, message])).toEqual([
      ["warn", "Metrics could not be pushed; the next push holds them, too."],
      ["info", "Metrics are pushed again."],
    ]);
    expect(told[0]!.fields["error"]).toBe("The collector answers 503: busy");
    await stop();
  });

  test("stays away as long as the collector asks, and keeps nothing for it", async () => {
    const { url, received } = collector([
      () => new Response("", { status: 429, headers: { "retry-after": "35" } }),
    ]);
    const { next, stop, counts } = pushTo(url);
    for (let i = 0; i < 5; i++) await next();
    // Pushed at 10 s, not at 20, 30 and 40, and again at 50.
    expect(counts.exports).toEqual({ pushed: 1, partial: 0, failed: 1, skipped: 3 });
    expect(received).toHaveLength(2);
    const last = JSON.stringify(received[1]!.body);
    expect(last.match(/aggregator_source_errors_total/g)).toHaveLength(1);
    await stop();
  });

  test("counts what the collector did not take, and tells of it once", async () => {
    const partial: Answer = () =>
      Response.json({ partialSuccess: { rejectedDataPoints: "7", errorMessage: "too many" } });
    const { url } = collector([partial, partial]);
    const { next, stop, counts, lines } = pushTo(url);
    await next();
    await next();
    expect(counts.exports).toEqual({ pushed: 0, partial: 2, failed: 0, skipped: 0 });
    expect(counts.rejectedPoints).toBe(14);
    expect(lines).toEqual([
      {
        level: "warn",
        message: "The collector did not take all of the metrics, or has a remark.",
        fields: { rejected: 7, message: "too many" },
      },
    ]);
    await stop();
  });

  test("a remark without a rejection is told, and all is pushed", async () => {
    const { url } = collector([
      () => Response.json({ partialSuccess: { errorMessage: "deprecated" } }),
    ]);
    const { next, stop, counts, lines } = pushTo(url);
    await next();
    expect(counts.exports.pushed).toBe(1);
    expect(lines[0]!.fields).toEqual({ rejected: 0, message: "deprecated" });
    await stop();
  });

  test.each([
    ["no answer to a wrong key, which is not told", 401, "The collector answers 401: no *** here"],
    ["what it cannot read", 400, "The collector answers 400: no *** here"],
    ["a redirection", 307, "it points elsewhere: set metrics.otlp.url to where it is"],
  ])("%s is no reason to ask again at once: %d", async (_, status, error) => {
    const answer: Answer = () =>
      new Response("no s3cret here", { status, headers: { location: "http://127.0.0.1:1/" } });
    const { url, received } = collector([answer]);
    const { next, stop, counts, lines } = pushTo(url, { headers: { authorization: "s3cret" } });
    await next();
    expect(counts.exports.failed).toBe(1);
    expect(received).toHaveLength(1);
    expect(String(lines[0]!.fields["error"])).toContain(error);
    expect(JSON.stringify(lines)).not.toContain("s3cret");
    await next(); // the breaker is closed: it answered
    expect(counts.exports.pushed).toBe(1);
    await stop();
  });

  test("gives up who does not answer, and who answers without end", async () => {
    const endless: Answer = () => {
      const chunk = new Uint8Array(16 * 1024).fill(32);
      return new Response(new ReadableStream({ pull: (c) => c.enqueue(chunk) }));
    };
    const { url, received } = collector([() => new Promise(() => {}), endless]);
    const { clock, next, stop, counts, lines } = pushTo(url);
    await clock.advance(10_000);
    while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await clock.advance(5_000);
    await settle();
    expect(counts.exports.failed).toBe(1);
    expect(lines[0]!.fields["error"]).toBe("Cannot push metrics: no answer within 5 s");
    await next();
    expect(counts.exports.pushed).toBe(1);
    await stop();
  });

  test("nobody there is no failure of the service, whose stop does not wait for it", async () => {
    const { next, stop, counts } = pushTo("http://127.0.0.1:1/v1/metrics");
    for (let i = 0; i < 4; i++) await next();
    expect(counts.exports.pushed).toBe(0);
    expect(counts.exports.failed).toBeGreaterThanOrEqual(3);
    await stop();
  });
});
