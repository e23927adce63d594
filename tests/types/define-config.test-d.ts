/* oxlint-disable typescript/restrict-template-expressions -- env() is made for templates. */
/** What the editor must mark red, and what it must not. The compiler reads this; nothing runs it. */

import {
  calendar,
  count,
  customFunction,
  defineConfig,
  delta,
  distinct,
  env,
  eventFunction,
  ewma,
  file,
  first,
  histogram,
  hopping,
  kafka,
  last,
  median,
  postgres,
  quantile,
  range,
  rate,
  session,
  sqlite,
  stddev,
  stddevPop,
  stdin,
  stdout,
  sum,
  tumbling,
  variance,
  variancePop,
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

// Every window, every function, every option of a rule.
const spread = customFunction({
  init: () => ({ least: Infinity, most: -Infinity, seen: [] as number[] }),
  add: (state, value, time) => ({ ...state, least: Math.min(state.least, value, time) }),
  merge: (a, b) => ({ ...a, most: Math.max(a.most, b.most), seen: [...a.seen, ...b.seen] }),
  result: ({ least, most }, { count: events, start, end }) =>
    events > 1 && end > start ? most - least : null,
});
defineConfig({
  rules: {
    hop: { window: hopping("5m", { every: "1m", offset: env("OFFSET") }), aggregate: spread },
    ses: { window: session("30m"), aggregate: { first: first(), kind: last() }, early: "10s" },
    cal: { window: calendar("week", { zone: env("ZONE"), weekStart: "sunday" }), aggregate },
    all: {
      window,
      aggregate: {
        a: range(),
        b: delta(),
        c: stddev(),
        d: stddevPop(),
        e: variance(),
        f: variancePop(),
        g: median(),
        h: quantile(0.99),
        i: quantile(env("Q")),
        j: rate(),
        k: distinct(),
        l: histogram([0.1, 1, env("BOUND")]),
        m: ewma("5m"),
        n: spread,
      },
      match: { name: ["http.*", env("GLOB")], labels: { env: "prod", host: ["a*", "b*"] } },
      where: (event) => event.value > 0 && event.labels["env"]?.startsWith("p") === true,
      map: ({ name, labels }) =>
        name === "" ? undefined : { name: "all", labels: { ...labels, x: "y" } },
      groupBy: ["name", "labels.host"],
      fill: "previous",
      fillFor: "1h",
    },
    day: { window: calendar("day"), from: "all", emit: "final", allowedLateness: "1h" },
    month: { window: calendar("month"), from: "day", to: ["sqlite"] },
  },
  functions: { p99: quantile(0.99), spread },
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

// Windows.
// @ts-expect-error Without every.
hopping("5m");
// @ts-expect-error A misspelt unit of time.
hopping("5m", { every: "1 min" });
// @ts-expect-error A number is no duration.
session(30);
// @ts-expect-error A misspelt unit of the calendar.
calendar("dey");
// @ts-expect-error Only weeks begin on a day of the week.
calendar("day", { weekStart: "sunday" });
// @ts-expect-error No such day.
calendar("week", { weekStart: "sun" });

// Functions.
// @ts-expect-error A fraction is a number.
quantile("0.5");
// @ts-expect-error Without the fraction.
quantile();
// @ts-expect-error One bound is no list.
histogram(1);
// @ts-expect-error A half-life has a unit.
ewma(300);
// @ts-expect-error No argument.
median(0.5);
// @ts-expect-error In the registry each function has its name, and eventFunction() is none of them.
defineConfig({ functions: { each: eventFunction() } });
const add = (state: number, value: number): number => state + value;
// @ts-expect-error Of another type than init.
customFunction({ init: () => 0, add, merge: (a, b) => `${a}${b}`, result: (a) => a });
// @ts-expect-error Of another type than init.
customFunction({ init: () => "", add, merge: (a) => a, result: () => 0 });
// @ts-expect-error A result is a number or null.
customFunction({ init: () => 0, add, merge: add, result: (a) => `${a}` });
// @ts-expect-error Without merge.
customFunction({ init: () => 0, add, result: (a) => a });
// @ts-expect-error A promise is no state.
customFunction({ init: () => 0, add: async () => 0, merge: add, result: (a) => a });

// Rules.
// @ts-expect-error A misspelt rule.
defineConfig({ rules: { a: { window, aggregate }, b: { window, from: "aa" } } });
// @ts-expect-error The functions are those of the rule that is read.
defineConfig({ rules: { a: { window, aggregate }, b: { window, from: "a", aggregate } } });
// @ts-expect-error So is what tells which events.
defineConfig({ rules: { a: { window, aggregate }, b: { window, from: "a", match: {} } } });
// @ts-expect-error The prefix is labels.
defineConfig({ rules: { a: { window, aggregate, groupBy: ["label.host"] } } });
// @ts-expect-error A text is neither true nor false.
defineConfig({ rules: { a: { window, aggregate, where: (event) => event.name } } });
// @ts-expect-error An event has no host; it has labels.
defineConfig({ rules: { a: { window, aggregate, where: (event) => event.host === "a" } } });
// @ts-expect-error Time is not changed.
defineConfig({ rules: { a: { window, aggregate, map: () => ({ timestamp: 1 }) } } });
// @ts-expect-error A value is a number.
defineConfig({ rules: { a: { window, aggregate, map: () => ({ value: "1" }) } } });
// @ts-expect-error A misspelt part of match.
defineConfig({ rules: { a: { window, aggregate, match: { nam: "a*" } } } });
// @ts-expect-error A glob is a text.
defineConfig({ rules: { a: { window, aggregate, match: { name: /a/ } } } });
// @ts-expect-error No such way.
defineConfig({ rules: { a: { window, aggregate, emit: "always" } } });
// @ts-expect-error No such value.
defineConfig({ rules: { a: { window, aggregate, fill: 0 } } });
