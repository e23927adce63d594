import { expect, test } from "bun:test";
import { Receiver } from "../alerts/receiver.ts";
import { describeWithPostgres } from "../services/postgres.ts";
import { installExecutable } from "../support/executable.ts";
import { configure, getJson, publish, startService, until } from "../support/service.ts";

// The executable: a store goes away and comes back, and whoever is to know hears of it.

const RUN_MS = 120_000;

interface Status {
  readonly alerts: readonly {
    readonly name: string;
    readonly state: string;
    readonly silenced: boolean;
  }[];
}

await describeWithPostgres("alerts of a service over PostgreSQL", (server) => {
  test(
    "a sink that goes away fires after a while, over a kill of the service, and is resolved when it is back",
    async () => {
      await using aggregator = await installExecutable();
      await using receiver = new Receiver();
      const url = await server.database();
      await configure(
        aggregator,
        `import { defineConfig, env, postgres, webhook } from "aggregator";
         export default defineConfig({
           sinks: { warehouse: postgres({ url: env("PG") }) },
           notifiers: { hook: webhook({ url: env("HOOK"), groupWait: "0s" }) },
           alerts: { sink_down: { for: "2s" } },
         });`,
      );
      const env = { PORT: "0", PG: url, HOOK: receiver.url };
      const first = await startService(aggregator, env);
      await until(
        () => fetch(`${first.url}/readyz`),
        ({ ok }) => ok,
      );
      await server.kill9();
      // It is noticed when something is to be written.
      await publish(first.url, [
        { name: "a", value: 1, timestamp: 1_700_000_000 },
        { name: "a", value: 1, timestamp: 1_700_000_600 },
      ]);
      const statusOf = (base: string) => () => getJson<Status>(`${base}/status`);
      const pending = await until(statusOf(first.url), ({ alerts }) => alerts.length > 0);
      expect(pending.alerts[0]).toMatchObject({ name: "sink_down" });
      await receiver.count(1);
      expect(receiver.alerts).toMatchObject([
        { name: "sink_down", state: "firing", labels: { sink: "warehouse" } },
      ]);
      const text = await (await fetch(`${first.url}/metrics`)).text();
      expect(text).toContain('aggregator_alerts{alert="sink_down",state="firing"} 1');
      // A moment later what was told is written down, too.
      await until(
        () => getJson<{ notifiers: { waiting: number }[] }>(`${first.url}/alerts`),
        ({ notifiers }) => notifiers[0]!.waiting === 0,
      );
      const silence = { name: "sink_down", for: "1h", comment: "upgrade" };
      const answer = await fetch(`${first.url}/alerts/silence`, {
        method: "POST",
        body: JSON.stringify(silence),
      });
      expect(answer.status).toBe(200);
      await first.running.stop("SIGKILL");
      const second = await startService(aggregator, env);
      const still = await until(statusOf(second.url), ({ alerts }) => alerts.length > 0);
      expect(still.alerts).toMatchObject([{ name: "sink_down", state: "firing", silenced: true }]);
      await server.restart();
      await receiver.count(2);
      expect(receiver.alerts.at(-1)).toMatchObject({ name: "sink_down", state: "resolved" });
      expect(receiver.alerts.filter(({ state }) => state === "firing")).toHaveLength(1);
      const listed = await aggregator.run(["alerts", "list", second.url, "--json"]);
      expect(JSON.parse(listed.stdout)).toMatchObject({
        alerts: [],
        resolved: [{ name: "sink_down", labels: { sink: "warehouse" } }],
        silences: [{ comment: "upgrade" }],
      });
      const ended = await aggregator.run([
        "alerts",
        "unsilence",
        second.url,
        "--name",
        "sink_down",
      ]);
      expect(ended.stdout.trim()).toBe("1 ended");
      expect((await second.running.stop("SIGTERM")).code).toBe(0);
    },
    RUN_MS,
  );
});
