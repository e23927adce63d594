import { expect, test } from "bun:test";
import { Receiver } from "../alerts/receiver.ts";
import { installExecutable } from "../support/executable.ts";
import { configure, getJson, startService } from "../support/service.ts";

// A bus that threw events away before the service read them: whoever is to know hears of it, unasked.

const RUN_MS = 60_000;

const event = (timestamp: number): string =>
  `${JSON.stringify({ name: "a", value: 1, timestamp })}\n`;

/** A bus that no longer holds what came behind the first event, and answers `gone`. */
function forgetfulBus(gone: object) {
  const batch = (body: string, cursor: string): Response =>
    new Response(body, {
      headers: { "content-type": "application/x-ndjson", "vabus-cursor": cursor },
    });
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const after = new URL(request.url).searchParams.get("after");
      if (after === null) return batch(event(1_700_000_000), "1");
      if (after === "1")
        return Response.json({ error: "gone", oldest: "9", ...gone }, { status: 410 });
      if (after === "9") return batch(event(1_700_000_130), "10");
      await Bun.sleep(100);
      return batch("", after);
    },
  });
}

for (const [what, gone, value] of [
  ["says how many it threw away", { lost: 8 }, 8],
  ["does not say how many it threw away", {}, 1],
] as const) {
  test(
    `a bus that ${what} raises an alert without a word of configuration`,
    async () => {
      await using aggregator = await installExecutable();
      await using receiver = new Receiver();
      const bus = forgetfulBus(gone);
      await configure(
        aggregator,
        `import { defineConfig, env, vabus, webhook } from "aggregator";
         export default defineConfig({
           source: vabus({ url: env("BUS") }),
           notifiers: { hook: webhook({ url: env("HOOK"), groupWait: "0s" }) },
         });`,
      );
      const { running, url } = await startService(aggregator, {
        PORT: "0",
        BUS: `http://127.0.0.1:${bus.port}`,
        HOOK: receiver.url,
      });
      await receiver.count(1);
      expect(receiver.alerts[0]).toMatchObject({ name: "events_lost", state: "firing", value });
      const { ledger } = await getJson<{ ledger: { gaps: number } }>(`${url}/status`);
      expect(ledger.gaps).toBe(value);
      await running.stop();
      await bus.stop(true);
    },
    RUN_MS,
  );
}
