import { expect, test } from "bun:test";
import { Receiver } from "../alerts/receiver.ts";
import { installExecutable } from "../support/executable.ts";
import { configure, getJson, publish, startService, until } from "../support/service.ts";

// The executable: an alert on rows, over reloads that change its words, its meaning, and the whole of it.

const RUN_MS = 60_000;

interface Report {
  readonly alerts: readonly {
    readonly name: string;
    readonly since: number;
    readonly summary: string;
  }[];
  readonly resolved: readonly { readonly name: string }[];
}

const configOf = (alert: string): string => `
  import { defineConfig, env, max, rowValue, tumbling, webhook } from "aggregator";
  export default defineConfig({
    rules: { per_minute: { window: tumbling("60s"), aggregate: { max: max() } } },
    time: { idleTimeout: "off" },
    notifiers: { hook: webhook({ url: env("HOOK"), groupWait: "0s" }) },
    alerts: { ${alert} },
  });`;

const hot = (more: string): string =>
  `hot: { when: rowValue({ rule: "per_minute", name: "pump", above: 90 }), ${more} }`;

test(
  "an alert on rows goes on over a reload that leaves its meaning, and ends with one that does not",
  async () => {
    await using aggregator = await installExecutable();
    await using receiver = new Receiver();
    await configure(aggregator, configOf(hot('summary: "{labels.name} is {value}"')));
    const { running, url } = await startService(aggregator, { PORT: "0", HOOK: receiver.url });
    const report = (): Promise<Report> => getJson<Report>(`${url}/alerts`);
    const reload = async (alert: string): Promise<string> => {
      await configure(aggregator, configOf(alert));
      const answer = await fetch(`${url}/control/reload`, { method: "POST" });
      expect(answer.status).toBe(200);
      return await answer.text();
    };
    await publish(url, [
      { name: "pump", value: 95, timestamp: 1_700_000_050, labels: { host: "a" } },
      { name: "pump", value: 1, timestamp: 1_700_000_130, labels: { host: "a" } },
    ]);
    await receiver.count(1);
    expect(receiver.received[0]!.body).toMatchObject({
      alerts: [{ name: "hot", state: "firing", summary: "pump is 95", value: 95 }],
    });
    const [fires] = (await report()).alerts;
    // The end of its window.
    expect(fires).toMatchObject({ name: "hot", since: 1_700_000_100 });
    expect(await reload(hot('summary: "Pump: {value}"'))).toContain("alerts.hot as it was");
    expect((await report()).alerts).toMatchObject([{ since: 1_700_000_100, summary: "Pump: 95" }]);
    expect(receiver.received).toHaveLength(1);
    expect(await reload(hot('for: "1h"'))).toContain("alerts.hot as it was");
    await receiver.count(2);
    expect(receiver.received[1]!.body).toMatchObject({
      alerts: [{ name: "hot", state: "resolved" }],
    });
    const after = await until(report, ({ resolved }) => resolved.length > 0);
    expect(after.alerts).toEqual([]);
    // What is wrong changes nothing, and says the nearest spelling.
    await configure(aggregator, configOf(hot('notify: ["hok"]')));
    const wrong = await fetch(`${url}/control/reload`, { method: "POST" });
    expect(wrong.status).toBe(422);
    expect(await wrong.text()).toContain('did you mean \\"hook\\"?');
    expect((await running.stop()).code).toBe(0);
  },
  RUN_MS,
);
