import type { AlertSettings } from "../../src/core/alert-settings.ts";
import { durationMicros } from "../../src/core/time.ts";

export const seconds = (count: number) => durationMicros(count * 1e6);

/** An alert on a signal above 90, unless it is said otherwise. */
export function alertOf(parts: Partial<AlertSettings> = {}): AlertSettings {
  return {
    name: "hot",
    when: {
      kind: "signal",
      signal: "outbox_rows",
      threshold: { side: "above", limit: 90, until: 90 },
    },
    for: seconds(0),
    keepFiring: seconds(0),
    severity: "warning",
    summary: "{alert} is {value}, beyond {limit}",
    description: undefined,
    labels: {},
    annotations: {},
    notify: ["ops"],
    isBuiltIn: false,
    ...parts,
  };
}
