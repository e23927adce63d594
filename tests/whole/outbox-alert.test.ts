import { expect, test } from "bun:test";
import { Receiver } from "../alerts/receiver.ts";
import { freePorts } from "../services/service.ts";
import { installExecutable } from "../support/executable.ts";
import { configure, publish, startService } from "../support/service.ts";

// A store that is away for so long that the rows that wait for it fill their place.

const RUN_MS = 60_000;

test(
  "an outbox that fills is told of before reading stops",
  async () => {
    await using aggregator = await installExecutable();
    await using receiver = new Receiver();
    await configure(
      aggregator,
      `import { defineConfig, env, postgres, webhook } from "aggregator";
       export default defineConfig({
         sinks: { warehouse: postgres({ url: env("PG") }) },
         state: { maxOutboxBytes: 65_536 },
         notifiers: { hook: webhook({ url: env("HOOK"), groupWait: "0s" }) },
         alerts: { outbox_filling: { for: "0s" } },
       });`,
    );
    // Nobody listens there.
    const [port] = await freePorts(1);
    const { running, url } = await startService(aggregator, {
      PORT: "0",
      PG: `postgres://nobody@127.0.0.1:${port}/none`,
      HOOK: receiver.url,
    });
    for (let minute = 0; !receiver.alerts.some(({ name }) => name === "outbox_filling"); minute++) {
      const timestamp = 1_700_000_000 + minute * 60;
      const events = Array.from({ length: 100 }, (_, i) => ({
        name: `a${i}`,
        value: 1,
        timestamp,
      }));
      await publish(url, events);
      await Bun.sleep(0);
    }
    expect(receiver.alerts.find(({ name }) => name === "outbox_filling")).toMatchObject({
      labels: { sink: "warehouse" },
    });
    await running.stop("SIGKILL");
  },
  RUN_MS,
);
