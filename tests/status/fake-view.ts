import type { RefusalReason } from "../../src/core/event.ts";
import { emptyLedger } from "../../src/core/ledger.ts";
import type { PageRequest, PipelineView } from "../../src/pipeline/view.ts";

/** A pipeline as it looks to the status page, and what the page asked it for. */
export interface FakeView extends PipelineView {
  readonly asked: Asked[];
}

type Asked = PageRequest & { readonly reason?: RefusalReason };

export function fakeView(overrides: Partial<PipelineView> = {}): FakeView {
  const asked: Asked[] = [];
  const ledger = { ...emptyLedger(), received: 3, aggregated: 3, balanced: true };
  return {
    asked,
    health: () => ({ status: "ok" }),
    readiness: () => ({ ready: true }),
    status: () => ({
      name: "plant-7",
      version: "1.2.3",
      uptime_seconds: 12,
      state: "running",
      now: 1_700_000_105.6,
      source: {
        kind: "file",
        description: "postgres://app:hunter2@db/plant",
        connected: true,
        pending: 0,
        cursor: "hunter2",
        last_event_age_seconds: null,
        errors: 0,
      },
      watermark: 1_700_000_100.5,
      watermark_lag_seconds: 5.1,
      rules: [],
      sinks: [],
      ledger: { ...ledger, rules: {} },
      alerts: [],
      dead_letters: 0,
      results: { added: 0, series: 0 },
      checkpoint_age_seconds: 1,
    }),
    vitals() {
      return this.status();
    },
    ledger: () => ({ ...ledger, rules: { per_minute: ledger } }),
    windows(page) {
      asked.push(page);
      return { windows: [], next: "7" };
    },
    deadLetters(page) {
      asked.push(page);
      return { dead_letters: [], next: null };
    },
    results: () => ({ rows: [], added: 0 }),
    series: () => ({ total: 0, matched: 0, series: [] }),
    history: async () => ({ sink: "rows", step_seconds: null, whole_from: 0, points: [] }),
    rowsSince: () => ({ rows: [], skipped: 0 }),
    alerts: () => ({ alerts: [], resolved: [], silences: [], rules: [], notifiers: [] }),
    windowsNow: () => [],
    prometheus: async () => 'aggregator_events_total{outcome="late"} 1\n',
    ...overrides,
  };
}
