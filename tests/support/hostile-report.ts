import type { AlertReport, AlertView } from "../../src/pipeline/view.ts";

const NAME = '<img src=x onerror="globalThis.broken = 1">\u202etrap';

/** Alerts of every kind, with names that want to be markup, and texts that are too long. */
export function hostileReport(): AlertReport {
  const base: AlertView = {
    name: "hot_pump",
    state: "firing",
    severity: "critical",
    since: 1_700_000_000,
    clock: "event",
    value: 91.25,
    labels: {
      name: NAME,
      host: "h".repeat(300),
      "<b>key</b>": "<script>globalThis.broken = 1</script>",
    },
    summary: `max of ${NAME} is 91.25 ${"without-a-space".repeat(30)}`,
    description: "Look at <u>the pump</u>, then at the valve.",
    silenced: false,
    flapping: true,
  };
  return {
    alerts: [
      base,
      {
        ...base,
        name: "lag",
        severity: "warning",
        clock: "processing",
        silenced: true,
        silenced_until: 1_700_009_000,
      },
      { ...base, name: "cold", severity: "info", state: "pending", value: null, labels: {} },
    ],
    resolved: [
      {
        name: "sink_down",
        state: "resolved",
        severity: "critical",
        clock: "processing",
        value: 1,
        labels: { sink: NAME },
        summary: `Sink ${NAME} cannot be reached`,
        since: 1_699_990_000,
        resolved_at: 1_699_990_300,
      },
    ],
    silences: [
      {
        id: "1f00a2c3",
        name: "lag",
        labels: { host: NAME },
        since: 1_700_000_000,
        until: 1_700_009_000,
        comment: "<b>upgrade</b>",
      },
    ],
    rules: [
      {
        name: "hot_pump",
        when: `max of ${NAME} above 90 until 80`,
        for_seconds: 300,
        severity: "critical",
        notify: ["ops"],
        built_in: false,
        pending: 0,
        firing: 1,
        left_out: 3,
      },
      {
        name: "sink_down",
        when: "sink is down",
        for_seconds: 60,
        severity: "critical",
        notify: [],
        built_in: true,
        pending: 0,
        firing: 0,
        left_out: 0,
      },
    ],
    notifiers: [
      {
        name: "ops",
        kind: "slack",
        sent: 12,
        errors: 3,
        dropped: 1,
        waiting: 2,
        problem: `status 500: ${NAME}`,
      },
    ],
  };
}
