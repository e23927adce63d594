import { expect, test } from "bun:test";
import { linesOfRule, summaryOfRule } from "../../src/cli/rule-summary.ts";
import { resolveConfig } from "../../src/config/resolve.ts";
import {
  avg,
  calendar,
  count,
  customFunction,
  defineConfig,
  eventFunction,
  hopping,
  max,
  session,
  tumbling,
} from "../../src/index.ts";

const mine = customFunction({
  init: () => 0,
  add: (state) => state + 1,
  merge: (a, b) => a + b,
  result: (state) => state,
});

const config = defineConfig({
  rules: {
    fast: { window: tumbling("60s"), aggregate: eventFunction(), match: { name: "http.*" } },
    labels: {
      window: hopping("5m", { every: "90s" }),
      aggregate: { mean: avg(), max: max(), mine },
      groupBy: ["name", "labels.host"],
      allowedLateness: "30s",
      maxSeries: 5,
    },
    total: { window: session("5m"), aggregate: count(), groupBy: [] },
    some: { window: tumbling("1h"), aggregate: count(), where: () => true },
    same: { window: hopping("1m", { every: "1m" }), aggregate: count() },
    day: { window: calendar("day", { zone: "Europe/Berlin" }), from: "some" },
  },
});

const { rules } = resolveConfig(config, { origin: "test", dir: "/srv", env: {} });

test("a rule is told with its window, functions, series and road", () => {
  expect(rules.flatMap((rule) => linesOfRule(summaryOfRule(rule)))).toEqual([
    'fast: tumbling("1m"), the event\'s own of sum, avg, min, max, count to sqlite',
    "series by name, agg_func, at most 1000000; fast road",
    'labels: hopping("5m", { every: "90s" }) of 10 panes, late by up to 30s, mean = avg, max, mine to sqlite',
    "series by name, labels.host, at most 5; object road",
    'total: session("5m"), count to sqlite',
    "one series, at most 1000000; object road",
    'some: tumbling("1h"), count to sqlite',
    "series by name, at most 1000000; object road",
    'same: hopping("1m", { every: "1m" }) of 1 pane, count to sqlite',
    "series by name, at most 1000000; fast road",
    'day: calendar("day", { zone: "Europe/Berlin" }), count to sqlite',
    "series by name, at most 1000000; from the windows of some",
  ]);
});

test("a program gets the same as fields", () => {
  expect(summaryOfRule(rules[1]!)).toEqual({
    name: "labels",
    window: 'hopping("5m", { every: "90s" })',
    panesPerWindow: 10,
    allowedLateness: "30s",
    functions: "mean = avg, max, mine",
    series: "series by name, labels.host",
    maxSeries: 5,
    road: "object road",
    to: ["sqlite"],
  });
});
