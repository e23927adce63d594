import { expect, test } from "bun:test";
import { join } from "node:path";
import { installExecutable } from "../support/executable.ts";
import { configure, getJson, publish, rowsIn, startService, until } from "../support/service.ts";

// The way of docs/logs.md: from a row in a sink back to its events, by the log alone.

const RUN_MS = 60_000;

const SECRET = "trace-s3cret";

const CONFIG = `
import { defineConfig, env, eventFunction, sqlite, tumbling } from "aggregator";

export default defineConfig({
  name: "plant-7",
  rules: {
    per_second: { window: tumbling("1s"), aggregate: eventFunction(), allowedLateness: "1h" },
    per_minute: { window: tumbling("1m"), aggregate: eventFunction() },
  },
  sinks: { rows: sqlite({ path: "rows.sqlite" }) },
  time: { outOfOrderness: "0s", idleTimeout: "off" },
  metrics: { otlp: { url: "http://127.0.0.1:1", headers: { "x-key": env("KEY") }, every: "1s" } },
  status: { port: 0 },
});
`;

interface Line {
  readonly level: string;
  readonly logger: string;
  readonly message: string;
  // Each message has its own; the test reads those of the page.
  readonly fields: Record<string, unknown>;
}

interface Row {
  readonly id: string;
  readonly rule: string;
  readonly window_start: number;
  readonly window_end: number;
  readonly value: number;
  readonly revision: number;
}

interface Event {
  readonly name: string;
  readonly value: number;
  readonly timestamp: number;
}

function linesOf(stderr: string): Line[] {
  return stderr
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line);
}

/** The number behind the start: `3-17` is 17. */
function numberOf(id: unknown): number {
  return Number(String(id).split("-")[1]);
}

test(
  "a row leads back to its events by the log alone, a corrected one too",
  async () => {
    await using aggregator = await installExecutable();
    await configure(aggregator, CONFIG);
    const { running, url } = await startService(aggregator, { LOG_LEVEL: "debug", KEY: SECRET });
    const start = Math.floor(Date.now() / 1000) - 20;
    const event = (name: string, value: number, second: number): Event => {
      return { name, value, timestamp: start + second };
    };
    const write = (count: number): Promise<unknown> =>
      until(
        () => getJson<{ sinks: { written: number }[] }>(`${url}/status`),
        ({ sinks }) => sinks[0]!.written >= count,
      );
    // Several batches: each is read before the next one is published.
    await publish(url, [event("cpu", 1, 0), event("mem", 5, 0), event("cpu", 2, 0.5)]);
    await publish(url, [event("cpu", 4, 0.9), event("cpu", 100, 1.2)]);
    await write(2);
    await publish(url, [event("cpu", 200, 2.5)]);
    await write(3);
    // Late, and taken: the first window fires again.
    await publish(url, [event("cpu", 8, 0.25)]);
    await write(4);
    const bus = await fetch(`${url}/vabus/events?limit=1000`);
    const all = (await bus.text()).trimEnd().split("\n");
    await fetch(`${url}/control/checkpoint`, { method: "POST" });
    const { stderr } = await running.stop();
    const lines = linesOf(stderr);
    const told = (message: string): Record<string, unknown>[] =>
      lines.filter((line) => line.message === message).map(({ fields }) => fields);

    // 1. The row.
    const rows = rowsIn<Row>(join(aggregator.folder, "rows.sqlite"));
    const row = rows.find((one) => one.rule === "per_second" && one.value === 15)!;
    expect(row).toMatchObject({ window_start: start, window_end: start + 1, revision: 1 });

    // 2. Its deliveries: that of the first firing, and that of the correction.
    const deliveries = told("Rows were delivered.").filter(({ ids }) =>
      (ids as string[]).includes(row.id),
    );
    expect(deliveries.map(({ sink, refused, attempts }) => [sink, refused, attempts])).toEqual([
      ["rows", 0, 1],
      ["rows", 0, 1],
    ]);
    const tracks = deliveries.map((delivery) => {
      // 3. The checkpoint.
      const [first, last] = delivery["rows"] as [number, number];
      const checkpoint = told("A checkpoint was made.").find(({ rows: places }) => {
        const of = (places as Record<string, [number, number]>)["rows"];
        return of !== undefined && of[0] <= last && first <= of[1];
      })!;
      // 4. The firing.
      const firing = told("A window fired.").find(
        (fired) =>
          fired["rule"] === row.rule &&
          fired["window_start"] === row.window_start &&
          fired["checkpoint"] === checkpoint["checkpoint"],
      )!;
      // 5. The batches, up to that of the firing.
      const batches = told("A batch was read.").filter(
        ({ batch }) => numberOf(batch) <= numberOf(firing["batch"]),
      );
      expect(numberOf(firing["batch"])).toBeWithin(
        numberOf((checkpoint["batches"] as string[])[0]),
        numberOf((checkpoint["batches"] as string[])[1]) + 1,
      );
      // 6. The events between their cursors.
      const from = Number(batches[0]!["from"] ?? 0);
      const to = Number(batches.at(-1)!["to"]);
      const events = all.slice(from, to).map((line) => JSON.parse(line) as Event);
      const received = batches.reduce((sum, batch) => sum + Number(batch["received"]), 0);
      expect(received).toBe(events.length);
      const inside = events.filter(
        ({ name, timestamp }) =>
          name === "cpu" && timestamp >= row.window_start && timestamp < row.window_end,
      );
      const value = inside.reduce((sum, one) => sum + one.value, 0);
      return { value, revision: firing["revision"], batches: batches.length };
    });
    // The number of the row is the sum of the events that the log led to.
    expect(tracks.map(({ value, revision }) => [value, revision])).toEqual([
      [7, 0],
      [15, 1],
    ]);
    expect(tracks[1]!.batches).toBeGreaterThan(tracks[0]!.batches);

    // One more batch was read than there were before: each line is told once.
    const ids = told("A batch was read.").map(({ batch }) => batch);
    expect(new Set(ids).size).toBe(ids.length);
    expect(told("The service runs.")).toMatchObject([{ pipeline: "plant-7", epoch: 1, url }]);
    expect(told("An operator asked over HTTP, and it is done.")).toEqual([
      { action: "checkpoint", by: "this machine", via: "loopback" },
    ]);
    expect(lines.filter(({ level }) => level === "ERROR")).toEqual([]);
    expect(stderr).not.toContain(SECRET);
  },
  RUN_MS,
);

test(
  "at debug there is no line for an event: ten thousand make no more than their batches",
  async () => {
    await using aggregator = await installExecutable();
    await configure(aggregator, CONFIG);
    const { running, url } = await startService(aggregator, { LOG_LEVEL: "trace", KEY: SECRET });
    const now = Date.now() / 1000;
    const many = Array.from({ length: 10_000 }, (_, i) => ({
      name: `m${i % 10}`,
      value: i,
      timestamp: now,
      labels: { host: SECRET },
    }));
    // The last one closes the window of the others.
    await publish(url, [...many, { name: "m0", value: 0, timestamp: now + 2 }]);
    await until(
      () => getJson<{ sinks: { written: number }[] }>(`${url}/status`),
      ({ sinks }) => sinks[0]!.written >= 10,
    );
    const { stderr } = await running.stop();
    const read = linesOf(stderr).filter(({ message }) => message === "A batch was read.");
    expect(read.reduce((sum, { fields }) => sum + Number(fields["received"]), 0)).toBe(10_001);
    expect(linesOf(stderr).length).toBeLessThan(200);
    expect(stderr).not.toContain(SECRET);
  },
  RUN_MS,
);
