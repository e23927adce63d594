import type { LabelPairs } from "../../../src/core/columns.ts";
import type { RuleEvent, RuleMatch, RuleSettings } from "../../../src/core/settings.ts";
import type { OracleEvent, SeenEvent } from "./types.ts";

/** What a rule sees of an event, by `match`, `where`, `map` and `groupBy`. */
export function see(rule: RuleSettings, event: OracleEvent): SeenEvent | "filtered" | "failed" {
  const labels: Record<string, string> = Object.create(null);
  for (const [label, value] of event.labels ?? []) labels[label] = value;
  let seen: Pick<RuleEvent, "name" | "value" | "labels"> = { ...event, labels };
  if (!matches(rule.match, seen)) return "filtered";
  const asked: RuleEvent = {
    ...seen,
    timestamp: event.time / 1_000_000,
    agg_func: rule.aggregate.functions[event.fn]?.key ?? "",
  };
  try {
    if (rule.where !== undefined && !rule.where(asked)) return "filtered";
    if (rule.map !== undefined) {
      const mapped = rule.map(asked);
      if (mapped === undefined) return "filtered";
      seen = {
        name: mapped.name ?? seen.name,
        value: mapped.value ?? seen.value,
        labels: mapped.labels ?? seen.labels,
      };
    }
  } catch {
    return "failed";
  }
  return { series: seriesOf(rule, seen, event.fn), value: seen.value, time: event.time };
}

function seriesOf(
  { groupBy, aggregate }: RuleSettings,
  seen: Pick<RuleEvent, "name" | "labels">,
  named: number,
): SeenEvent["series"] {
  const name = groupBy?.name === false ? "" : seen.name;
  const labels: LabelPairs = (groupBy?.labels ?? [])
    .filter((label) => Object.hasOwn(seen.labels, label))
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((label) => [label, seen.labels[label]!]);
  const fn = aggregate.kind === "event" ? named : undefined;
  return { key: JSON.stringify([name, labels, fn]), name, labels, fn };
}

function matches(
  match: RuleMatch | undefined,
  { name, labels }: Pick<RuleEvent, "name" | "labels">,
): boolean {
  const isNamed = match?.name?.some((glob) => fits(glob, name)) ?? true;
  return (
    isNamed &&
    [...(match?.labels ?? [])].every(
      ([label, globs]) =>
        Object.hasOwn(labels, label) && globs.some((glob) => fits(glob, labels[label]!)),
    )
  );
}

/** Whether a text is what a glob says, a character at a time. */
function fits(glob: string, text: string): boolean {
  if (glob === "") return text === "";
  const rest = glob.slice(1);
  if (glob[0] === "*") return fits(rest, text) || (text !== "" && fits(glob, text.slice(1)));
  if (text === "") return false;
  const close = glob.indexOf("]");
  if (glob[0] === "[" && close > 0) {
    return glob.slice(1, close).includes(text[0]!) && fits(glob.slice(close + 1), text.slice(1));
  }
  return (glob[0] === "?" || glob[0] === text[0]) && fits(rest, text.slice(1));
}
