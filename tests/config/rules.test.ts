import { describe, expect, test } from "bun:test";
import { functionDefinitions } from "../../src/aggregations/list.ts";
import { resolveConfig } from "../../src/config/resolve.ts";
import type { RuleSettings } from "../../src/core/settings.ts";
import { windowText } from "../../src/core/window-text.ts";
import * as api from "../../src/index.ts";
import {
  avg,
  calendar,
  count,
  customFunction,
  defineConfig,
  env,
  eventFunction,
  hopping,
  max,
  session,
  stdout,
  sum,
  tumbling,
} from "../../src/index.ts";

const window = tumbling("60s");
const aggregate = eventFunction();
const total = customFunction({
  init: () => 0,
  add: (state, value) => state + value,
  merge: (a, b) => a + b,
  result: (state) => state,
});

function rulesOf(input: unknown, variables: Readonly<Record<string, string>> = {}): RuleSettings[] {
  return [...resolveConfig(input, { origin: "test", dir: "/srv", env: variables }).rules];
}

const functionsOf = (rule: RuleSettings | undefined): string[] =>
  (rule?.aggregate.functions ?? []).map(({ key, aggregation }) => `${key} ${aggregation.name}`);

describe("a rule", () => {
  test("says what is so anyway with nothing", () => {
    const [rule] = rulesOf({ rules: { a: { window, aggregate } } });
    const { name, to, seriesMax, allowedLateness, window: _, aggregate: __, ...rest } = rule!;
    expect({ name, to, seriesMax, allowedLateness: Number(allowedLateness) }).toEqual({
      name: "a",
      to: ["sqlite"],
      seriesMax: 1_000_000,
      allowedLateness: 0,
    });
    expect(Object.values(rest).every((value) => value === undefined)).toBe(true);
  });

  test("takes every kind of window", () => {
    const windows = {
      a: tumbling("1d", { offset: "6h" }),
      b: hopping("5m", { every: "1m", offset: "10s" }),
      c: session("30m"),
      d: calendar("day"),
      e: calendar("week", { zone: "europe/berlin", weekStart: "sunday" }),
      f: calendar(env("UNIT"), { zone: env("ZONE") }),
      g: hopping(env("SIZE"), { every: env("EVERY") }),
    };
    const rules = Object.fromEntries(
      Object.entries(windows).map(([name, one]) => [name, { window: one, aggregate }]),
    );
    const variables = { UNIT: "month", ZONE: "Asia/Kolkata", SIZE: "1h", EVERY: "1h" };
    expect(rulesOf({ rules }, variables).map((rule) => windowText(rule.window))).toEqual([
      'tumbling("1d", { offset: "6h" })',
      'hopping("5m", { every: "1m", offset: "10s" })',
      'session("30m")',
      'calendar("day")',
      'calendar("week", { zone: "Europe/Berlin", weekStart: "sunday" })',
      'calendar("month", { zone: "Asia/Kolkata" })',
      'hopping("1h", { every: "1h" })',
    ]);
  });

  test("takes what tells which events it reads, and how", () => {
    const where = (event: { value: number }): boolean => event.value > 0;
    const map = (): object => ({ name: "all" });
    const labels = JSON.parse('{"env":["prod","stag*"],"__proto__":"x"}') as object;
    const [a, b] = rulesOf({
      rules: {
        a: {
          window,
          aggregate,
          match: { name: "http.*", labels },
          where,
          map,
          groupBy: ["labels.zone", "name", "labels.host"],
        },
        b: { window, aggregate, match: { labels: {} }, groupBy: ["name"] },
        c: { window, aggregate, groupBy: [] },
      },
    });
    expect(a!.match?.name).toEqual(["http.*"]);
    expect([...a!.match!.labels!]).toEqual([
      ["env", ["prod", "stag*"]],
      ["__proto__", ["x"]],
    ]);
    expect(a!.where).toBe(where);
    expect(a!.map as unknown).toBe(map);
    expect(a!.groupBy).toEqual({ name: true, labels: ["host", "zone"] });
    // Said or not, it is the same rule.
    expect([b!.match, b!.groupBy]).toEqual([undefined, undefined]);
  });

  test("takes when its rows are written", () => {
    const [a, b, c, d] = rulesOf({
      rules: {
        a: { window, aggregate, emit: "final", fill: "zero" },
        b: { window, aggregate, early: "10s", fill: "previous", fillFor: "1h" },
        c: { window: hopping("1h", { every: "5m" }), aggregate, fill: "null" },
        d: { window: calendar("year"), aggregate, fill: "null" },
      },
    });
    const minute = 60_000_000;
    expect([a!.emit, Number(b!.early)]).toEqual(["final", 10_000_000]);
    expect([a!, b!, c!, d!].map(({ fill }) => [fill!.with, fill!.for / minute])).toEqual([
      ["zero", 10],
      ["previous", 60],
      ["null", 50],
      ["null", 10 * 366 * 24 * 60],
    ]);
  });
});

describe("functions", () => {
  test("have a helper for each that there is", () => {
    const helpers: Readonly<Record<string, unknown>> = api;
    expect(functionDefinitions.filter(({ name }) => typeof helpers[name] !== "function")).toEqual(
      [],
    );
  });

  test("bear the name that the rule gives them, or their own", () => {
    const rules = rulesOf({
      rules: {
        a: { window, aggregate: sum() },
        b: { window, aggregate: { mean: avg(), kind: count(), all: total } },
        c: { window, aggregate: total },
      },
    });
    expect(rules.map((rule) => functionsOf(rule))).toEqual([
      ["sum sum"],
      ["mean avg", "kind count", "all all"],
      ["custom custom"],
    ]);
  });

  test("of the registry are what events may name besides those of the bus", () => {
    const rules = rulesOf({
      rules: { a: { window, aggregate }, b: { window, aggregate: max() } },
      functions: { most: max(), all: total },
    });
    expect(rules.map((rule) => [rule.aggregate.kind, ...functionsOf(rule)])).toEqual([
      ["event", "sum sum", "avg avg", "min min", "max max", "count count", "most max", "all all"],
      ["named", "max max"],
    ]);
    expect(functionsOf(rulesOf({ functions: {} })[0])).toHaveLength(5);
  });
});

describe("a rule that reads another one", () => {
  const config = defineConfig({
    rules: {
      per_month: { window: calendar("month", { zone: "Europe/Berlin" }), from: "per_day" },
      per_day: { window: calendar("day", { zone: "Europe/Berlin" }), from: "per_hour" },
      other: { window, aggregate },
      per_hour: { window: calendar("hour"), from: "per_minute", emit: "final", to: ["b"] },
      per_minute: {
        window,
        aggregate: { all: total },
        match: { name: "cpu*" },
        where: (event) => event.value > 0,
        map: (event) => ({ value: -event.value }),
        groupBy: ["labels.host"],
        maxSeries: 7,
      },
    },
    sinks: { a: stdout(), b: stdout() },
  });

  test("stands behind it, and otherwise where the file has it", () => {
    expect(rulesOf(config).map(({ name, from }) => [name, from])).toEqual([
      ["per_minute", undefined],
      ["per_hour", "per_minute"],
      ["per_day", "per_hour"],
      ["per_month", "per_day"],
      ["other", undefined],
    ]);
  });

  test("takes over what that one says of events, and no more", () => {
    const [lowest, ...upper] = rulesOf(config).slice(0, 4);
    for (const { aggregate: same, match, where, map, groupBy, seriesMax } of upper) {
      expect(same).toBe(lowest!.aggregate);
      expect([match, where, map, groupBy]).toEqual([
        lowest!.match,
        lowest!.where,
        lowest!.map,
        lowest!.groupBy,
      ]);
      expect(seriesMax).toBe(1_000_000);
    }
    expect(upper.map(({ to, emit }) => [to, emit])).toEqual([
      [["b"], "final"],
      [["a", "b"], undefined],
      [["a", "b"], undefined],
    ]);
  });
});
