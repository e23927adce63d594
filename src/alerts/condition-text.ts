import { type AlertCondition, SIGNALS, type Threshold } from "../core/alert-settings.ts";
import type { RuleMatch } from "../core/settings.ts";
import { durationMicros, formatDuration } from "../core/time.ts";

/** What an alert looks at, in a line for a person: `max of cpu.* in per_minute above 90 until 80`. */
export function conditionText(when: AlertCondition): string {
  switch (when.kind) {
    case "rows": {
      const what = when.field === "count" ? "events" : (when.func ?? "value");
      return `${what} of ${seriesText(when.match)}${inRule(when.rule)} ${thresholdText(when.threshold, "")}`;
    }
    case "absence":
      return `no row of ${seriesText(when.match)}${inRule(when.rule)} for ${formatDuration(when.after)}`;
    case "metric":
      return `${overText(when)}${when.metric}${labelsOf(when.labels)} ${thresholdText(when.threshold, "")}`;
    case "signal": {
      const { about, unit } = SIGNALS[when.signal];
      const what = `${overText(when)}${about}${labelsOf(when.labels)}`;
      return unit === "flag" ? what : `${what} ${thresholdText(when.threshold, unit)}`;
    }
  }
}

/** A number of a threshold or a value, as a person writes it. */
export function quantityText(value: number, unit: string): string {
  if (!Number.isFinite(value)) return "—";
  if (unit === "share") return `${shortNumber(value * 100)}%`;
  if (unit === "s" && value >= 0) {
    // To the millisecond below a minute, to the second above.
    const grain = value < 60 ? 1_000 : 1_000_000;
    return formatDuration(durationMicros(Math.round((value * 1e6) / grain) * grain));
  }
  return shortNumber(value);
}

export function unitOf(when: AlertCondition): string {
  if (when.kind === "signal") return SIGNALS[when.signal].unit;
  return when.kind === "absence" ? "s" : "";
}

/** The bound that is broken, as the templates name it. */
export function limitOf(when: AlertCondition): number {
  return when.kind === "absence" ? when.after / 1e6 : when.threshold.limit;
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function thresholdText({ side, limit, until }: Threshold, unit: string): string {
  const back = until === limit ? "" : ` until ${quantityText(until, unit)}`;
  return `${side} ${quantityText(limit, unit)}${back}`;
}

function overText({ over }: { readonly over?: number | undefined }): string {
  return over === undefined ? "" : `within ${formatDuration(durationMicros(over))}, `;
}

function seriesText(match: RuleMatch | undefined): string {
  return `${match?.name?.join(" or ") ?? "any name"}${labelsOf(match?.labels)}`;
}

function labelsOf(labels: ReadonlyMap<string, readonly string[]> | undefined): string {
  if (labels === undefined || labels.size === 0) return "";
  return `{${[...labels].map(([label, globs]) => `${label}=${globs.join("|")}`).join(", ")}}`;
}

function inRule(rule: string | undefined): string {
  return rule === undefined ? "" : ` in ${rule}`;
}
