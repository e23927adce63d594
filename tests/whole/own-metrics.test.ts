import { expect, test } from "bun:test";
import type { Metric } from "../../src/core/event.ts";
import { installExecutable } from "../support/executable.ts";
import { configure, startService } from "../support/service.ts";

const CONFIG = `
import { defineConfig, eventFunction, sqlite, tumbling } from "aggregator";

export default defineConfig({
  rules: { per_second: { window: tumbling("1s"), aggregate: eventFunction() } },
  sinks: { rows: sqlite({ path: "aggregates.sqlite" }) },
  time: { outOfOrderness: "0s", idleTimeout: "1s" },
  metrics: { every: "100ms" },
  status: { port: 0 },
});
`;

test("own metrics are read back from the bus, and what they say is what was done", async () => {
  await using aggregator = await installExecutable();
  await configure(aggregator, CONFIG);
  const { running, url } = await startService(aggregator);
  const beginsAt = Math.floor(Date.now() / 1000);
  const events = [
    { name: "cpu", value: 1, timestamp: beginsAt },
    { name: "cpu", value: 2, timestamp: beginsAt + 0.5 },
    { name: "mem", value: 4, timestamp: beginsAt },
    { name: "cpu", value: 8, timestamp: beginsAt + 86_400 },
  ];
  const answer = await fetch(`${url}/vabus/events`, {
    method: "POST",
    body: JSON.stringify(events),
  });
  expect(answer.status).toBe(202);

  const seen: Metric[] = [];
  const latest = (name: string): number | undefined =>
    seen.findLast((metric) => metric.name === `aggregator.${name}`)?.value;
  for (let after = ""; latest("rows_written") !== 2; ) {
    const read = await fetch(`${url}/vabus/metrics?after=${after}&wait=5`);
    expect([200, 204]).toContain(read.status);
    after = read.headers.get("VaBus-Cursor")!;
    const lines = (await read.text()).split("\n").filter((line) => line !== "");
    for (const line of lines) seen.push(JSON.parse(line) as Metric); // looked at below
  }
  expect(latest("events_received")).toBe(4);
  expect(latest("aggregated_events_count")).toBe(3);
  expect(latest("failed_events_count")).toBe(1);
  expect(latest("windows_fired")).toBe(1);
  expect(latest("sink_errors")).toBe(0);
  expect(latest("outbox_depth")).toBe(0);
  expect(seen.some(({ name }) => name === "aggregator.processing_time.p99")).toBe(true);

  expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
  const now = Date.now() / 1000;
  for (const { name, timestamp } of seen) {
    expect(name).toStartWith("aggregator.");
    expect(timestamp).toBeWithin(beginsAt - 60, now + 1);
  }
  const uptimes = seen.filter(({ name }) => name === "aggregator.uptime");
  expect(uptimes.length).toBeGreaterThan(5); // ten a second, over more than a second
  for (const [i, { value }] of uptimes.entries()) {
    if (i > 0) expect(value).toBeGreaterThan(uptimes[i - 1]!.value);
  }
  const { code, stderr } = await running.stop();
  expect(code).toBe(0);
  expect(stderr).not.toContain("ERR");
}, 60_000);
