import { loadConfig } from "../config/load.ts";
import { ConfigError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import type { RuleEffect } from "../pipeline/change-effect.ts";
import { lineOfSink, textOfDifference } from "../pipeline/change-text.ts";
import type { RuleChange } from "../pipeline/rule-changes.ts";
import { isSame, type SettingsChanges, settingsChanges } from "../pipeline/settings-changes.ts";
import { configArg, jsonArg } from "./args.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { effectOf, type StateEffect } from "./diff-state.ts";
import { EXIT } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

export const diff = defineCommand({
  name: "diff",
  summary: "Tell what another configuration would change, and what becomes of open windows",
  args: {
    new: {
      type: "positional",
      required: true,
      description: "The configuration that would come into force",
    },
    config: {
      ...configArg,
      description: "The one in force. Default: aggregator.config.ts here, else the environment",
    },
    json: jsonArg,
  },
  completes: { new: "file" },
  failsWhen: "something would change",
  examples: [
    { line: "aggregator diff new.config.ts", does: "Exit code 0: nothing changes; 1: something" },
    {
      line: "git show HEAD:aggregator.config.ts > old.config.ts; aggregator diff aggregator.config.ts -c old.config.ts",
      does: "What a reload would do after an edit",
    },
  ],
  async run({ new: path, config, json }, context) {
    const { terminal } = context;
    try {
      const before = await load(config, context);
      const after = await load(path, context);
      const changes = settingsChanges(before, after);
      const effect = await effectOf(before, after);
      const same = isSame(changes);
      if (json) terminal.print(JSON.stringify({ same, ...changes, state: effect }));
      else print({ changes, effect, same }, terminal);
      return same ? EXIT.ok : EXIT.failed;
    } catch (failure) {
      if (!json || !(failure instanceof ConfigError)) throw failure;
      terminal.print(JSON.stringify({ ok: false, issues: failure.issues }));
      return EXIT.config;
    }
  },
});

async function load(
  path: string | undefined,
  { terminal, env, cwd }: CommandContext,
): Promise<Settings> {
  const settings = await loadConfig({ path, cwd, env });
  terminal.hide(settings.secrets);
  return settings;
}

interface Report {
  readonly changes: SettingsChanges;
  readonly effect: StateEffect;
  readonly same: boolean;
}

function print({ changes, effect, same }: Report, terminal: Terminal): void {
  const { rules, sinks, source, others, restart } = changes;
  terminal.print(same ? "Nothing changes" : "What changes:");
  for (const change of rules) {
    const [first, ...more] = linesOfRule(change, effect);
    terminal.print(`  rule    ${first}`);
    for (const line of more) terminal.print(`          ${line}`);
  }
  for (const change of sinks) {
    terminal.print(`  ${lineOfSink(change).replace(/^sink /, "sink    ")}`);
    if (change.kind === "removed") terminal.print("          rows that wait for it are kept");
  }
  if (source.length > 0) terminal.print(`  source  changed: ${source.join(", ")}`);
  for (const difference of others) terminal.print(`  setting ${textOfDifference(difference)}`);
  for (const { path, message } of restart) terminal.print(`  RESTART ${path} ${message}`);
  if ("unknown" in effect) terminal.print(`State: ${effect.unknown}; open windows are not counted`);
}

/** What becomes of a rule, and of the windows it holds. */
function linesOfRule({ rule, kind, differences }: RuleChange, effect: StateEffect): string[] {
  const held = "unknown" in effect ? undefined : effect.rules[rule];
  const windows = held === undefined ? "open windows" : countText(held.open);
  const texts = differences.map(textOfDifference);
  switch (kind) {
    case "same":
      return [`${rule}: unchanged, its state is kept`];
    case "adjusted":
      return [`${rule}: its state is kept`, ...texts];
    case "added":
      return [`${rule}: added; windows that have begun by then are partial`];
    case "removed":
      return [`${rule}: removed; ${windows} given up`];
    case "changed":
      return [`${rule}: changed`, ...texts, ...fateOf(held, windows)];
  }
}

function fateOf(held: RuleEffect | undefined, windows: string): string[] {
  const boundary =
    held?.boundary === undefined
      ? "the first boundary of the new meaning after the newest event"
      : `${new Date(held.boundary * 1000).toISOString()} (${held.boundary}), as things stand`;
  const lines = [
    `${windows}: those that begin before B finish under the old meaning, from B on the new one holds`,
    `B is ${boundary}`,
  ];
  if (held?.givenUpByRestart === true) {
    lines.push("a restart gives them up, since their code is gone; a reload (SIGHUP) does not");
  }
  return lines;
}

function countText(count: number): string {
  return `${count} open ${count === 1 ? "window" : "windows"}`;
}
