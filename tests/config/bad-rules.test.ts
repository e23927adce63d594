import { describe, expect, test } from "bun:test";
import { functionDefinitions } from "../../src/aggregations/list.ts";
import { resolveConfig } from "../../src/config/resolve.ts";
import { ConfigError } from "../../src/core/errors.ts";
import {
  avg,
  calendar,
  customFunction,
  env,
  eventFunction,
  ewma,
  histogram,
  hopping,
  quantile,
  session,
  sum,
  tumbling,
} from "../../src/index.ts";

const window = tumbling("60s");
const rule = { window, aggregate: eventFunction() };
const functions = [...functionDefinitions.map(({ name }) => `${name}()`), "customFunction()"].join(
  ", ",
);
const spread = customFunction({
  init: () => 0,
  add: (state, value) => state + value,
  merge: (a, b) => a + b,
  result: (state) => state,
});

interface BadRules {
  readonly name: string;
  /** Of the same name as a rule: its window, or several of its options. */
  readonly rules: Readonly<Record<string, unknown>>;
  readonly more?: Readonly<Record<string, unknown>>;
  /** Functions that it calls. */
  readonly calls?: readonly string[];
  readonly says: readonly string[];
}

const windowOf = (call: unknown): unknown => ({ ...rule, window: call });
const functionOf = (call: unknown): unknown => ({ window, aggregate: { f: call } });

const BAD: readonly BadRules[] = [
  {
    name: "hopping windows",
    rules: {
      a: windowOf(hopping("5m", { every: "6m" })),
      b: windowOf(hopping("5m", { every: "1m", offset: "1m" })),
      c: windowOf(hopping("5m", {} as { every: "1m" })),
      d: windowOf(
        hopping("5 min" as "5m", { every: "1", evry: "1m" } as unknown as { every: "1m" }),
      ),
      e: windowOf(hopping("1h", { every: "7ms" })),
      f: windowOf(hopping("1d", { every: "1s" })),
      g: windowOf({ kind: "hoping", size: "1m" }),
    },
    says: [
      "rules.a.window.every: must be at most the size of the window, 5m",
      "rules.b.window.offset: must be less than every, 1m",
      'rules.c.window.every: is missing, must be a duration such as "60s"',
      'rules.d.window: "5 min": unit must be one of us, ms, s, m, h, d, did you mean "5m"?',
      'rules.d.window.every: "1": unit must be one of us, ms, s, m, h, d, did you mean "1s"?',
      'rules.d.window.evry: is no option, did you mean "every"?',
      "rules.e.window.every: windows of 1h every 7ms consist of 3600000 panes of 1ms each, must be at most 10000: " +
        'choose an every that divides the size, such as "360ms"',
      "rules.f.window.every: windows of 1d every 1s consist of 86400 panes of 1s each, must be at most 10000: " +
        'choose an every that divides the size, such as "8640ms"',
      'rules.g.window: kind "hoping" must be a window such as tumbling("60s"), did you mean "hopping"?',
    ],
  },
  {
    name: "sessions and calendars",
    rules: {
      a: windowOf(session("0s")),
      b: windowOf({ kind: "session", gap: "5m", every: "1m" }),
      c: windowOf(calendar("dey" as "day")),
      d: windowOf(calendar("day", { zone: "Europe/Berln" })),
      e: windowOf(calendar("day", { zone: "Berlin" })),
      f: windowOf(calendar("day", { zone: "+02:00" })),
      g: windowOf(calendar("day", { zone: "" })),
      h: windowOf(calendar("week", { weekStart: "sundy" as "sunday" })),
      i: windowOf(calendar("day", { weekStart: "sunday" } as object)),
      j: windowOf({ kind: "calendar" }),
    },
    says: [
      'rules.a.window: "0s": must be at least 1us',
      "rules.b.window.every: is no option, must be one of none",
      'rules.c.window: "dey": must be one of "hour", "day", "week", "month", "quarter", "year", did you mean "day"?',
      'rules.d.window.zone: "Europe/Berln": must be a zone of the IANA database such as "Europe/Berlin", did you mean "Europe/Berlin"?',
      'rules.e.window.zone: "Berlin": must be a zone of the IANA database such as "Europe/Berlin", did you mean "Europe/Berlin"?',
      'rules.f.window.zone: "+02:00": must be a zone of the IANA database such as "Europe/Berlin"',
      'rules.g.window.zone: "": must be a zone of the IANA database such as "Europe/Berlin"',
      'rules.h.window.weekStart: "sundy": must be one of "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", did you mean "sunday"?',
      "rules.i.window.weekStart: must not be given for a day: it is for weeks alone",
      'rules.j.window: must be one of "hour", "day", "week", "month", "quarter", "year"',
    ],
  },
  {
    name: "panes that are too short",
    rules: { a: { ...rule, window: hopping("1m", { every: "10ms" }), allowedLateness: "1h" } },
    says: [
      'rules.a.window: panes of 10ms, which hopping("1m", { every: "10ms" }) consists of, are too short: the window, ' +
        "allowedLateness and time.outOfOrderness hold 3665s, more than 65536 of them, must be at least 56ms",
    ],
  },
  {
    name: "arguments of functions",
    calls: ["quantile", "histogram", "ewma"],
    rules: {
      a: functionOf(quantile(1.5)),
      b: functionOf(quantile("0.5" as unknown as number)),
      c: functionOf(histogram([])),
      d: functionOf(histogram([1, Infinity])),
      e: functionOf(histogram([1, 3, 2, 2])),
      f: functionOf(ewma("5 minutes" as "5m")),
      g: functionOf({ kind: "function", name: "quantile" }),
      h: functionOf({ kind: "function", name: "sum", q: 1 }),
      i: functionOf(quantile),
      j: functionOf(histogram(Array.from({ length: 1001 }, (_, index) => index))),
    },
    says: [
      "rules.a.aggregate.f.q: 1.5: must be at most 1",
      'rules.b.aggregate.f.q: "0.5": must be a number',
      "rules.c.aggregate.f.bounds: must have at least one bound",
      "rules.d.aggregate.f.bounds[1]: Infinity: must be a finite number",
      "rules.e.aggregate.f.bounds[2]: must be greater than the bound before it, 3",
      "rules.e.aggregate.f.bounds[3]: must be greater than the bound before it, 2",
      'rules.f.aggregate.f.halfLife: "5 minutes": unit must be one of us, ms, s, m, h, d, did you mean "5m"?',
      "rules.g.aggregate.f.q: is missing, must be a number",
      "rules.h.aggregate.f.q: is no option, must be one of none",
      "rules.i.aggregate.f: quantile: must be called, as in quantile()",
      "rules.j.aggregate.f.bounds: must have at most 1000 bounds",
    ],
  },
  {
    name: "custom functions",
    rules: {
      a: functionOf({ ...spread, merge: undefined, resul: 1 }),
      b: functionOf({ ...spread, add: "sum" }),
      c: functionOf({ ...spread, add: async () => {} }),
      d: functionOf({ ...spread, init: () => new Map() }),
      e: functionOf({
        ...spread,
        init: () => {
          throw new Error("not today");
        },
      }),
      f: functionOf({ ...spread, init: () => ({ seen: [undefined] }) }),
      g: { window, aggregate: { ...spread, init: () => 1n } },
    },
    says: [
      "rules.a.aggregate.f.merge: must be a function",
      'rules.a.aggregate.f.resul: is no option, did you mean "result"?',
      'rules.b.aggregate.f.add: "sum": must be a function',
      "rules.c.aggregate.f.add: add: must be a plain function, neither async nor a generator",
      "rules.d.aggregate.f: must have an init that works: state of a custom function must be JSON, not a Map",
      "rules.e.aggregate.f: must have an init that works: not today",
      "rules.f.aggregate.f: must have an init that works: state of a custom function must be JSON, not undefined",
      "rules.g.aggregate: must have an init that works: state of a custom function must be JSON, not a bigint",
    ],
  },
  {
    name: "the registry",
    rules: { a: rule },
    more: { functions: { sum: avg(), p99: eventFunction(), "a b": spread, c: sum, d: 7 } },
    says: [
      "functions.p99: must stand alone: eventFunction() is no function of a name",
      'functions["a b"]: name of a function must be letters, digits, _, - and ., begin with a letter and have at most 64 characters',
      "functions.c: sum: must be called, as in sum()",
      `functions.d: 7: must be a function, one of ${functions}`,
    ],
  },
  {
    name: "names of the bus in the registry",
    rules: { a: rule },
    more: { functions: { sum: avg(), p99: avg() } },
    says: ["functions.sum: is what events say for a function of the bus already"],
  },
  {
    name: "what a rule takes",
    rules: {
      a: { ...rule, match: { name: ["a[", "b*"], labels: { env: "[z-a]", host: [], zone: 7 } } },
      b: { ...rule, match: "a*" },
      c: { ...rule, match: { nam: "a" } },
      d: { ...rule, match: { labels: ["env"] } },
      e: { ...rule, match: { name: "a".repeat(513) } },
      f: { ...rule, where: "value > 1", map: async () => {} },
    },
    says: [
      'rules.a.match.name[0]: "a[": must close its [ with a ]',
      'rules.a.match.labels.env: "[z-a]": must have its ranges upwards, and z-a is not',
      "rules.a.match.labels.host: must not be empty",
      "rules.a.match.labels.zone: 7: must be a text or a list",
      'rules.b.match: "a*": must be an object',
      'rules.c.match.nam: is no option, did you mean "name"?',
      "rules.d.match.labels: must be an object of globs by the labels",
      `rules.e.match.name: "${"a".repeat(99)}…: must have at most 512 bytes`,
      'rules.f.where: "value > 1": must be a function',
      "rules.f.map: map: must be a plain function, neither async nor a generator",
    ],
  },
  {
    name: "groups",
    rules: {
      a: { ...rule, groupBy: ["label.host", "nam", "host", "labels.", "name", "name"] },
      b: { ...rule, groupBy: "name" },
      c: { ...rule, groupBy: ["labels.a", "name", "labels.a"] },
    },
    says: [
      'rules.a.groupBy[0]: "label.host": must be "name" or a label such as "labels.host", did you mean "labels.host"?',
      'rules.a.groupBy[1]: "nam": must be "name" or a label such as "labels.host", did you mean "name"?',
      'rules.a.groupBy[2]: "host": must be "name" or a label such as "labels.host", did you mean "labels.host"?',
      'rules.a.groupBy[3]: "labels.": must be "name" or a label such as "labels.host"',
      'rules.a.groupBy[5]: "name": is named twice',
      'rules.b.groupBy: "name": must be a list',
      'rules.c.groupBy[2]: "labels.a": is named twice',
    ],
  },
  {
    name: "when rows are written",
    rules: {
      a: { ...rule, emit: "finl" },
      b: { ...rule, emit: "final", early: "10s" },
      c: { ...rule, early: "1m" },
      d: { ...rule, early: "1ms" },
      e: { ...rule, fill: "nothing" },
      f: { ...rule, fillFor: "10m" },
      g: { ...rule, fill: "zero", fillFor: "30s" },
      h: { ...rule, fill: "null", fillFor: "8d" },
      i: { ...rule, window: session("5m"), fill: "previous" },
    },
    says: [
      'rules.a.emit: "finl": must be "final", did you mean "final"?',
      'rules.d.early: "1ms": must be at least 100ms',
      'rules.e.fill: "nothing": must be one of "zero", "null", "previous"',
      'rules.b.early: must not be given beside emit: "final"',
      "rules.c.early: must be less than the window, 1m",
      "rules.f.fillFor: must be given beside fill alone",
      "rules.g.fillFor: must be at least 1m, one window",
      "rules.h.fillFor: must be at most 7d, 10080 windows",
      "rules.i.fill: must not be given for sessions: nothing is missing between them",
    ],
  },
  {
    name: "rules that read others",
    rules: {
      per_minute: rule,
      a: { window, from: "per_minut" },
      b: { window, from: "b" },
      c: { window, from: "d" },
      d: { window, from: "e" },
      e: { window, from: "c" },
      f: { window, from: "c" },
      g: { window, from: "per_minute", aggregate: sum(), where: () => true, groupBy: [] },
      h: { window: session("5m"), from: "per_minute" },
      i: { ...rule, window: session("5m") },
      j: { window, from: "i" },
      k: { ...rule, window: hopping("5m", { every: "1m" }) },
      l: { window, from: "k" },
      m: { window, from: 7 },
    },
    says: [
      "rules.m.from: 7: must be a text",
      ...["aggregate", "where", "groupBy"].map(
        (key) =>
          `rules.g.${key}: must not be given beside from: it is taken over from the rule that is read`,
      ),
      'rules.a.from: "per_minut": must be one of the rules per_minute, b, c, d, e, f, g, h, i, j, k, l, m, did you mean "per_minute"?',
      "rules.b.from: must not lead back to the rule itself: b reads b",
      "rules.c.from: must not lead back to the rule itself: c reads d reads e reads c",
      "rules.h.window: must not be a session beside from: sessions are told by events alone",
      'rules.j.from: must be a rule with tumbling or calendar windows, and those of i are session("5m")',
      'rules.l.from: must be a rule with tumbling or calendar windows, and those of k are hopping("5m", { every: "1m" })',
    ],
  },
  {
    name: "a rule that reads another one where there is none",
    rules: { a: { window, from: "b" } },
    says: ['rules.a.from: "b": must be another rule'],
  },
  {
    name: "windows that are not composed of those below",
    rules: {
      low: windowOf(tumbling("45s")),
      a: { window, from: "low" },
      b: { window: tumbling("90s", { offset: "10s" }), from: "low" },
      c: { window: hopping("3m", { every: "1m" }), from: "low" },
      kolkata: windowOf(calendar("hour")),
      d: { window: calendar("day", { zone: "Asia/Kolkata" }), from: "kolkata" },
      shifted: windowOf(tumbling("1h", { offset: "15m" })),
      e: { window: calendar("day"), from: "shifted" },
      week: windowOf(calendar("week")),
      f: { window: calendar("month"), from: "week" },
      g: { window: calendar("week", { weekStart: "sunday" }), from: "week" },
      day: windowOf(calendar("day", { zone: "Europe/Berlin" })),
      h: { window: calendar("month", { zone: "Europe/Paris" }), from: "day" },
      i: { window: tumbling("7d"), from: "day" },
    },
    says: [
      'rules.a.window: tumbling("1m") does not consist of whole windows of low, tumbling("45s"): size must be a multiple of 45s',
      'rules.b.window: tumbling("90s", { offset: "10s" }) does not consist of whole windows of low, tumbling("45s"): offsets must differ by a multiple of 45s',
      'rules.c.window: hopping("3m", { every: "1m" }) does not consist of whole windows of low, tumbling("45s"): size and every must be a multiple of 45s',
      'rules.d.window: calendar("day", { zone: "Asia/Kolkata" }) does not consist of whole windows of kolkata, calendar("hour"): days in Asia/Kolkata begin at multiples of 30m, which the size must divide',
      'rules.e.window: calendar("day") does not consist of whole windows of shifted, tumbling("1h", { offset: "15m" }): offsets must differ by a multiple of 1h',
      'rules.f.window: calendar("month") does not consist of whole windows of week, calendar("week"): no month is composed of whole weeks',
      'rules.g.window: calendar("week", { weekStart: "sunday" }) does not consist of whole windows of week, calendar("week"): weekStart must be the same',
      'rules.h.window: calendar("month", { zone: "Europe/Paris" }) does not consist of whole windows of day, calendar("day", { zone: "Europe/Berlin" }): zone must be "Europe/Berlin"',
      'rules.i.window: tumbling("7d") does not consist of whole windows of day, calendar("day", { zone: "Europe/Berlin" }): a calendar in a zone cannot be put together to even lengths',
    ],
  },
  {
    name: "the environment, which is shown to nobody",
    calls: ["quantile"],
    rules: {
      a: windowOf(calendar("day", { zone: env("ZONE") })),
      b: functionOf(quantile(env("Q"))),
      c: { ...rule, match: { name: env("GLOB") } },
    },
    says: [
      'rules.a.window.zone: ***: must be a zone of the IANA database such as "Europe/Berlin"',
      "rules.b.aggregate.f.q: ***: must be at most 1",
      "rules.c.match.name: ***: must close its [ with a ]",
    ],
  },
];

const known = new Set(functionDefinitions.map(({ name }) => name));
const RUNNABLE = BAD.filter(({ calls = [] }) => calls.every((name) => known.has(name)));

const variables = { ZONE: "hunter2", Q: "7.5", GLOB: "[hunter3" };

describe("resolveConfig() refuses", () => {
  test.each(RUNNABLE.map((bad) => [bad.name, bad] as const))("%s", (_, { rules, more, says }) => {
    let messages: string[] = [];
    try {
      resolveConfig({ rules, ...more }, { origin: "test", dir: "/srv/plant", env: variables });
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      messages = thrown.message.split("\n");
    }
    expect(messages).toEqual([...says]);
  });
});
