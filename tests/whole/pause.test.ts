import { expect, test } from "bun:test";
import { installExecutable } from "../support/executable.ts";
import { configure, getJson, publish, startService, until } from "../support/service.ts";

const CONFIG = `
import { defineConfig } from "aggregator";

export default defineConfig({ status: { port: 0 } });
`;

test("what an operator paused stays so over a restart, until it is resumed", async () => {
  await using aggregator = await installExecutable();
  await configure(aggregator, CONFIG);
  const first = await startService(aggregator);
  const paused = await fetch(`${first.url}/control/pause`, { method: "POST" });
  expect(paused.status).toBe(200);
  expect(await getJson(`${first.url}/status`)).toMatchObject({ state: "paused" });
  await first.running.stop();

  const { running, url } = await startService(aggregator);
  const status = await getJson(`${url}/status`);
  expect(status).toMatchObject({ state: "paused", paused_since: expect.any(Number) });
  // The bus takes events, and the operator gets through.
  expect(await getJson(`${url}/readyz`)).toEqual({
    ready: true,
    reasons: [expect.stringMatching(/^pipeline: paused by an operator since 2\d{3}-/)],
  });
  await publish(url, [{ name: "cpu", value: 1, timestamp: Math.floor(Date.now() / 1000) }]);
  expect(await getJson(`${url}/ledger`)).toMatchObject({ received: 0 });
  expect((await fetch(`${url}/control/resume`, { method: "POST" })).status).toBe(200);
  await until(
    () => getJson(`${url}/ledger`),
    ({ received }) => received === 1,
  );
  expect(await getJson(`${url}/status`)).toMatchObject({ state: "running" });
  expect((await running.stop()).stderr).toContain("nothing is read until POST /control/resume");
});
