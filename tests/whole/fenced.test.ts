import { expect, test } from "bun:test";
import { join } from "node:path";
import { Receiver } from "../alerts/receiver.ts";
import { installExecutable } from "../support/executable.ts";
import { configure, publish, startService, until } from "../support/service.ts";

// Two services that write as one pipeline: the older one stops, and says why before it does.

const RUN_MS = 60_000;

test(
  "a service whose sink was taken over tells so while it goes down",
  async () => {
    await using aggregator = await installExecutable();
    await using receiver = new Receiver();
    await configure(
      aggregator,
      `import { defineConfig, env, sqlite, webhook } from "aggregator";
       export default defineConfig({
         sinks: { rows: sqlite({ path: "rows.sqlite" }) },
         notifiers: { hook: webhook({ url: env("HOOK") }) },
         state: { dir: env("DIR") },
       });`,
    );
    const start = (dir: string) =>
      startService(aggregator, {
        PORT: "0",
        HOOK: receiver.url,
        DIR: join(aggregator.folder, dir),
      });
    const isReady = async (url: string): Promise<unknown> =>
      await until(
        () => fetch(`${url}/readyz`),
        ({ ok }) => ok,
      );
    const older = await start("older");
    await isReady(older.url);
    const newer = await start("newer");
    await isReady(newer.url);
    // Windows that close: it writes, and learns that it must not.
    await publish(older.url, [
      { name: "a", value: 1, timestamp: 1_700_000_000 },
      { name: "a", value: 1, timestamp: 1_700_000_600 },
    ]);
    const { code, stderr } = await older.running.finished;
    expect(code).not.toBe(0);
    expect(stderr).toContain("fenced");
    expect(receiver.alerts).toMatchObject([{ name: "sink_fenced", state: "firing" }]);
    await newer.running.stop();
  },
  RUN_MS,
);
