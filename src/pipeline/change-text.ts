import type { Difference, RuleChange } from "./rule-changes.ts";
import type { SettingsChanges, SinkChange } from "./settings-changes.ts";

/** What changes, a line each: for the log and for whoever asked. Empty: nothing that is said differs. */
export function linesOfChanges({ rules, sinks, source, others }: SettingsChanges): string[] {
  return [
    ...rules.filter(({ kind }) => kind !== "same").map(lineOfRule),
    ...sinks.map(lineOfSink),
    ...(source.length === 0 ? [] : [`source changed: ${source.join(", ")}`]),
    ...others.map(textOfDifference),
  ];
}

function lineOfRule({ rule, kind, differences }: RuleChange): string {
  const what = differences.map(textOfDifference).join("; ");
  return `rule ${rule} ${kind}${what === "" ? "" : `: ${what}`}`;
}

export function lineOfSink({ sink, kind, options }: SinkChange): string {
  return `sink ${sink} ${kind}${options.length === 0 ? "" : `: ${options.join(", ")}`}`;
}

export function textOfDifference({ what, before, after }: Difference): string {
  return `${what} ${before} → ${after}`;
}
