import type { SignalName } from "../core/alert-settings.ts";
import { REFUSED_OUTCOMES } from "../core/ledger.ts";
import type { PipelineVitals } from "../pipeline/view.ts";
import type { Labels } from "./instances.ts";
import type { Sample } from "./signal-watch.ts";

const NO_LABELS: Labels = Object.freeze(Object.create(null) as Record<string, string>);

/** What is known besides the vitals. */
export interface Surroundings {
  /** Free share of the disk of the state; undefined: not known. */
  readonly diskFree: number | undefined;
}

/** What a service says of itself, as signals. */
export class Signals {
  #failure: "fenced" | "failed" | undefined;

  /** The pipeline was stopped for good. */
  failed(kind: "fenced" | "failed"): void {
    this.#failure = kind;
  }

  of(vitals: PipelineVitals, { diskFree }: Surroundings): Sample[] {
    const samples: Sample[] = ledgerSamples(vitals.ledger);
    const add = (name: SignalName, value: number, labels = NO_LABELS): void =>
      void samples.push({ name, value, labels });
    add("watermark_lag", vitals.watermark_lag_seconds ?? Number.NaN);
    add("disk_free", diskFree ?? Number.NaN);
    add("source_down", downOf(vitals.source));
    const hasRun = vitals.source.connected && vitals.sinks.every(({ connected }) => connected);
    for (const kind of ["fenced", "failed"] as const) {
      add(kind, this.#failure === kind ? 1 : hasRun ? 0 : Number.NaN);
    }
    for (const sink of vitals.sinks) {
      const labels: Labels = { sink: sink.name };
      add("sink_down", downOf(sink), labels);
      add("outbox_rows", sink.outbox, labels);
      add("outbox_fill", sink.outbox_bytes / sink.outbox_bytes_max, labels);
      add("outbox_age", sink.outbox_age_seconds, labels);
    }
    return samples;
  }
}

/** What the account of the events says. */
export function ledgerSamples(ledger: PipelineVitals["ledger"]): Sample[] {
  const refused = REFUSED_OUTCOMES.reduce((sum, outcome) => sum + ledger[outcome], 0);
  const sample = (name: SignalName, value: number, of?: number): Sample => ({
    name,
    value,
    labels: NO_LABELS,
    ...(of === undefined ? {} : { of }),
  });
  return [
    sample("late_share", ledger.late + ledger.late_partial, ledger.received),
    sample("events_lost", ledger.gaps),
    sample("dead_letters", refused),
    sample("unbalanced", Number(!ledger.balanced)),
  ];
}

/** Before the first try nothing is known. */
function downOf(part: { readonly connected: boolean; readonly problem?: string }): number {
  if (part.connected) return 0;
  return part.problem === undefined ? Number.NaN : 1;
}
