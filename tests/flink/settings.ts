import { join } from "node:path";
import { resolveConfig } from "../../src/config/resolve.ts";
import type { RuleEvent, Settings } from "../../src/core/settings.ts";
import {
  avg,
  count,
  eventFunction,
  first,
  hopping,
  quantile,
  session,
  stdout,
  tumbling,
} from "../../src/index.ts";

/** One rule of every kind, with one that cannot be said there. */
export function flinkSettings(): Settings {
  const dir = join(import.meta.dir);
  return resolveConfig(
    {
      name: "plant-7",
      rules: {
        per_minute: { window: tumbling("60s"), aggregate: eventFunction() },
        offset: { window: tumbling("90s", { offset: "10s" }), aggregate: eventFunction() },
        latency: {
          match: { name: "http.*", labels: { env: ["pr?d", "[st]*"] } },
          groupBy: ["name", "labels.host"],
          window: hopping("5m", { every: "1m" }),
          aggregate: { p50: quantile(0.5), n: count(), mean: avg(), f: first() },
        },
        visits: { window: session("30s"), aggregate: { n: count() } },
        coded: {
          window: tumbling("60s"),
          aggregate: { n: count() },
          where: (event: RuleEvent) => event.value > 1,
        },
      },
      sinks: { out: stdout({}) },
    },
    { origin: "the test", dir, cwd: dir, env: {} },
  );
}
