import { randomUUID } from "node:crypto";
import { statfsSync } from "node:fs";
import {
  type AlertCounts,
  type AlertStore,
  Alerts,
  type AlertsSettings,
} from "../alerts/alerts.ts";
import type { Logger } from "../core/logger.ts";
import type { Settings } from "../core/settings.ts";
import { GuardedCalls } from "../pipeline/guarded-calls.ts";
import { realClock } from "../pipeline/real-clock.ts";
import type { PipelineView } from "../pipeline/view.ts";
import type { State } from "../state/state.ts";

/** The note of the state that the alerts are kept in. */
const NOTE = "alerts";

/** The alerts of a running service: over its view, kept in its state. */
export function alertService(
  settings: Settings,
  parts: {
    readonly view: PipelineView;
    readonly state: State;
    readonly logger: Logger;
    /** Where the service is served, once it is. */
    readonly url: () => string | undefined;
  },
): Alerts {
  const { view, state, logger, url } = parts;
  return new Alerts(alertSettingsOf(settings), {
    view,
    clock: realClock,
    logger,
    callsTo: (notifier) =>
      new GuardedCalls({
        label: `notifier ${notifier}`,
        clock: realClock,
        logger,
        random: Math.random,
      }),
    store: storeIn(state),
    diskFree: () => diskFree(settings.state.dir),
    link: () => `${url() ?? ""}/#/alerts`,
    newId: () => randomUUID().slice(0, 8),
  });
}

/** What of the settings the alerts go by. */
export function alertSettingsOf({
  name,
  alerts = [],
  notifiers = [],
  secrets,
}: Settings): AlertsSettings {
  return { name, alerts, notifiers, secrets };
}

/** What the bus is told of alerts: how many instances fire and are pending, and of each alert how many fire. */
export function alertMetrics({ rules }: Pick<AlertCounts, "rules">): Record<string, number> {
  const sum = (of: (rule: (typeof rules)[number]) => number): number =>
    rules.reduce((total, rule) => total + of(rule), 0);
  return {
    alerts_firing: sum(({ firing }) => firing),
    alerts_pending: sum(({ pending }) => pending),
    ...Object.fromEntries(rules.map(({ name, firing }) => [`alert.${name}`, firing])),
  };
}

function storeIn(state: State): AlertStore {
  return {
    read() {
      const bytes = state.note(NOTE);
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
    },
    write: (text) => state.keepNote(NOTE, new TextEncoder().encode(text)),
  };
}

/** What is free for this user; undefined: the file system does not say. */
function diskFree(dir: string): number | undefined {
  try {
    const { bavail, blocks } = statfsSync(dir);
    return blocks > 0 ? bavail / blocks : undefined;
  } catch {
    return undefined;
  }
}
