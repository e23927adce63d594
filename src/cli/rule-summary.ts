import { paneOf } from "../config/window.ts";
import { takesObjectRoad } from "../core/object-road.ts";
import type { AggregateSettings, GroupBy, RuleSettings } from "../core/settings.ts";
import { formatDuration } from "../core/time.ts";
import { windowText } from "../core/window-text.ts";

/** What a rule would do, for a person and, as JSON, for a program. */
export interface RuleSummary {
  readonly name: string;
  readonly window: string;
  /** Of hopping windows alone. */
  readonly panesPerWindow?: number;
  readonly allowedLateness: string;
  readonly functions: string;
  /** What tells series apart, and how many there may be. */
  readonly series: string;
  readonly maxSeries: number;
  /** How its events go; `windows` when it reads those of another rule. */
  readonly road: "fast road" | "object road" | "windows";
  readonly from?: string;
  readonly to: readonly string[];
}

/** A name with its parameter may be long: a histogram has up to a thousand bounds. */
const NAME_LENGTH_MAX = 60;

export function summaryOfRule(rule: RuleSettings): RuleSummary {
  const { name, window, allowedLateness, aggregate, groupBy, seriesMax, from, to } = rule;
  const road = takesObjectRoad(rule) ? "object road" : "fast road";
  return {
    name,
    window: windowText(window),
    ...(window.kind === "hopping" ? { panesPerWindow: window.size / paneOf(window) } : {}),
    allowedLateness: formatDuration(allowedLateness),
    functions: functionsText(aggregate),
    series: seriesText(groupBy, aggregate),
    maxSeries: seriesMax,
    road: from === undefined ? road : "windows",
    ...(from === undefined ? {} : { from }),
    to,
  };
}

/** The summary as lines: what the rule computes, and how. */
export function linesOfRule(rule: RuleSummary): readonly string[] {
  const { window, panesPerWindow: panes, allowedLateness, functions, series, from } = rule;
  const parts = panes === undefined ? "" : ` of ${panes} ${panes === 1 ? "pane" : "panes"}`;
  const late = allowedLateness === "0s" ? "" : `, late by up to ${allowedLateness}`;
  const reads = from === undefined ? rule.road : `from the windows of ${from}`;
  return [
    `${rule.name}: ${window}${parts}${late}, ${functions} to ${rule.to.join(", ")}`,
    `${series}, at most ${rule.maxSeries}; ${reads}`,
  ];
}

function functionsText({ kind, functions }: AggregateSettings): string {
  const texts = functions.map(({ key, aggregation }) => {
    const name = shortened(aggregation.name);
    return key === aggregation.name ? name : `${key} = ${name}`;
  });
  return kind === "event" ? `the event's own of ${texts.join(", ")}` : texts.join(", ");
}

function shortened(name: string): string {
  return name.length > NAME_LENGTH_MAX ? `${name.slice(0, NAME_LENGTH_MAX)}…` : name;
}

function seriesText(groupBy: GroupBy | undefined, { kind }: AggregateSettings): string {
  const { name, labels } = groupBy ?? { name: true, labels: [] };
  const keys = [
    ...(name ? ["name"] : []),
    ...labels.map((label) => `labels.${label}`),
    ...(kind === "event" ? ["agg_func"] : []),
  ];
  return keys.length === 0 ? "one series" : `series by ${keys.join(", ")}`;
}
