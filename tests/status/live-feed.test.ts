import { describe, expect, test } from "bun:test";
import {
  HISTORY_SAMPLES_MAX,
  STREAM_BYTES_MAX,
  STREAM_CLIENTS_MAX,
} from "../../src/core/limits.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { createStatusApp } from "../../src/status/app.ts";
import { LiveFeed } from "../../src/status/live-feed.ts";
import { serve } from "../../src/status/serve.ts";
import { StagedPipeline } from "../support/staged-pipeline.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

interface Event {
  readonly event: string;
  readonly id: string;
  readonly data: Record<string, unknown>;
}

function feedOf(view: StagedPipeline): LiveFeed {
  return new LiveFeed({ view, mask: (value) => value, run: "run1", actions: () => ["pause"] });
}

const decoder = new TextDecoder();

function eventsIn(text: string): Event[] {
  return text
    .split("\n\n")
    .filter((block) => block !== "")
    .map((block) => {
      const [, id, event, data] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(block)!;
      return { id: id!, event: event!, data: JSON.parse(data!) as Record<string, unknown> };
    });
}

/** Reads what waits, without waiting for more. */
async function taken(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Event[]> {
  let text = "";
  for (;;) {
    const next = await Promise.race([reader.read(), Bun.sleep(20).then(() => undefined)]);
    if (next?.value === undefined) return eventsIn(text);
    text += decoder.decode(next.value);
    if (text.endsWith("\n\n") && /event: status\n/.test(text.slice(-STREAM_BYTES_MAX)))
      return eventsIn(text);
  }
}

describe("LiveFeed", () => {
  test("greets with what was, the newest rows and a status; then tells each second", async () => {
    const stage = new StagedPipeline({ seriesCount: 4, windowsBefore: 2 });
    const feed = feedOf(stage);
    feed.tick();
    const reader = feed.open(undefined)!.getReader();
    const greeting: Event[] = [];
    while (greeting.at(-1)?.event !== "status") greeting.push(...(await taken(reader)));
    expect(greeting.map(({ event }) => event)).toEqual(["hello", "rows", "status"]);
    expect(greeting[0]!.data).toMatchObject({
      run: "run1",
      history: [[stage.now, 24, 8, 5.1, expect.any(Number), 24]],
    });
    expect(greeting[1]!.data).toMatchObject({ skipped: 0 });
    expect(greeting[2]!.data).toMatchObject({
      name: "plant-7",
      actions: ["pause"],
      windows: expect.any(Array),
    });
    for (let second = 0; second < 5; second++) stage.step();
    feed.tick();
    const next: Event[] = [];
    while (next.at(-1)?.event !== "status") next.push(...(await taken(reader)));
    expect(next.map(({ event, id }) => [event, id])).toEqual([
      ["rows", "run1.12"],
      ["status", "run1.12"],
    ]);
    await reader.cancel();
    expect(feed.clientCount).toBe(0);
  });

  test("one that comes back goes on behind the last row that it got", async () => {
    const stage = new StagedPipeline({ seriesCount: 4, windowsBefore: 3 });
    const feed = feedOf(stage);
    const rowsFor = async (lastId: string): Promise<unknown> => {
      const reader = feed.open(lastId)!.getReader();
      const events: Event[] = [];
      while (events.at(-1)?.event !== "status") events.push(...(await taken(reader)));
      await reader.cancel();
      const rows = events.find(({ event }) => event === "rows")?.data["rows"] as
        | unknown[]
        | undefined;
      return rows?.length ?? 0;
    };
    expect(await rowsFor("run1.7")).toBe(5);
    expect(await rowsFor("run1.12")).toBe(0);
    expect(await rowsFor("run1.999")).toBe(0);
    // Of another run of the service, or nonsense: as if it were new.
    expect(await rowsFor("run0.12")).toBe(12);
    expect(await rowsFor("<script>")).toBe(12);
  });

  test("keeps nothing for one that is slow, and lets it go after a minute", () => {
    const stage = new StagedPipeline({ seriesCount: 40, windowsBefore: 2 });
    const feed = feedOf(stage);
    const stream = feed.open(undefined)!;
    for (let second = 0; second < 600; second++) {
      stage.step();
      feed.tick();
    }
    expect(feed.clientCount).toBe(0);
    void stream.cancel();
  });

  test("has a bound on those that watch, and on what it remembers", () => {
    const stage = new StagedPipeline({ isEmpty: true });
    const feed = feedOf(stage);
    const streams = Array.from({ length: STREAM_CLIENTS_MAX + 1 }, () => feed.open(undefined));
    expect(streams.filter((stream) => stream === undefined)).toHaveLength(1);
    for (let second = 0; second < HISTORY_SAMPLES_MAX + 50; second++) {
      stage.step();
      feed.tick();
    }
    feed.close();
    expect(feed.clientCount).toBe(0);
  });

  test("a day of it, with one who reads and one who does not, leaves memory as it was", async () => {
    const stage = new StagedPipeline({ seriesCount: 4, windowsBefore: 2 });
    const feed = feedOf(stage);
    feed.open(undefined); // nobody reads it
    const reader = feed.open(undefined)!.getReader();
    const play = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        stage.step();
        feed.tick();
        await reader.read();
      }
    };
    const heap = (): number => {
      Bun.gc(true);
      return process.memoryUsage().heapUsed;
    };
    await play(4_000);
    const before = heap();
    await play(86_400 - 4_000);
    expect(heap() - before).toBeLessThan(8 * 2 ** 20);
    expect(feed.clientCount).toBe(1);
    await reader.cancel();
  }, 60_000);

  test("a failure to look is told, and stops nothing", async () => {
    const clock = new VirtualClock();
    const stage = new StagedPipeline({ isEmpty: true });
    const failures: unknown[] = [];
    const broken = Object.assign(Object.create(stage) as StagedPipeline, {
      status: () => {
        throw new Error("no status now");
      },
    });
    const feed = new LiveFeed({
      view: broken,
      mask: (value) => value,
      run: "run1",
      actions: () => [],
      onFailure: (failure) => failures.push(failure),
    });
    const end = new AbortController();
    const running = feed.run(clock, end.signal);
    await clock.advance(3_500);
    end.abort();
    await running;
    expect(failures.length).toBeGreaterThanOrEqual(3);
  });

  test("looks once a second until it is stopped, and lets everybody go then", async () => {
    const clock = new VirtualClock();
    const stage = new StagedPipeline({ isEmpty: true });
    const feed = feedOf(stage);
    const end = new AbortController();
    const running = feed.run(clock, end.signal);
    const reader = feed.open(undefined)!.getReader();
    await clock.advance(10_000);
    end.abort();
    await running;
    let statuses = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      statuses += decoder.decode(value).match(/^event: status$/gm)?.length ?? 0;
    }
    expect(statuses).toBeGreaterThanOrEqual(10);
  });
});

describe("GET /stream", () => {
  test("a client that stops reading does not grow the service", async () => {
    const stage = new StagedPipeline({ seriesCount: 300, windowsBefore: 2 });
    const feed = feedOf(stage);
    const app = createStatusApp({
      view: stage,
      feed,
      access: { mode: "open" },
      logger: silentLogger,
    });
    const server = await serve(app, {
      host: "127.0.0.1",
      port: 0,
      portAsked: true,
      logger: silentLogger,
    });
    const answer = await fetch(`${server.url}/stream`);
    expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const reader = answer.body!.getReader();
    await reader.read();
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    for (let second = 0; second < 20_000 && feed.clientCount > 0; second++) {
      stage.step();
      feed.tick();
      if (second % 100 === 0) await Bun.sleep(0);
    }
    Bun.gc(true);
    // 20,000 of them would be some hundred megabytes.
    expect(process.memoryUsage.rss() - before).toBeLessThan(120 * 2 ** 20);
    await reader.cancel();
    feed.close();
    await server.stop();
  }, 30_000);

  test("HEAD opens nothing, and too many are told so", async () => {
    const stage = new StagedPipeline({ isEmpty: true });
    const feed = feedOf(stage);
    const app = createStatusApp({
      view: stage,
      feed,
      access: { mode: "open" },
      logger: silentLogger,
    });
    expect((await app.request("/stream", { method: "HEAD" })).status).toBe(200);
    expect(feed.clientCount).toBe(0);
    for (let i = 0; i < STREAM_CLIENTS_MAX; i++) feed.open(undefined);
    const refused = await app.request("/stream");
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("30");
    feed.close();
  });
});
