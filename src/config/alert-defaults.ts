import {
  type ConditionCall,
  deadLetters,
  diskFree,
  eventsLost,
  outboxFill,
  sinkDown,
  sourceDown,
} from "./alert-calls.ts";
import type { AlertInput } from "./alerts.ts";

/** What no helper makes: it makes sense with one threshold alone, and so it is there. */
function flag(kind: "unbalanced" | "fenced" | "failed"): ConditionCall {
  return { kind };
}

/**
 * Alerts that come with the program, by their names. A configuration may change any part of one, or turn it off.
 */
export const BUILT_IN_ALERTS = {
  source_down: {
    when: sourceDown(),
    for: "1m",
    severity: "critical",
    summary: "The source cannot be reached",
    description: "No events are read. They wait in the bus, as long as it keeps them.",
  },
  sink_down: {
    when: sinkDown(),
    for: "1m",
    severity: "critical",
    summary: "Sink {labels.sink} cannot be reached",
    description: "Rows wait in the outbox and are written when it is back.",
  },
  outbox_filling: {
    when: outboxFill({ above: 0.7, until: 0.5 }),
    for: "1m",
    severity: "warning",
    summary: "The outbox of sink {labels.sink} is {value} full",
    description: "At 100% nothing more is read until the sink takes some rows.",
  },
  events_lost: {
    when: eventsLost({ over: "15m" }),
    for: "0s",
    severity: "critical",
    summary: "The bus threw {value} events away before they were read",
    description:
      "Windows that they belong to are marked partial. Let the bus keep events for longer.",
  },
  dead_letters_growing: {
    when: deadLetters({ over: "5m", above: 1000, until: 100 }),
    for: "5m",
    severity: "warning",
    summary: "{value} events were refused within 5 minutes",
    description: "The page of the dead letters says why; aggregator dead-letters brings them back.",
  },
  ledger_unbalanced: {
    when: flag("unbalanced"),
    for: "1m",
    severity: "critical",
    summary: "The ledger does not balance",
    description: "Some event is not accounted for. Please report it with aggregator audit.",
  },
  disk_nearly_full: {
    when: diskFree({ below: 0.1, until: 0.15 }),
    for: "1m",
    severity: "critical",
    summary: "Only {value} of the disk of the state is free",
    description: "On a full disk no checkpoint can be made, and reading stops.",
  },
  sink_fenced: {
    when: flag("fenced"),
    for: "0s",
    severity: "critical",
    summary: "Another process took over a sink; this one stopped",
    description: "Two services write as the same pipeline. Stop one, or give one another name.",
  },
  service_failed: {
    when: flag("failed"),
    for: "0s",
    severity: "critical",
    summary: "The service stopped by a failure",
    description: "Its log says why. This is resolved when it runs again.",
  },
} as const satisfies Readonly<Record<string, AlertInput>>;

export type BuiltInAlert = keyof typeof BUILT_IN_ALERTS;
