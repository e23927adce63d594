import { conditionText } from "../alerts/condition-text.ts";
import { loadConfig } from "../config/load.ts";
import { ConfigError } from "../core/errors.ts";
import { silentLogger } from "../core/logger.ts";
import type { Settings } from "../core/settings.ts";
import { formatDuration, secondsOf } from "../core/time.ts";
import { realClock } from "../pipeline/real-clock.ts";
import { type PartCheck, tryConnections } from "../pipeline/try-connections.ts";
import { configArg, jsonArg } from "./args.ts";
import { defineCommand } from "./command.ts";
import { EXIT } from "./exit.ts";
import { linesOfRule, type RuleSummary, summaryOfRule } from "./rule-summary.ts";
import type { Terminal } from "./terminal.ts";

export const check = defineCommand({
  name: "check",
  summary: "Check the configuration and say what would run",
  args: {
    config: configArg,
    connect: { type: "boolean", description: "Try the source and the sinks, too" },
    json: jsonArg,
  },
  failsWhen: "with `--connect`, a part cannot be reached",
  examples: [
    { line: "aggregator check", does: "Every error of the configuration at once, exit code 78" },
    { line: "aggregator check --connect", does: "Are the bus and the stores there, too" },
  ],
  async run({ config, connect, json }, { terminal, env, cwd }) {
    let settings: Settings;
    try {
      settings = await loadConfig({ path: config, cwd, env });
    } catch (failure) {
      if (!json || !(failure instanceof ConfigError)) throw failure;
      terminal.print(JSON.stringify({ ok: false, issues: failure.issues }));
      return EXIT.config;
    }
    terminal.hide(settings.secrets);
    const parts = connect
      ? await tryConnections(settings, {
          clock: realClock,
          logger: silentLogger,
          generation: Math.floor(secondsOf(realClock.now())),
        })
      : [];
    const ok = parts.every(({ problem }) => problem === undefined);
    if (json) terminal.print(JSON.stringify({ ok, ...summaryOf(settings), connections: parts }));
    else print(settings, parts, terminal);
    return ok ? EXIT.ok : EXIT.failed;
  },
});

interface Summary {
  readonly name: string;
  readonly origin: string;
  readonly source: { readonly kind: string; readonly description: string };
  readonly rules: readonly RuleSummary[];
  readonly sinks: readonly {
    readonly name: string;
    readonly kind: string;
    readonly description: string;
    readonly delivery: string;
  }[];
  readonly alerts: readonly AlertSummary[];
  readonly notifiers: readonly { readonly name: string; readonly kind: string }[];
}

interface AlertSummary {
  readonly name: string;
  /** What it looks at, in words. */
  readonly when: string;
  readonly for: string;
  readonly severity: string;
  readonly notify: readonly string[];
  readonly builtIn: boolean;
}

function summaryOf(settings: Settings): Summary {
  const { definition, options } = settings.source;
  return {
    name: settings.name,
    origin: settings.origin,
    source: { kind: definition.name, description: definition.describe(options) },
    rules: settings.rules.map(summaryOfRule),
    sinks: settings.sinks.map((sink) => ({
      name: sink.name,
      kind: sink.definition.name,
      description: sink.definition.describe(sink.options),
      delivery: sink.definition.delivery,
    })),
    alerts: (settings.alerts ?? []).map((alert) => ({
      name: alert.name,
      when: conditionText(alert.when),
      for: formatDuration(alert.for),
      severity: alert.severity,
      notify: alert.notify,
      builtIn: alert.isBuiltIn,
    })),
    notifiers: (settings.notifiers ?? []).map(({ name, kind }) => ({ name, kind })),
  };
}

function print(settings: Settings, parts: readonly PartCheck[], terminal: Terminal): void {
  const { name, origin, source, rules, sinks } = summaryOf(settings);
  terminal.print(`Configuration ${origin} is right`);
  terminal.print(`  name    ${name}`);
  terminal.print(`  source  ${source.kind}: ${source.description}`);
  for (const rule of rules) {
    const [first, ...more] = linesOfRule(rule);
    terminal.print(`  rule    ${first}`);
    for (const line of more) terminal.print(`          ${line}`);
  }
  for (const sink of sinks) {
    const where = `${sink.kind} ${sink.description} (${sink.delivery})`;
    terminal.print(`  sink    ${sink.name}: ${where}`);
  }
  printAlerts(settings, terminal);
  for (const { part, problem } of parts) {
    terminal.print(problem === undefined ? `  ok      ${part}` : `  FAILED  ${part}: ${problem}`);
  }
}

/** Those of the file one by one; those that come with the program in one line, as long as they are as they came. */
function printAlerts(settings: Settings, terminal: Terminal): void {
  const { alerts, notifiers } = summaryOf(settings);
  for (const { name, when, for: wait, severity, notify, builtIn } of alerts) {
    if (builtIn) continue;
    const held = wait === "0s" ? "" : ` for ${wait}`;
    const told = notify.length === 0 ? "nobody" : notify.join(", ");
    terminal.print(`  alert   ${name}: ${when}${held} (${severity}) to ${told}`);
  }
  const own = alerts.filter(({ builtIn }) => builtIn).map(({ name }) => name);
  if (own.length > 0) terminal.print(`  alerts  of the program: ${own.join(", ")}`);
  for (const { name, kind } of notifiers) terminal.print(`  notify  ${name}: ${kind}`);
}
