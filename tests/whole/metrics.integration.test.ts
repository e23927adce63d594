import { expect, test } from "bun:test";
import { join } from "node:path";
import { METRICS } from "../../src/pipeline/metrics/catalog.ts";
import { pythonWith } from "../bench/peers/peer.ts";
import { describeWithPrometheus } from "../services/prometheus.ts";
import { installExecutable } from "../support/executable.ts";
import { queriesOfDashboard } from "../support/grafana.ts";
import { configure, getJson, publish, startService, until } from "../support/service.ts";

// The executable with every part that tells metrics, scraped by Prometheus.

const RUN_MS = 120_000;

const ROOT = join(import.meta.dir, "../..");
const RULES = join(ROOT, "docs/grafana/rules.yml");

const CONFIG = `
import { defineConfig, eventFunction, sqlite, stdout, tumbling, webhook } from "aggregator";

export default defineConfig({
  name: "plant-7",
  rules: { per_second: { window: tumbling("1s"), aggregate: eventFunction() } },
  sinks: { rows: sqlite({ path: "rows.sqlite" }), screen: stdout() },
  time: { outOfOrderness: "0s", idleTimeout: "1s" },
  backup: { every: "1m", to: "backups" },
  notifiers: { hook: webhook({ url: "http://127.0.0.1:1/" }) },
  metrics: { every: "1s", otlp: { url: "http://127.0.0.1:1", every: "1s" } },
  status: { port: 0 },
});
`;

/** Panels of what does not happen in this run, or only above nothing. */
const EMPTY = /> 0$/;

const READ_STRICTLY = `
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    print(family.name)
`;

/** The names of the families. @throws {Error} It is no OpenMetrics. */
async function strictlyRead(text: string): Promise<string[]> {
  const python = await pythonWith("prometheus_client", "0.26.0");
  const { exitCode, stdout, stderr } = Bun.spawnSync([python, "-c", READ_STRICTLY], {
    stdin: new TextEncoder().encode(text),
  });
  if (exitCode !== 0) throw new Error(stderr.toString());
  return stdout.toString().trim().split("\n");
}

interface RuleGroups {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly name: string;
      readonly health: string;
      lastError?: string;
    }[];
  }[];
}

interface Targets {
  readonly activeTargets: readonly { readonly health: string; readonly lastError: string }[];
}

await describeWithPrometheus("the metrics of a live service", ({ promtool, start }) => {
  test(
    "follow the conventions, are all there, and answer every query of the dashboard and the rules",
    async () => {
      await using aggregator = await installExecutable();
      await configure(aggregator, CONFIG);
      const { running, url } = await startService(aggregator);
      const prometheus = await start(url, RULES);
      const event = (name: string, more: object = {}): object => {
        return { name, value: 1, timestamp: Date.now() / 1000, ...more };
      };
      // Some of each kind, until the windows of the first ones are in both sinks, and after.
      await until(
        async () => {
          await publish(url, [
            event("cpu"),
            event("mem"),
            event("old", { timestamp: Date.now() / 1000 - 3600 }),
            event("ahead", { timestamp: Date.now() / 1000 + 86_400 }),
            event("", {}),
          ]);
          return prometheus.query('min(aggregator_rows_written_total{sink=~"rows|screen"}) > 4');
        },
        (result) => result.length > 0,
      );

      // A rate is one of two scrapes at least.
      await until(
        () => prometheus.query("count_over_time(aggregator_problems[1m]) > 3"),
        (result) => result.length > 0,
      );

      const text = await (await fetch(`${url}/metrics`)).text();
      expect(await promtool(["check", "metrics"], text)).toEqual({ code: 0, text: "" });
      const told = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
      expect(Object.keys(METRICS).filter((name) => !told.has(name))).toEqual([]);
      expect([...told].filter((name) => !Object.hasOwn(METRICS, name!))).toEqual([]);

      // The parser of the specification takes nothing that is not OpenMetrics.
      const accept = "application/openmetrics-text; version=1.0.0";
      const open = await (await fetch(`${url}/metrics`, { headers: { accept } })).text();
      const names = await strictlyRead(open);
      expect(names.toSorted()).toEqual(
        Object.keys(METRICS)
          .map((name) => name.replace(/_total$/, ""))
          .toSorted(),
      );

      // Prometheus reads it, as OpenMetrics, and evaluates every rule.
      // A scrape may be too slow while the machine does other things.
      const { activeTargets } = await until(
        () => prometheus.get<Targets>("/targets"),
        (all) => all.activeTargets.some(({ health }) => health === "up"),
      );
      expect(activeTargets).toHaveLength(1);
      const { groups } = await until(
        () => prometheus.get<RuleGroups>("/rules"),
        (all) =>
          all.groups.flatMap(({ rules }) => rules).every(({ health }) => health !== "unknown"),
      );
      const failed = groups.flatMap(({ rules }) => rules).filter(({ health }) => health !== "ok");
      expect(failed).toEqual([]);

      const empty: string[] = [];
      for (const { title, expr } of queriesOfDashboard()) {
        const asked = expr.replaceAll("$__rate_interval", "30s").replaceAll("$instance", ".*");
        const result = await prometheus.query(asked);
        if (result.length === 0 && !EMPTY.test(expr)) empty.push(`${title}: ${asked}`);
      }
      expect(empty).toEqual([]);

      // What Prometheus has is what the service says.
      const ledger = await getJson<Record<string, number>>(`${url}/ledger`);
      const late = await until(
        () => prometheus.query('aggregator_events_total{outcome="late"}'),
        ([sample]) => Number(sample?.value[1]) >= ledger["late"]!,
      );
      expect(Number(late[0]!.value[1])).toBeGreaterThan(0);
      await prometheus.stop();
      expect((await running.stop()).code).toBe(0);
    },
    RUN_MS,
  );

  test("the alert rules are right, and fire when they should", async () => {
    const check = await promtool(["check", "rules", "--lint=all", "--lint-fatal", RULES]);
    expect(check).toMatchObject({ code: 0, text: expect.stringContaining("SUCCESS") });
    const cases = join(ROOT, "tests/grafana/rules-cases.yml");
    expect(await promtool(["test", "rules", cases])).toMatchObject({
      code: 0,
      text: expect.stringContaining("SUCCESS"),
    });
  });
});
