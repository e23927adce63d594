import { describe, expect, test } from "bun:test";
import { BUILT_IN_ALERTS } from "../../src/config/alert-defaults.ts";
import { resolveConfig } from "../../src/config/resolve.ts";
import { ConfigError } from "../../src/core/errors.ts";
import {
  alertmanager,
  avg,
  deadLetters,
  diskFree,
  env,
  eventsLost,
  lateShare,
  max,
  noRows,
  outboxAge,
  outboxFill,
  outboxRows,
  ownMetric,
  rowValue,
  session,
  sinkDown,
  slack,
  sourceDown,
  stdout,
  tumbling,
  watermarkLag,
  webhook,
} from "../../src/index.ts";

const base = {
  rules: {
    per_minute: { window: tumbling("60s"), aggregate: { top: max(), mid: avg() } },
    visits: { window: session("30m"), aggregate: max() },
  },
  sinks: { lines: stdout() },
  notifiers: { ops: slack({ url: "https://hooks.slack.com/services/T/B/x" }) },
};

function resolved(parts: object): ReturnType<typeof resolveConfig> {
  return resolveConfig(
    { ...base, ...parts },
    { origin: "test", dir: "/srv", env: { KEY: "k3y-value" } },
  );
}

function alertsOf(alerts: object) {
  return new Map(resolved({ alerts }).alerts!.map((alert) => [alert.name, alert]));
}

/** Every error of an alert named `a`. */
function errorsOf(alert: unknown, parts: object = {}): string {
  try {
    resolved({ alerts: { a: alert }, ...parts });
    return "";
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.message;
    throw thrown;
  }
}

describe("alerts", () => {
  test("that come with the program are there without a word, and tell all notifiers", () => {
    const { alerts = [] } = resolved({});
    expect(alerts.map(({ name }) => name)).toEqual(Object.keys(BUILT_IN_ALERTS));
    for (const { isBuiltIn, notify } of alerts) {
      expect(isBuiltIn).toBe(true);
      expect(notify).toEqual(["ops"]);
    }
  });

  test("that come with the program can be changed in part, and turned off", () => {
    const alerts = alertsOf({ sink_down: { for: "10m" }, disk_nearly_full: "off" });
    expect(alerts.has("disk_nearly_full")).toBe(false);
    expect(alerts.get("sink_down")).toMatchObject({
      for: 600e6,
      severity: "critical",
      isBuiltIn: true,
    });
  });

  test("look at whatever the helpers name", () => {
    const alerts = alertsOf({
      a: {
        when: rowValue({ rule: "per_minute", name: "t.*", function: "top", above: 90, until: 80 }),
      },
      b: { when: noRows({ name: ["beat", "pulse"], labels: { host: "a*" }, after: "10m" }) },
      c: {
        when: ownMetric("aggregator_sink_errors_total", {
          labels: { sink: "lines" },
          over: "5m",
          above: 3,
        }),
      },
      d: { when: sourceDown() },
      e: { when: sinkDown({ sink: "li*" }) },
      f: { when: watermarkLag({ above: "5m", until: "1m" }) },
      g: { when: lateShare({ above: 0.01 }) },
      h: { when: outboxRows({ above: 10 }) },
      i: { when: outboxFill({ sink: "lines", above: 0.9 }) },
      j: { when: outboxAge({ above: "10m" }) },
      k: { when: diskFree({ below: 0.2, until: 0.3 }) },
      l: { when: eventsLost() },
      m: { when: deadLetters({ above: 5, over: "1h" }) },
      n: { when: rowValue({ rule: "visits", field: "count", below: 1 }) },
    });
    expect(alerts.get("a")).toMatchObject({
      when: {
        kind: "rows",
        rule: "per_minute",
        match: { name: ["t.*"] },
        func: "top",
        threshold: { side: "above", limit: 90, until: 80 },
        // Three windows.
        staleAfter: 180e6,
      },
      for: 0,
      severity: "warning",
      notify: ["ops"],
    });
    expect(alerts.get("f")!.when).toMatchObject({
      threshold: { side: "above", limit: 300, until: 60 },
    });
    expect(alerts.get("g")!.when).toMatchObject({ over: 300e6 });
    expect(alerts.get("n")!.when).toMatchObject({
      staleAfter: 86_400e6,
      threshold: { side: "below" },
    });
  });

  test.each([
    [
      "a rule",
      { when: rowValue({ rule: "per_minut" as never, above: 1 }) },
      'alerts.a.when.rule: "per_minut": must be one of the rules per_minute, visits, did you mean "per_minute"?',
    ],
    [
      "a function",
      { when: rowValue({ rule: "per_minute", function: "topp", above: 1 }) },
      'alerts.a.when.function: "topp": must be one of the functions of per_minute, top, mid, did you mean "top"?',
    ],
    [
      "a notifier",
      { when: sinkDown(), notify: ["opps"] },
      'alerts.a.notify[0]: "opps": must be one of the notifiers ops, did you mean "ops"?',
    ],
    [
      "a sink",
      { when: sinkDown({ sink: "line" }) },
      'alerts.a.when.sink: "line": must be one of the sinks lines, did you mean "lines"?',
    ],
    [
      "a metric",
      { when: ownMetric("aggregator_outbox_row" as never, { above: 1 }) },
      'did you mean "aggregator_outbox_rows"?',
    ],
    [
      "a place of a template",
      { when: sinkDown(), summary: "{valeu} of {labels.sink}" },
      "{valeu} is no place of a template",
    ],
    [
      "an option",
      { when: sinkDown(), severty: "info" },
      'alerts.a.severty: is no option, did you mean "severity"?',
    ],
    [
      "an option of a condition",
      { when: { ...rowValue({ above: 1 }), untill: 0 } },
      'alerts.a.when.untill: is no option, did you mean "until"?',
    ],
    ["a severity", { when: sinkDown(), severity: "critcal" }, 'did you mean "critical"?'],
  ])("tell the nearest spelling of %s", (_, alert, message) => {
    expect(errorsOf(alert)).toContain(message);
  });

  test.each([
    [
      "without a condition",
      {},
      "alerts.a.when: is missing, must be a condition such as rowValue({ above: 90 })",
    ],
    [
      "with a number as condition",
      { when: 5 },
      "alerts.a.when: 5: must be a condition, one of rowValue()",
    ],
    [
      "without a bound",
      { when: { kind: "rows" } },
      "alerts.a.when: must have a bound, above or below",
    ],
    [
      "with two bounds",
      { when: { kind: "rows", above: 1, below: 0 } },
      "alerts.a.when.below: must not be given beside above",
    ],
    [
      "with until on the wrong side",
      { when: rowValue({ above: 90, until: 95 }) },
      "alerts.a.when.until: must be at most above",
    ],
    [
      "whose absence is shorter than a window",
      { when: noRows({ rule: "per_minute", name: "a", after: "60s" }) },
      "alerts.a.when.after: must be more than 1m",
    ],
    ["that is no alert", 7, 'alerts.a: 7: must be an alert such as { when: sinkDown() }, or "off"'],
    [
      "with a share beyond 1",
      { when: diskFree({ below: 10 }) },
      "alerts.a.when.below: 10: must be at most 1",
    ],
  ])("%s are refused", (_, alert, message) => {
    expect(errorsOf(alert)).toContain(message);
  });

  test("an alert named nearly like one of the program is told so", () => {
    const parse = (): unknown => resolved({ alerts: { sink_dwn: { for: "5m" } } });
    expect(parse).toThrow('did you mean "sink_down"?');
  });
});

describe("notifiers", () => {
  test("have defaults, and their secrets are never shown", () => {
    const { notifiers = [], secrets } = resolved({
      notifiers: {
        am: alertmanager({ url: "http://am:9093" }),
        hook: webhook({
          url: "https://x.example/h",
          headers: { authorization: env("KEY") },
          repeatEvery: "4h",
        }),
        ops: slack({ url: "https://hooks.slack.com/services/T/B/x" }),
      },
    });
    expect(notifiers).toMatchObject([
      { name: "am", kind: "alertmanager", timeoutMs: 10_000, groupWaitMs: 1_000, repeatMs: 60_000 },
      {
        name: "hook",
        kind: "webhook",
        repeatMs: 14_400_000,
        headers: { authorization: "k3y-value" },
      },
      { name: "ops", kind: "slack", groupWaitMs: 5_000, repeatMs: undefined },
    ]);
    expect(secrets).toContain("k3y-value");
    expect(secrets).toContain("https://hooks.slack.com/services/T/B/x");
  });

  test.each([
    [
      { kind: "slak" },
      'notifiers.x: kind "slak" must be a notifier, one of alertmanager(), slack(), webhook(), did you mean "slack"?',
    ],
    [{ kind: "slack", url: "hooks.slack.com" }, "must be a URL such as https://example.org/hook"],
    [5, "must be a notifier"],
    [
      { kind: "webhook", url: "https://x.example", headers: { "a b": "1" } },
      "notifiers.x.headers: must be headers",
    ],
    [
      { kind: "webhook", url: "https://x.example", headers: { a: "s3cret\r\nb: c" } },
      "notifiers.x.headers: must be headers",
    ],
  ])("that are none are refused: %j", (notifier, message) => {
    expect(() => resolved({ notifiers: { x: notifier } })).toThrow(message);
  });
});
