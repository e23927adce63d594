/* oxlint-disable typescript/restrict-template-expressions -- env() is made for templates. */
/** What the editor must mark red, and what it must not. The compiler reads this; nothing runs it. */

import {
  count,
  defineConfig,
  env,
  eventFunction,
  file,
  kafka,
  postgres,
  sqlite,
  stdin,
  stdout,
  sum,
  tumbling,
} from "../../src/index.ts";

const window = tumbling("60s");
const aggregate = eventFunction();

defineConfig({});

// Every option, and the environment anywhere.
defineConfig({
  name: env("NAME", "plant-7"),
  source: file({ path: env("EVENTS"), follow: true }),
  rules: {
    all: { window: tumbling(env("SIZE"), { offset: "5m" }), aggregate: { n: count(), s: sum() } },
    one: { window, aggregate: sum(), allowedLateness: "1.5h", to: ["warehouse"], maxSeries: 10 },
    both: { window, aggregate, to: ["warehouse", "lines"] },
  },
  sinks: {
    warehouse: postgres({ url: `postgres://app:${env("PASSWORD")}@db/plant` }),
    lines: stdout(),
  },
  time: { outOfOrderness: "5s", idleTimeout: "off", maxFuture: "60s", timestampUnit: "ms" },
  status: { host: "::1", port: env("PORT", 8000), token: env("TOKEN") },
  dedupe: { for: "1h", maxIds: 10 },
  metrics: { every: "10s" },
  state: { dir: ".", key: env("KEY") },
  backup: {
    every: "1h",
    keep: 3,
    to: "s3://plant/backups",
    s3: { secretAccessKey: env("SECRET") },
  },
  bus: { maxBytes: 1_048_576, retention: "7d" },
});

// A sink that is not there.
defineConfig({
  // @ts-expect-error A misspelt sink.
  rules: { a: { window, aggregate, to: ["wharehouse"] } },
  sinks: { warehouse: stdout() },
});

// Without sinks there is one by the name of sqlite.
defineConfig({ rules: { a: { window, aggregate, to: ["sqlite"] } } });
// @ts-expect-error Not that one.
defineConfig({ rules: { a: { window, aggregate, to: ["stdout"] } } });

// @ts-expect-error A misspelt option.
defineConfig({ naem: "x" });
// @ts-expect-error A misspelt option of a part.
defineConfig({ status: { prot: 1 } });
// @ts-expect-error A misspelt option of a rule.
defineConfig({ rules: { a: { window, aggregate, allowedLatness: "1s" } } });
// @ts-expect-error A rule without a window.
defineConfig({ rules: { a: { aggregate } } });
// @ts-expect-error A number is no duration.
defineConfig({ time: { outOfOrderness: 5 } });
// @ts-expect-error The dedupe of ids cannot be turned off.
defineConfig({ dedupe: { for: "off" } });
// @ts-expect-error No unit.
tumbling("60");
// @ts-expect-error No such unit.
tumbling("5 minuts");
// @ts-expect-error A misspelt option of a window.
tumbling("60s", { ofset: "5s" });
// @ts-expect-error A function that was not called.
defineConfig({ rules: { a: { window, aggregate: sum } } });
// @ts-expect-error Each event's own function has no name of ours.
defineConfig({ rules: { a: { window, aggregate: { n: eventFunction() } } } });
// @ts-expect-error A sink is no source.
defineConfig({ source: stdout() });
// @ts-expect-error A source is no sink.
defineConfig({ sinks: { a: stdin() } });
// @ts-expect-error A file has a path.
file();
// One helper, two places: what both know may stand in both, the rest in its own.
const brokers = env("KAFKA_BOOTSTRAP_SERVERS");
const share = { index: env("SHARE", 0), count: 4 };
defineConfig({
  source: kafka({ brokers, topic: "events", group: "plant-7", share, from: "latest" }),
  sinks: {
    rows: kafka({ brokers, topic: "rows", partitions: 4 }),
    more: kafka({ brokers, topic: "more" }),
    last: kafka({
      brokers,
      sasl: { mechanism: "plain", username: "a", password: env("PASSWORD") },
    }),
  },
});
defineConfig({ source: kafka({ brokers: ["a:1", "b:2"], topic: "events" }) });
defineConfig({ source: kafka({ brokers, topic: ["events", "others"] }) });
// @ts-expect-error A source without a topic.
defineConfig({ source: kafka({ brokers }) });
// @ts-expect-error A sink has one topic.
defineConfig({ sinks: { a: kafka({ brokers, topic: ["events", "others"] }) } });
// @ts-expect-error Options of a source in the place of a sink.
defineConfig({ sinks: { a: kafka({ brokers, topic: "events", group: "plant-7" }) } });
// @ts-expect-error Options of a sink in the place of a source.
defineConfig({ source: kafka({ brokers, topic: "rows", compression: "gzip" }) });
// @ts-expect-error Options of both at once.
kafka({ brokers, topic: "rows", group: "plant-7", compression: "gzip" });
// @ts-expect-error A misspelt option of both.
kafka({ brokers, topik: "rows" });
// @ts-expect-error A share of one half.
kafka({ brokers, topic: "events", share: { index: 0 } });
// @ts-expect-error A misspelt option of a sink.
sqlite({ path: "x", tabel: "y" });
