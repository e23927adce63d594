import { type AlertSettings, SEVERITIES } from "../core/alert-settings.ts";
import type {
  AlertReport,
  AlertRuleView,
  AlertView,
  NotifierView,
  ResolvedAlert,
} from "../pipeline/view.ts";
import { clockOf } from "./alert-clock.ts";
import { conditionText } from "./condition-text.ts";
import type { Evaluator } from "./evaluator.ts";
import { filler } from "./filler.ts";
import type { Instance } from "./instances.ts";
import { isFlapping } from "./machine.ts";
import type { Silences } from "./silences.ts";

interface Parts {
  readonly settings: { readonly name: string; readonly alerts: readonly AlertSettings[] };
  readonly evaluator: Evaluator;
  readonly silences: Silences;
  readonly resolved: readonly ResolvedAlert[];
  readonly notifiers: readonly NotifierView[];
  /** Unix seconds of our clock. */
  readonly now: number;
}

/** Instances of an alert by their state. */
export type AlertCount = Pick<AlertRuleView, "name" | "pending" | "firing">;

/** How many instances of each alert are pending and fire, without a word about any. */
export function countsOf({
  settings,
  evaluator,
}: Pick<Parts, "settings" | "evaluator">): AlertCount[] {
  const counts = settings.alerts.map(({ name }) => ({ name, pending: 0, firing: 0 }));
  const byName = new Map(counts.map((count) => [count.name, count]));
  for (const { settings: alert, instance } of evaluator.active()) {
    byName.get(alert.name)![stateOf(instance)]++; // it has the alerts of the settings
  }
  return counts;
}

/** All of the alerts, for whoever looks. */
export function reportOf(parts: Parts): AlertReport {
  const { settings, evaluator, silences, resolved, notifiers, now } = parts;
  const counts = countsOf(parts);
  return {
    alerts: Array.from(evaluator.active(), (active) => viewOf(active, parts)).sort(worstFirst),
    resolved,
    silences: silences.at(now),
    rules: settings.alerts.map((alert, i) => ({
      name: alert.name,
      when: conditionText(alert.when),
      for_seconds: alert.for / 1e6,
      severity: alert.severity,
      notify: alert.notify,
      built_in: alert.isBuiltIn,
      pending: counts[i]!.pending,
      firing: counts[i]!.firing,
      left_out: evaluator.leftOut(alert.name),
    })),
    notifiers,
  };
}

function viewOf(
  { settings: alert, instance }: { readonly settings: AlertSettings; readonly instance: Instance },
  { settings, silences, now }: Parts,
): AlertView {
  const { labels, value, since, seenAt } = instance;
  const fill = filler(alert, { labels, value, pipeline: settings.name });
  const silence = silences.of(alert, labels, now);
  return {
    name: alert.name,
    state: stateOf(instance),
    severity: alert.severity,
    since: since / 1e6,
    clock: clockOf(alert),
    value: Number.isFinite(value) ? value : null,
    labels: { ...labels, ...alert.labels },
    summary: fill(alert.summary),
    ...(alert.description === undefined ? {} : { description: fill(alert.description) }),
    silenced: silence !== undefined,
    ...(silence === undefined ? {} : { silenced_until: silence.until }),
    ...(isFlapping(instance, seenAt) ? { flapping: true } : {}),
  };
}

/** Of one that is active. */
function stateOf({ state }: Instance): AlertView["state"] {
  return state === "firing" ? "firing" : "pending";
}

function worstFirst(a: AlertView, b: AlertView): number {
  const rank = (one: AlertView): number =>
    SEVERITIES.indexOf(one.severity) + (one.state === "firing" ? 0 : SEVERITIES.length);
  return rank(a) - rank(b) || b.since - a.since;
}
