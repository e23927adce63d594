import { shownLine } from "../../core/shown-text.ts";
import type { Rates } from "./history.ts";
import { isWell, type Look } from "./look.ts";

/** One look on one line, for a log: `2026-01-31T12:00:00Z plant-7 running ok received=…`. */
export function lineOf(look: Look, rates: Rates): string {
  const when = new Date(look.at * 1000).toISOString().slice(0, 19);
  if (look.kind === "unseen") return `${when}Z unreachable: ${shownLine(look.error)}`;
  const { status, health } = look;
  const { ledger, sinks } = status;
  const outbox = sinks.reduce((sum, sink) => sum + sink.outbox, 0);
  const { eventsPerSecond: rate, lagSeconds: lag } = rates;
  const refused = ledger.late + ledger.future + ledger.invalid + ledger.over_limit;
  const facts = [
    `received=${ledger.received}`,
    ...(rate === undefined ? [] : [`events_per_second=${rate.toFixed(1)}`]),
    ...(lag === undefined ? [] : [`lag_seconds=${lag.toFixed(1)}`]),
    `outbox=${outbox}`,
    `refused=${refused}`,
    `alerts=${status.alerts.length}`,
  ];
  const well = health.status === "ok" ? "ok" : `degraded: ${shownLine(health.reasons.join("; "))}`;
  return `${when}Z ${shownLine(status.name)} ${status.state} ${facts.join(" ")} ${well}`;
}

/** One look as one JSON object: that of `/status`, with what was asked and how it is. */
export function jsonOf(
  look: Look,
  options: { readonly url: string; readonly rates?: Rates },
): string {
  const { url, rates } = options;
  const head = { ok: isWell(look), at: look.at, url };
  if (look.kind === "unseen") return JSON.stringify({ ...head, error: look.error });
  const rate = rates === undefined ? {} : { events_per_second: rates.eventsPerSecond ?? null };
  return JSON.stringify({ ...head, ...rate, health: look.health, ...look.status });
}
