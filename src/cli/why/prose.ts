import type { ResultRow } from "../../core/result.ts";
import type {
  Explanation,
  RuleExplanation,
  WindowExplanation,
} from "../../pipeline/explain/explanation.ts";
import type { FollowedEvent } from "../../pipeline/explain/followed-events.ts";

/** Windows and rows that are told of one rule; --json has all. */
const SHOWN_MAX = 10;

/** What became of an event, for a person. */
export function proseOf(event: FollowedEvent): string[] {
  return [
    `${event.at}: ${event.event.trim()}`,
    `  ${verdictOf(event)}`,
    ...(event.watermark === null ? [] : [`  The watermark stood at ${timeText(event.watermark)}.`]),
    ...event.rules.flatMap((rule) => ruleLines(rule, event)),
  ];
}

function verdictOf(event: Explanation): string {
  const { outcome, duplicate_of, id, detail, reason } = event;
  switch (outcome) {
    case "aggregated": {
      const taken = event.rules.filter(
        (rule) => rule.outcome === "aggregated" || rule.outcome === "late_partial",
      ).length;
      const of = event.rules.length;
      return `Aggregated${taken < of ? `, by ${taken} of ${of} rules` : ""}.`;
    }
    case "duplicate": {
      const first =
        duplicate_of === null
          ? "before what we know of"
          : `at ${duplicate_of ?? "a place unknown"}`;
      return `A duplicate: an event with the id ${JSON.stringify(id)} came first ${first}.`;
    }
    case "filtered":
      return event.rules.length === 0
        ? "Filtered: it is one of our own metrics."
        : "Filtered: no rule wants it.";
    case "late":
    case "future":
    case "invalid":
    case "over_limit":
      return `Refused as ${reason ?? outcome}: ${detail ?? ""}.`;
  }
}

function ruleLines(rule: RuleExplanation, event: FollowedEvent): string[] {
  const { windows, windows_left_off = 0 } = rule;
  const lines = [`  ${rule.rule}: ${ruleVerdict(rule)}`];
  if (rule.outcome === "filtered" || rule.outcome === "failed") return lines;
  for (const window of windows.slice(0, SHOWN_MAX)) {
    lines.push(`    ${windowText(window)}`);
    const inWindow = event.rows.filter((row) => row.rule === rule.rule && isOf(row, window));
    for (const row of inWindow.slice(0, SHOWN_MAX)) lines.push(`      ${rowText(row)}`);
  }
  const more = Math.max(windows.length - SHOWN_MAX, 0) + windows_left_off;
  if (more > 0) lines.push(`    … and ${more} more windows`);
  return lines;
}

/** A session may have grown since the event came. */
function isOf(row: ResultRow, { start, end }: WindowExplanation): boolean {
  return row.window_start <= start && end <= row.window_end;
}

function ruleVerdict(rule: RuleExplanation): string {
  const { outcome, filtered_by, from } = rule;
  const through = from === undefined ? "" : `, through the windows of ${from}`;
  switch (outcome) {
    case "aggregated":
      return `taken, into the series ${seriesText(rule)}${through}`;
    case "late_partial":
      return `taken, into the series ${seriesText(rule)}${through}, but too late for some of its windows`;
    case "late":
      return `too late for the series ${seriesText(rule)}${through}`;
    case "over_limit":
      return `not taken: the series ${seriesText(rule)} would be one more than maxSeries`;
    case "failed":
      return "not taken: its where or map threw";
    case "filtered":
      return `not wanted by ${filtered_by ?? "the rule"}${through}`;
  }
}

function seriesText({ name = "", labels = {}, agg_func = [] }: RuleExplanation): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  const key = `${name === "" ? "" : JSON.stringify(name)}${pairs.length === 0 ? "" : `{${pairs.join(", ")}}`}`;
  return `${key} (${agg_func.join(", ")})`;
}

function windowText({ start, end, state, late_by = 0 }: WindowExplanation): string {
  const window = `[${timeText(start)}, ${timeText(end)})`;
  if (state === "open") return `${window}: open`;
  if (state === "over") return `${window}: over, but within allowedLateness: its row is corrected`;
  if (late_by === 0) return `${window}: closed just then`;
  return `${window}: closed, too late by ${late_by.toFixed(3)} s`;
}

function rowText({ agg_func, value, count, revision }: ResultRow): string {
  const corrected = revision === 0 ? "" : `, revision ${revision}`;
  return `row: ${agg_func} = ${value}, of ${count} event${count === 1 ? "" : "s"}${corrected}`;
}

/** A time as people read it, and as events write it. */
function timeText(seconds: number): string {
  const date = new Date(seconds * 1000);
  const iso = Number.isNaN(date.getTime()) ? "" : date.toISOString().replace(".000Z", "Z");
  return `${iso} (${seconds})`.trim();
}
