import { expect, test } from "bun:test";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { installExecutable } from "../support/executable.ts";
import { configure, startService } from "../support/service.ts";

const EVENTS_A_POST = 1_000;

const CONFIG = `
import { defineConfig, eventFunction, sqlite, tumbling } from "aggregator";

export default defineConfig({
  rules: { per_second: { window: tumbling("1s"), aggregate: eventFunction() } },
  sinks: { rows: sqlite({ path: "aggregates.sqlite" }) },
  time: { outOfOrderness: "0s", idleTimeout: "1s" },
  bus: { maxBytes: 1_048_576 },
  state: { maxOutboxBytes: 65_536 },
  status: { port: 0 },
});
`;

interface Status {
  readonly sinks: readonly { readonly outbox: number; readonly connected: boolean }[];
  readonly source: { readonly problem?: string };
}

test("a dead sink slows the producers down in the end, and nothing accepted is lost", async () => {
  await using aggregator = await installExecutable();
  await configure(aggregator, CONFIG);
  const path = join(aggregator.folder, "aggregates.sqlite");
  // Whoever else writes to the file keeps the sink out of it.
  using blocker = new DatabaseSync(path);
  blocker.exec("pragma journal_mode = wal; begin immediate");
  const { running, url } = await startService(aggregator);

  const beginsAt = Math.floor(Date.now() / 1000) - 3_600;
  const sumOf = (post: number): number => post * EVENTS_A_POST;
  const publish = (post: number): Promise<Response> => {
    // A second for each post: the next one fires its windows.
    const lines = Array.from({ length: EVENTS_A_POST }, (_, i) =>
      JSON.stringify({ name: `n${i % 250}`, value: post, timestamp: beginsAt + post }),
    );
    return fetch(`${url}/vabus/events`, { method: "POST", body: lines.join("\n") });
  };

  let accepted = 0;
  let refused: Response | undefined;
  while (refused === undefined) {
    expect(accepted).toBeLessThan(100); // 6 MB: more than the bus may hold
    const answer = await publish(accepted);
    if (answer.status === 202) accepted++;
    else refused = answer;
  }
  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get("Retry-After"))).toBeWithin(1, 61);
  expect(await refused.json()).toMatchObject({ error: expect.stringContaining("is full") });

  const readiness = await fetch(`${url}/readyz`);
  expect(readiness.status).toBe(503);
  expect(await readiness.json()).toMatchObject({
    ready: false,
    reasons: expect.arrayContaining(["outbox: full, reading waits until a sink has taken some"]),
  });
  const status = (await (await fetch(`${url}/status`)).json()) as Status; // looked at below
  expect(status.sinks[0]!.connected).toBe(false);
  expect(status.sinks[0]!.outbox).toBeGreaterThan(200);
  expect(status.source.problem).toStartWith("outbox: full");

  blocker.exec("rollback");
  // The producer does what it was asked to: it comes again with the same events, until they are taken.
  for (let isTaken = false; !isTaken; ) {
    const again = await publish(accepted);
    isTaken = again.status === 202;
    if (!isTaken) await Bun.sleep(200);
  }
  accepted++;
  const countOf = (): { events: number; sum: number } => {
    const row = blocker.prepare("select sum(count) as n, sum(value) as s from aggregates").get();
    return { events: Number(row?.["n"]), sum: Number(row?.["s"]) };
  };
  // The idle rule closes the last window.
  while (countOf().events < accepted * EVENTS_A_POST) await Bun.sleep(100);
  let sum = 0;
  for (let post = 0; post < accepted; post++) sum += sumOf(post);
  expect(countOf()).toEqual({ events: accepted * EVENTS_A_POST, sum });
  expect(await (await fetch(`${url}/ledger`)).json()).toMatchObject({
    received: accepted * EVENTS_A_POST,
    aggregated: accepted * EVENTS_A_POST,
    balanced: true,
  });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const { code } = await running.stop();
  expect(code).toBe(0);
}, 60_000);
