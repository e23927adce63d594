import type { AlertSettings } from "../core/alert-settings.ts";
import type { ResolvedAlert } from "../pipeline/view.ts";
import { clockOf } from "./alert-clock.ts";
import type { Incident } from "./book.ts";
import { filler } from "./filler.ts";
import type { Change, Instance } from "./instances.ts";

/** What an instance that began to fire is to others. @param at.now Unix seconds of our clock. */
export function incidentOf(
  change: Change,
  at: { readonly now: number; readonly pipeline: string },
): Incident {
  const { settings, key, labels } = change;
  return {
    alert: settings.name,
    key,
    severity: settings.severity,
    labels: { ...labels, ...settings.labels },
    startsAt: at.now,
    endsAt: undefined,
    ...textsOf(settings, change, at.pipeline),
  };
}

/** What is said of an instance with the value that it has. */
export function textsOf(
  settings: AlertSettings,
  { labels, value }: Pick<Instance, "labels" | "value">,
  pipeline: string,
): Pick<Incident, "summary" | "description" | "annotations" | "value"> {
  const fill = filler(settings, { labels, value, pipeline });
  const annotations = Object.entries(settings.annotations);
  return {
    summary: fill(settings.summary),
    description: settings.description === undefined ? undefined : fill(settings.description),
    annotations: Object.fromEntries(annotations.map(([name, text]) => [name, fill(text)])),
    value: Number.isFinite(value) ? value : null,
  };
}

/** What ended, for whoever looks. @param incident As others know it; undefined: there was no room for it. */
export function resolvedOf(
  change: Change,
  incident: Incident | undefined,
  pipeline: string,
): ResolvedAlert {
  const { settings, labels, since, at } = change;
  const { summary, value } = incident ?? textsOf(settings, change, pipeline);
  return {
    name: settings.name,
    state: "resolved",
    severity: settings.severity,
    clock: clockOf(settings),
    value,
    labels,
    summary,
    since: since / 1e6,
    resolved_at: at / 1e6,
  };
}
