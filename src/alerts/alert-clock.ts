import type { AlertSettings } from "../core/alert-settings.ts";

/** By which time an alert goes: that of events, or our own. */
export function clockOf({ when }: Pick<AlertSettings, "when">): "event" | "processing" {
  return when.kind === "rows" || when.kind === "absence" ? "event" : "processing";
}
