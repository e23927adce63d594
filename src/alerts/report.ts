import { type AlertSettings, SEVERITIES } from "../core/alert-settings.ts";
import type { AlertReport, AlertView, NotifierView, ResolvedAlert } from "../pipeline/view.ts";
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

/** All of the alerts, for whoever looks. */
export function reportOf(parts: Parts): AlertReport {
  const { settings, evaluator, silences, resolved, notifiers, now } = parts;
  const counts = new Map<string, { pending: number; firing: number }>();
  const alerts: AlertView[] = [];
  for (const { settings: alert, instance } of evaluator.active()) {
    const view = viewOf(alert, instance, parts);
    alerts.push(view);
    const count = counts.get(alert.name) ?? { pending: 0, firing: 0 };
    count[view.state]++;
    counts.set(alert.name, count);
  }
  return {
    alerts: alerts.sort(worstFirst),
    resolved,
    silences: silences.at(now),
    rules: settings.alerts.map((alert) => ({
      name: alert.name,
      when: conditionText(alert.when),
      for_seconds: alert.for / 1e6,
      severity: alert.severity,
      notify: alert.notify,
      built_in: alert.isBuiltIn,
      ...(counts.get(alert.name) ?? { pending: 0, firing: 0 }),
      left_out: evaluator.leftOut(alert.name),
    })),
    notifiers,
  };
}

function viewOf(
  alert: AlertSettings,
  instance: Instance,
  { settings, silences, now }: Parts,
): AlertView {
  const { labels, value, since, state, seenAt } = instance;
  const fill = filler(alert, { labels, value, pipeline: settings.name });
  const silence = silences.of(alert, labels, now);
  return {
    name: alert.name,
    state: state === "firing" ? "firing" : "pending",
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

function worstFirst(a: AlertView, b: AlertView): number {
  const rank = (one: AlertView): number =>
    SEVERITIES.indexOf(one.severity) + (one.state === "firing" ? 0 : SEVERITIES.length);
  return rank(a) - rank(b) || b.since - a.since;
}
