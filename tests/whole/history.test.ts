import { expect, test } from "bun:test";
import type { HistoryPage } from "../../src/pipeline/view.ts";
import { installExecutable } from "../support/executable.ts";
import { configure, getJson, publish, startService, until } from "../support/service.ts";

const CONFIG = `
import { defineConfig, eventFunction, sqlite, stdout, tumbling } from "aggregator";

export default defineConfig({
  rules: {
    per_second: { window: tumbling("1s"), aggregate: eventFunction(), to: ["lines", "rows"] },
    told: { window: tumbling("1s"), aggregate: eventFunction(), to: ["lines"] },
  },
  sinks: { lines: stdout(), rows: sqlite({ path: "rows/aggregates.sqlite" }) },
  time: { outOfOrderness: "0s", idleTimeout: "1s" },
  status: { port: 0 },
});
`;

interface Status {
  readonly sinks: readonly { readonly name: string; readonly written: number }[];
}

const written = ({ sinks }: Status): number => sinks.find(({ name }) => name === "rows")!.written;

test("a series is read back from its sink, also after a restart, when the memory is empty", async () => {
  await using aggregator = await installExecutable();
  await configure(aggregator, CONFIG);
  const first = await startService(aggregator);
  const now = Math.floor(Date.now() / 1000);
  const event = { name: "cpu", labels: { host: "a" }, agg_func: "max" };
  await publish(first.url, [
    { ...event, value: 2.5, timestamp: now - 3 },
    { ...event, value: 7, timestamp: now - 2 },
    { ...event, value: 1, timestamp: now - 2, labels: { host: "b" } },
  ]);
  await until(
    () => getJson<Status>(`${first.url}/status`),
    (status) => written(status) === 2,
  );
  await first.running.stop();

  const { url } = await startService(aggregator);
  const query = new URLSearchParams({ rule: "per_second", name: "cpu", agg_func: "max" });
  // Without groupBy the labels are no part of the series.
  const page = await getJson<HistoryPage>(`${url}/history?${query}`);
  expect(await getJson(`${url}/results`)).toMatchObject({ rows: [] });
  expect(page).toMatchObject({
    sink: "rows",
    step_seconds: null,
    points: [
      { window_start: now - 3, max: 2.5, windows: 1 },
      { window_start: now - 2, max: 7, windows: 1 },
    ],
  });
  query.set("rule", "told");
  const refused = await fetch(`${url}/history?${query}`);
  expect(refused.status).toBe(409);
  expect(await refused.json()).toEqual({
    error:
      "Rows of rule told go to stdout alone, where they cannot be read again: " +
      "a chart goes back as far as the memory",
  });
});
