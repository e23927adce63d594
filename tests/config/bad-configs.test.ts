/* oxlint-disable typescript/restrict-template-expressions -- env() is made for templates. */
import { describe, expect, test } from "bun:test";
import { functionDefinitions } from "../../src/aggregations/list.ts";
import { resolveConfig } from "../../src/config/resolve.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { env, eventFunction, file, kafka, sqlite, stdout, sum, tumbling } from "../../src/index.ts";
import { sinks } from "../../src/sinks/list.ts";
import { sources } from "../../src/sources/list.ts";

const rule = { window: tumbling("60s"), aggregate: eventFunction() };
const callsOf = (list: readonly { readonly name: string }[]) =>
  list.map(({ name }) => `${name}()`).join(", ");
const functions = callsOf([...functionDefinitions, { name: "customFunction" }]);

interface BadConfig {
  readonly name: string;
  readonly config: unknown;
  readonly env?: Readonly<Record<string, string>>;
  readonly says: readonly string[];
}

const BAD: readonly BadConfig[] = [
  {
    name: "no object",
    config: "plant-7",
    says: ['Configuration must be an object, not "plant-7"'],
  },
  {
    name: "a list",
    config: [],
    says: ["Configuration must be an object, not a list"],
  },
  {
    name: "a misspelt option, and one that is like none",
    config: { naem: "x", plugins: [] },
    says: [
      'naem: is no option, did you mean "name"?',
      "plugins: is no option, must be one of name, source, rules, functions, sinks, alerts, notifiers, time, dedupe, status, metrics, log, state, bus, backup",
    ],
  },
  {
    name: "a name that is none",
    config: { name: "plant 7" },
    says: [
      'name: "plant 7": must be letters, digits, _, - and ., begin with a letter or digit and have at most 64 characters',
    ],
  },
  {
    name: "a duration with a unit of its own",
    config: { rules: { latency: { ...rule, window: tumbling("5 minuts" as "5m") } } },
    says: [
      'rules.latency.window: "5 minuts": unit must be one of us, ms, s, m, h, d, did you mean "5m"?',
    ],
  },
  {
    name: "durations of many kinds",
    config: {
      time: { outOfOrderness: 5, idleTimeout: "of", maxFuture: "-1s" },
      dedupe: { for: "1,5h" },
      metrics: { every: "10" },
      bus: { retention: "soon" },
    },
    says: [
      'time.outOfOrderness: 5: must be a duration with its unit, such as "60s", did you mean "5s"?',
      'time.idleTimeout: "of": must be a duration such as "60s", or "off", did you mean "off"?',
      'time.maxFuture: "-1s": must not be negative, or "off"',
      'dedupe.for: "1,5h": must be written as "1.5h"',
      'metrics.every: "10": unit must be one of us, ms, s, m, h, d, did you mean "10s"?',
      'bus.retention: "soon": must be a duration such as "60s"',
    ],
  },
  {
    name: "durations out of their bounds",
    config: {
      rules: { a: { ...rule, window: tumbling("401d") }, b: { ...rule, window: tumbling("0s") } },
      metrics: { every: "1ms" },
      time: { outOfOrderness: "0.5us" },
    },
    says: [
      'rules.a.window: "401d": must be at most 400d',
      'rules.b.window: "0s": must be at least 1us',
      'time.outOfOrderness: "0.5us": must be a whole number of microseconds',
      'metrics.every: "1ms": must be at least 100ms',
    ],
  },
  {
    name: "windows that are none",
    config: {
      rules: {
        a: { ...rule, window: "60s" },
        b: { ...rule, window: { kind: "tumblin", size: "60s" } },
        c: { ...rule, window: tumbling("60s", { offset: "60s" }) },
        d: { ...rule, window: tumbling("60s", { ofset: "1s" } as object) },
        e: { aggregate: eventFunction() },
        f: {},
        g: 7,
      },
    },
    says: [
      'rules.a.window: "60s": must be a window such as tumbling("60s")',
      'rules.b.window: kind "tumblin" must be a window such as tumbling("60s"), did you mean "tumbling"?',
      "rules.c.window.offset: must be less than the size of the window",
      'rules.d.window.ofset: is no option, did you mean "offset"?',
      'rules.e.window: is missing, must be a window such as tumbling("60s")',
      'rules.f.window: is missing, must be a window such as tumbling("60s")',
      "rules.g: 7: must be an object",
      `rules.f.aggregate: is missing, must be a function, one of ${functions}`,
    ],
  },
  {
    name: "functions that are none",
    config: {
      rules: {
        a: { ...rule, aggregate: "sums" },
        b: { ...rule, aggregate: sum },
        c: { ...rule, aggregate: { n: eventFunction(), kind: sum() } },
        d: { ...rule, aggregate: {} },
        e: { ...rule, aggregate: { "": sum(), p99: { kind: "function", name: "p99" } } },
      },
    },
    says: [
      `rules.a.aggregate: "sums": must be a function, one of ${functions}, did you mean "sum"?`,
      "rules.b.aggregate: sum: must be called, as in sum()",
      "rules.c.aggregate.n: must stand alone: eventFunction() is no function of a name",
      "rules.d.aggregate: must have at least one function",
      'rules.e.aggregate[""]: name of a function must be letters, digits, _, - and ., begin with a letter and have at most 64 characters',
      `rules.e.aggregate.p99: must be a function, one of ${functions}`,
    ],
  },
  {
    name: "names of things that are none",
    config: JSON.parse(
      '{"rules":{"__proto__":{},"7":{},"constructor":{}},"sinks":["sqlite"]}',
    ) as unknown,
    says: [
      'rules["7"]: name of a rule must be letters, digits, _, - and ., begin with a letter and have at most 64 characters',
      'rules["7"].window: is missing, must be a window such as tumbling("60s")',
      "rules.__proto__: name of a rule must be letters, digits, _, - and ., begin with a letter and have at most 64 characters",
      'rules.__proto__.window: is missing, must be a window such as tumbling("60s")',
      "rules.constructor: is reserved and cannot name a rule",
      'rules.constructor.window: is missing, must be a window such as tumbling("60s")',
      "sinks: must be an object of sinks by their names",
      `rules["7"].aggregate: is missing, must be a function, one of ${functions}`,
      `rules.__proto__.aggregate: is missing, must be a function, one of ${functions}`,
      `rules.constructor.aggregate: is missing, must be a function, one of ${functions}`,
    ],
  },
  {
    name: "nothing to do",
    config: { rules: {}, sinks: {} },
    says: ["rules: must have at least one rule", "sinks: must have at least one sink"],
  },
  {
    name: "sinks that nobody knows",
    config: {
      sinks: { warehouse: stdout() },
      rules: {
        a: { ...rule, to: ["wharehouse", "warehouse", "warehouse"] },
        b: { ...rule, to: [], windw: 1 },
        c: { ...rule, to: "warehouse" },
      },
    },
    says: [
      "rules.b.to: must not be empty",
      'rules.b.windw: is no option, did you mean "window"?',
      'rules.c.to: "warehouse": must be a list',
      'rules.a.to[0]: "wharehouse": must be one of the sinks warehouse, did you mean "warehouse"?',
      'rules.a.to[2]: "warehouse": is named twice',
    ],
  },
  {
    name: "the name of a sink where none is configured",
    config: { rules: { a: { ...rule, to: ["stdout"] } } },
    says: ['rules.a.to[0]: "stdout": must be one of the sinks sqlite'],
  },
  {
    name: "components of unknown kinds, and none at all",
    config: {
      source: { kind: "fiel", path: "x" },
      sinks: { a: { kind: "sqllite" }, b: "sqlite", c: file({ path: "x" }) },
    },
    says: [
      `source: kind "fiel" must be a source, one of ${callsOf(sources)}, did you mean "file"?`,
      `sinks.a: kind "sqllite" must be a sink, one of ${callsOf(sinks)}, did you mean "sqlite"?`,
      `sinks.b: "sqlite": must be a sink, one of ${callsOf(sinks)}`,
      `sinks.c: kind "file" must be a sink, one of ${callsOf(sinks)}`,
    ],
  },
  {
    name: "options of components",
    config: {
      source: { kind: "file", path: "", folow: true, follow: "yes" },
      sinks: { a: { kind: "sqlite", path: 7, tabel: "x" } },
    },
    says: [
      'source.path: "": must not be empty',
      'source.follow: "yes": must be true or false',
      'source.folow: is no option, did you mean "follow"?',
      "sinks.a.path: 7: must be a text",
      'sinks.a.tabel: is no option, did you mean "table"?',
    ],
  },
  {
    name: "numbers out of their bounds",
    config: {
      rules: { a: { ...rule, maxSeries: 0 } },
      dedupe: { maxIds: 1.5 },
      status: { port: 65_536 },
      bus: { maxBytes: "1GB" },
    },
    says: [
      "rules.a.maxSeries: 0: must be at least 1",
      "dedupe.maxIds: 1.5: must be a whole number",
      "status.port: 65536: must be at most 65535",
      'bus.maxBytes: "1GB": must be a number',
    ],
  },
  {
    name: "times",
    config: {
      time: {
        timestampUnit: "sec",
        minTimestamp: "2024-03-01T00:00:00",
        maxTimestamp: "yesterday",
      },
    },
    says: [
      'time.timestampUnit: "sec": must be one of "s", "ms", "us", "ns"',
      'time.minTimestamp: "2024-03-01T00:00:00": must end with its zone, such as Z or +03:00',
      'time.maxTimestamp: "yesterday": must be unix seconds, or a time such as "2024-03-01T00:00:00Z"',
    ],
  },
  {
    name: "options of Kafka in the wrong place: one helper serves two",
    config: {
      source: kafka({ brokers: "a:1", topic: "rows", compression: "gzip" }),
      sinks: { a: kafka({ brokers: "a:1", topic: "events", group: "plant-7" }) },
      time: { maxPartitionSkew: "0s" },
    },
    says: [
      "source.compression: is no option, must be one of brokers, tls, ca, cert, key, sasl, topic, group, share, from, isolation, fetchBytes",
      "sinks.a.group: is no option, must be one of brokers, tls, ca, cert, key, sasl, topic, create, partitions, replication, topicConfig, compression",
      'time.maxPartitionSkew: "0s": must be at least 1s, or "off"',
    ],
  },
  {
    name: "a share that there is not, and topics that cannot be",
    config: {
      source: {
        kind: "kafka",
        brokers: ["a:1"],
        topic: ["events", "a b"],
        share: { index: 2, count: 2 },
        from: "latst",
      },
    },
    says: [
      'source.topic[1]: "a b": must be 1 to 249 letters, digits, dots, dashes or underscores',
      "source.share: must have an index less than the count",
      'source.from: "latst": must be "earliest" or "latest", did you mean "latest"?',
    ],
  },
  {
    name: "a source of Kafka without a topic",
    config: { source: { kind: "kafka", brokers: "a:1" } },
    says: ["source.topic: is missing, must be a text or a list"],
  },
  {
    name: "a range of times that holds none",
    config: { time: { minTimestamp: "2024-03-02", maxTimestamp: 1_709_251_200 } },
    says: ["time.minTimestamp: must be before maxTimestamp"],
  },
  {
    name: "more windows than a rule can hold",
    config: {
      rules: { a: { ...rule, window: tumbling("1ms"), allowedLateness: "1d" } },
      status: { port: -1 },
    },
    says: [
      "status.port: -1: must be at least 0",
      "rules.a.window: windows of 1ms are too short: allowedLateness and time.outOfOrderness hold 86405s, more than 65536 of them, must be at least 2s",
    ],
  },
  {
    name: "variables that are not set",
    config: {
      sinks: { a: sqlite({ path: env("DB_PATH") }) },
      source: file({ path: `data/${env("DAY")}.ndjson` }),
      name: env("NAME"),
    },
    env: { NAME: "" },
    says: [
      "sinks.a.path: environment variable DB_PATH is not set",
      "source.path: environment variable DAY is not set",
      "name: environment variable NAME is empty",
    ],
  },
  {
    name: "values of variables, which are shown to nobody",
    config: {
      name: env("NAME"),
      status: { port: env("STATUS_PORT"), host: `${env("NAME")}` },
      rules: { a: { ...rule, to: [env("SINK")] } },
    },
    env: { NAME: "a secret", STATUS_PORT: "8O8O", SINK: "hunter2" },
    says: [
      "name: ***: must be letters, digits, _, - and ., begin with a letter or digit and have at most 64 characters",
      "status.port: ***: must be a number",
      "rules.a.to[0]: ***: must be one of the sinks sqlite",
    ],
  },
  {
    name: "secrets in the file itself, which are shown to nobody either",
    config: { status: { token: "my secret" }, source: { kind: "file", token: "other secret" } },
    says: [
      "source.path: is missing, must be a text",
      "source.token: is no option, must be one of path, follow",
      "status.token: ***: must be printable ASCII without spaces, and not empty",
    ],
  },
];

describe("resolveConfig() refuses", () => {
  test.each(BAD.map((bad) => [bad.name, bad] as const))("%s", (_, bad) => {
    expect(messagesOf(bad)).toEqual([...bad.says]);
  });
});

function messagesOf({ config, env: variables = {} }: BadConfig): string[] {
  try {
    resolveConfig(config, { origin: "test", dir: "/srv/plant", env: variables });
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.message.split("\n");
    throw thrown;
  }
  return [];
}
