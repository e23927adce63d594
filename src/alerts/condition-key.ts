import type { AlertSettings } from "../core/alert-settings.ts";

/** What of an alert has to be the same for what is pending or fires to go on. */
export function conditionKey({ when, for: wait }: Pick<AlertSettings, "when" | "for">): string {
  return JSON.stringify([when, wait], (_, value: unknown) =>
    value instanceof Map ? [...value] : value,
  );
}
