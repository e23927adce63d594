/* oxlint-disable typescript/restrict-template-expressions -- env() is made for templates. */
/** What the editor must mark red in alerts, and what it must not. The compiler reads this; nothing runs it. */

import {
  alertmanager,
  defineConfig,
  diskFree,
  env,
  eventFunction,
  eventsLost,
  max,
  noRows,
  outboxAge,
  ownMetric,
  rowValue,
  sinkDown,
  slack,
  sourceDown,
  stdout,
  tumbling,
  watermarkLag,
  webhook,
} from "../../src/index.ts";

const window = tumbling("60s");
const rules = {
  per_minute: { window, aggregate: eventFunction() },
  peaks: { window, aggregate: max() },
};
const notifiers = {
  ops: slack({ url: env("SLACK_URL") }),
  am: alertmanager({ url: "http://am:9093", resendEvery: "30s" }),
  hook: webhook({ url: "https://x.example", headers: { authorization: `Bearer ${env("KEY")}` } }),
};
const sinks = { lines: stdout() };

// All of it.
defineConfig({
  rules,
  sinks,
  notifiers,
  alerts: {
    hot: {
      when: rowValue({
        rule: "peaks",
        name: ["t.*"],
        labels: { host: "a*" },
        above: 90,
        until: 80,
      }),
      for: "5m",
      keepFiring: "1m",
      severity: "critical",
      summary: "{labels.name} is {value}",
      description: "…",
      labels: { team: "ops" },
      annotations: { runbook: "https://x.example" },
      notify: ["ops", "am"],
    },
    silent: { when: noRows({ name: "beat", after: env("AFTER") }) },
    slow: { when: watermarkLag({ above: "5m" }), notify: [] },
    errors: { when: ownMetric("aggregator_sink_errors_total", { over: "5m", above: 3 }) },
    source: { when: sourceDown() },
    old: { when: outboxAge({ sink: "lines", above: "1h", until: "5m" }) },
    lost: { when: eventsLost() },
    // Those that come with the program need no condition, and can be turned off.
    sink_down: { for: "10m", notify: ["hook"] },
    disk_nearly_full: { when: diskFree({ below: env("SHARE") }) },
    events_lost: "off",
  },
});
// Alerts alone.
defineConfig({ alerts: { a: { when: rowValue({ above: 1 }) } } });

// @ts-expect-error A misspelt rule.
defineConfig({ rules, alerts: { a: { when: rowValue({ rule: "per_minut", above: 1 }) } } });
// @ts-expect-error A misspelt rule of an absence.
defineConfig({ rules, alerts: { a: { when: noRows({ rule: "peak", name: "a", after: "1h" }) } } });
// @ts-expect-error A misspelt notifier.
defineConfig({ notifiers, alerts: { a: { when: sinkDown(), notify: ["opps"] } } });
// @ts-expect-error A misspelt notifier of an alert of the program.
defineConfig({ notifiers, alerts: { sink_down: { notify: ["opps"] } } });
// @ts-expect-error A misspelt metric.
ownMetric("aggregator_outbox_row", { above: 1 });
// @ts-expect-error A misspelt option.
defineConfig({ alerts: { a: { when: sinkDown(), severty: "info" } } });
// @ts-expect-error A misspelt severity.
defineConfig({ alerts: { a: { when: sinkDown(), severity: "fatal" } } });
// @ts-expect-error No condition, and none of those that come with the program.
defineConfig({ alerts: { a: { for: "1m" } } });
// @ts-expect-error A number is no duration.
defineConfig({ alerts: { a: { when: sinkDown(), for: 60 } } });
// @ts-expect-error No bound.
rowValue({ name: "a" });
// @ts-expect-error Two bounds.
rowValue({ above: 1, below: 0 });
// @ts-expect-error A number is no duration.
watermarkLag({ above: 60 });
// @ts-expect-error Without how long.
noRows({ name: "a" });
// @ts-expect-error A misspelt option of a condition.
rowValue({ above: 1, untill: 0 });
// @ts-expect-error Without an address.
slack({});
// @ts-expect-error A sink is no notifier.
defineConfig({ notifiers: { a: stdout() } });
