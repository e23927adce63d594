import { describe, expect, test } from "bun:test";
import { silentLogger } from "../../src/core/logger.ts";
import type { OpenTap, TakenFromTap, Tap, TapFilter } from "../../src/pipeline/view.ts";
import { createStatusApp } from "../../src/status/app.ts";
import { TapFeed } from "../../src/status/tap-feed.ts";
import { readTapQuery, type TapQuery } from "../../src/status/tap-query.ts";
import { StagedPipeline } from "../support/staged-pipeline.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

interface Sent {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

class ScriptedTap implements Tap {
  filter: TapFilter | undefined;
  isClosed = false;
  taken: Partial<TakenFromTap> = {};

  open(filter: TapFilter): OpenTap {
    this.filter = filter;
    return {
      take: () => {
        const taken = this.taken;
        this.taken = {};
        const dropped = { events: 0, refused: 0 };
        return { events: [], refused: [], looked: 0, dropped, ...taken };
      },
      close: () => {
        this.isClosed = true;
      },
    };
  }
}

function queryOf(text: string): TapQuery {
  const read = readTapQuery(`http://x/tap?${text}`);
  if ("error" in read) throw new Error(read.error);
  return read.query;
}

/** Reads what waits: everything was put in before. */
async function sentTo(stream: ReadableStreamDefaultReader<Uint8Array>): Promise<Sent[]> {
  let text = "";
  for (;;) {
    const next = await Promise.race([stream.read(), Bun.sleep(20).then(() => undefined)]);
    if (next?.value === undefined) break;
    text += new TextDecoder().decode(next.value);
  }
  return text
    .split("\n\n")
    .filter((block) => block !== "")
    .map((block) => {
      const [, id, event, data] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(block)!;
      return { id: id!, event: event!, data: JSON.parse(data!) as Record<string, unknown> };
    });
}

function stageOf(): { stage: StagedPipeline; tap: ScriptedTap; feed: TapFeed } {
  const stage = new StagedPipeline({ seriesCount: 4, windowsBefore: 2 });
  const tap = new ScriptedTap();
  return { stage, tap, feed: new TapFeed({ view: stage, tap, run: "run1" }) };
}

function fire(stage: StagedPipeline): number {
  const before = stage.recent.added;
  while (stage.recent.added === before) stage.step();
  return stage.recent.added - before;
}

describe("TapFeed", () => {
  test("tells rows from when it was opened on, events and what is refused", async () => {
    const { stage, tap, feed } = stageOf();
    const reader = feed.open(queryOf(""), undefined)!.getReader();
    const rows = fire(stage);
    const event = { at: "line 1", event: { name: "a" } };
    const refusal = { reason: "late", detail: "by 1 s", event: "{}", at: "line 2" } as const;
    tap.taken = { events: [event], refused: [refusal], looked: 3 };
    feed.tick();
    const sent = await sentTo(reader);
    expect(sent.map((one) => one.event)).toEqual([
      "hello",
      "event",
      "refused",
      ...Array.from({ length: rows }, () => "row"),
    ]);
    expect(sent[0]!.data).toEqual({ run: "run1", rate: 50 });
    expect(sent[1]!.data).toEqual(event);
    expect(sent.at(-1)!.data).toMatchObject({
      rule: expect.any(String),
      count: expect.any(Number),
    });
    await reader.cancel();
    expect(tap.isClosed).toBe(true);
    expect(feed.clientCount).toBe(0);
  });

  test("counts every second what passed, what was seen and what was left out", async () => {
    const { stage, tap, feed } = stageOf();
    const reader = feed.open(queryOf("show=events"), undefined)!.getReader();
    const before = stage.ledger().received;
    stage.step();
    tap.taken = { looked: 5, dropped: { events: 3, refused: 1 } };
    for (let tick = 0; tick < 5; tick++) feed.tick();
    const counts = (await sentTo(reader)).filter(({ event }) => event === "counts");
    expect(counts.map(({ data }) => data)).toEqual([
      {
        passed: stage.ledger().received - before,
        looked: 5,
        dropped: { events: 3, refused: 1, rows: 0 },
      },
    ]);
  });

  test("one that comes back gets the rows that it missed, and hears how many events", async () => {
    const { stage, feed } = stageOf();
    const first = feed.open(queryOf(""), undefined)!.getReader();
    const [{ id }] = (await sentTo(first)) as [Sent];
    await first.cancel();
    const { received } = stage.ledger();
    const rows = fire(stage);
    const again = feed.open(queryOf(""), id)!.getReader();
    const sent = await sentTo(again);
    const events = stage.ledger().received - received;
    expect(sent[0]!.data).toEqual({ run: "run1", rate: 50, missed: { events, rows: 0 } });
    expect(sent.slice(1).map(({ event }) => event)).toEqual(Array(rows).fill("row"));
    // Cut off in the middle of them, it goes on behind the last one that it got.
    const half = feed.open(queryOf(""), sent[2]!.id)!.getReader();
    expect((await sentTo(half)).length).toBe(1 + rows - 2);
    const other = feed.open(queryOf(""), "run0.1.1")!.getReader();
    expect((await sentTo(other)).map(({ data }) => data)).toEqual([
      { run: "run1", rate: 50, missed: null },
    ]);
  });

  test("sends rows that are wanted, at their rate, and counts the others", async () => {
    const { stage, feed } = stageOf();
    const name = stage.names[0]!;
    const named = feed.open(queryOf(`show=rows&name=${encodeURIComponent(name)}`), undefined)!;
    const few = feed.open(queryOf("show=rows&rate=1"), undefined)!;
    const readers = [named.getReader(), few.getReader()] as const;
    const rows = fire(stage);
    for (let tick = 0; tick < 5; tick++) feed.tick();
    const ofName = (await sentTo(readers[0])).filter(({ event }) => event === "row");
    expect(ofName.length).toBeGreaterThan(0);
    for (const { data } of ofName) expect(data["name"]).toBe(name);
    const ofFew = await sentTo(readers[1]);
    expect(ofFew.filter(({ event }) => event === "row").length).toBe(1);
    expect(ofFew.find(({ event }) => event === "counts")!.data).toMatchObject({
      dropped: { rows: rows - 1 },
    });
  });

  test("a failure to look is told, and stops nothing", async () => {
    const clock = new VirtualClock();
    const failures: unknown[] = [];
    const take = (): never => {
      throw new Error("nothing to take now");
    };
    const feed = new TapFeed({
      view: new StagedPipeline({}),
      tap: { open: () => ({ take, close: () => {} }) },
      run: "run1",
      onFailure: (failure) => failures.push(failure),
    });
    feed.open(queryOf(""), undefined);
    const end = new AbortController();
    const running = feed.run(clock, end.signal);
    await clock.advance(700);
    end.abort();
    await running;
    expect(failures.length).toBeGreaterThanOrEqual(3);
    expect(feed.clientCount).toBe(0);
  });

  test("holds nothing for one who takes nothing, and gives him up in the end", () => {
    const { tap, feed } = stageOf();
    feed.open(queryOf("show=events"), undefined);
    const events = Array.from({ length: 1000 }, () => ({
      at: "line 1",
      event: { name: "x".repeat(2000) },
    }));
    for (let tick = 0; tick < 400 && feed.clientCount > 0; tick++) {
      tap.taken = { events };
      feed.tick();
    }
    expect(feed.clientCount).toBe(0);
    expect(tap.isClosed).toBe(true);
  });
});

describe("TapFeed.run()", () => {
  test("sleeps while nobody looks, and goes on for whoever comes", async () => {
    const clock = new VirtualClock();
    let sleeps = 0;
    const sleep = clock.sleep.bind(clock);
    clock.sleep = (ms, signal) => {
      sleeps++;
      return sleep(ms, signal);
    };
    const { tap, feed } = stageOf();
    const over = new AbortController();
    const running = feed.run(clock, over.signal);
    await clock.advance(60_000);
    expect(sleeps).toBe(1);
    for (let visit = 0; visit < 2; visit++) {
      const reader = feed.open(queryOf("show=events"), undefined)!.getReader();
      await clock.advance(400);
      tap.taken = { events: [{ at: "line 1", event: { name: "a" } }] };
      await clock.advance(800);
      const sent = await sentTo(reader);
      expect(sent.map(({ event }) => event)).toEqual(["hello", "event", "counts"]);
      await reader.cancel();
      await clock.advance(400);
      sleeps = 0;
      await clock.advance(60_000);
      expect(sleeps).toBe(0);
    }
    over.abort();
    await running;
  });
});

describe("GET /tap", () => {
  function appOf(tapFeed: TapFeed | undefined) {
    const view = new StagedPipeline({});
    return createStatusApp({
      view,
      access: { mode: "open" },
      logger: silentLogger,
      ...(tapFeed && { tapFeed }),
    });
  }

  test("streams, refuses a wrong query, and says when it cannot", async () => {
    const { feed } = stageOf();
    const app = appOf(feed);
    const answer = await app.request("/tap?show=rows");
    expect(answer.headers.get("content-type")).toStartWith("text/event-stream");
    await answer.body!.cancel();
    expect((await app.request("/tap?rate=x")).status).toBe(400);
    const nowhere = await app.request("/tap?rule=per_ten_second");
    expect(nowhere.status).toBe(400);
    expect(await nowhere.text()).toContain("did you mean per_ten_seconds?");
    expect((await appOf(undefined).request("/tap")).status).toBe(409);
    const full = new TapFeed({
      view: new StagedPipeline({}),
      tap: { open: () => undefined },
      run: "r",
    });
    const busy = await appOf(full).request("/tap");
    expect(busy.status).toBe(503);
    expect(busy.headers.get("retry-after")).toBe("30");
  });
});
