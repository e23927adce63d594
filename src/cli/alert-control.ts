import type { Alerts, AlertsSettings } from "../alerts/alerts.ts";
import { globMatcher } from "../core/glob.ts";
import { nearest } from "../core/nearest.ts";
import type { ServiceControl } from "../pipeline/control.ts";

/** What an operator may do about alerts. */
export function alertControl(
  alerts: () => Alerts,
  settings: () => AlertsSettings,
): Pick<ServiceControl, "silenceAlerts" | "unsilenceAlerts" | "testNotifier"> {
  return {
    silenceAlerts: async (request) => {
      checkName(request.name, settings());
      return alerts().silence(request);
    },
    unsilenceAlerts: async (which) => alerts().unsilence(which),
    testNotifier: async (name) => {
      const names = settings().notifiers.map((notifier) => notifier.name);
      if (!names.includes(name)) throw new Error(unknownNotifier(name, names));
      await alerts().testNotifier(name);
    },
  };
}

function unknownNotifier(name: string, names: readonly string[]): string {
  if (names.length === 0) return `Cannot test "${name}": no notifier is configured`;
  const meant = nearest(name, names);
  const hint = meant === undefined ? "" : `, did you mean "${meant}"?`;
  return `Cannot test "${name}": the notifiers are ${names.join(", ")}${hint}`;
}

/** A misspelt name would silence nothing, and look as if it had. */
function checkName(name: string, { alerts }: AlertsSettings): void {
  const names = alerts.map((alert) => alert.name);
  const matches = globMatcher(name);
  if (names.some((one) => matches(one))) return;
  const meant = nearest(name, names);
  const hint = meant === undefined ? "" : `, did you mean "${meant}"?`;
  throw new Error(`Cannot silence "${name}": no alert has this name${hint}`);
}
