import { Counter, Gauge, Registry } from "prom-client";
import { LEDGER_OUTCOMES } from "../core/ledger.ts";
import type { Pipeline } from "./pipeline.ts";
import type { PipelineView } from "./view.ts";

/**
 * The Prometheus text exposition of a pipeline. What is counted anyway is read at the time of the
 * scrape; what has to be observed as it happens is in the pipeline's own registry. Label values are
 * names of rules, sinks and outcomes: a bounded set, never names of events.
 */
export async function prometheusText(pipeline: Pipeline, view: PipelineView): Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
    new Counter({ name, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name, help, labelNames, registers });
  const status = view.status();

  const events = counter("aggregator_events_total", "Events by what became of them", ["outcome"]);
  for (const outcome of LEDGER_OUTCOMES) events.inc({ outcome }, status.ledger[outcome]);

  counter("aggregator_tombstones_total", "Records without a value, passed over").inc(
    status.ledger.tombstones,
  );

  const watermark = gauge("aggregator_watermark_seconds", "Event time up to which windows fired");
  const lag = gauge("aggregator_watermark_lag_seconds", "Wall clock minus watermark");
  watermark.set(status.watermark ?? Number.NaN);
  lag.set(status.watermark_lag_seconds ?? Number.NaN);
  const age = gauge("aggregator_source_last_event_age_seconds", "Time since the last event came");
  age.set(status.source.last_event_age_seconds ?? Number.NaN);
  gauge("aggregator_source_connected", "1 while the source is reached").set(
    Number(status.source.connected),
  );

  const open = gauge("aggregator_windows_open", "Windows that have not fired", ["rule"]);
  const fired = counter("aggregator_windows_fired_total", "Windows that fired", ["rule"]);
  const revisions = counter("aggregator_revisions_total", "Windows that fired again", ["rule"]);
  const series = gauge("aggregator_series_active", "Series held", ["rule"]);
  for (const rule of pipeline.processor.engine.rules) {
    const labels = { rule: rule.name };
    open.set(labels, rule.windowCounts().open);
    fired.inc(labels, rule.fired);
    revisions.inc(labels, rule.revisions);
    series.set(labels, rule.seriesCount);
  }

  const outbox = gauge("aggregator_outbox_rows", "Rows that wait for a sink", ["sink"]);
  const written = counter("aggregator_rows_written_total", "Rows written to a sink", ["sink"]);
  const errors = counter("aggregator_sink_errors_total", "Failed tries at a sink", ["sink"]);
  for (const sink of status.sinks) {
    const labels = { sink: sink.name };
    outbox.set(labels, sink.outbox);
    written.inc(labels, sink.written);
    errors.inc(labels, sink.errors);
  }

  gauge("aggregator_dead_letters", "Refused events and rows that are kept").set(
    pipeline.store.deadLetters.count,
  );
  counter("aggregator_dead_letters_evicted_total", "Dead letters that went for newer ones").inc(
    pipeline.store.deadLetters.evicted,
  );
  counter("aggregator_ids_evicted_total", "Ids forgotten before their time, for newer ones").inc(
    pipeline.processor.engine.idsEvicted,
  );
  gauge("aggregator_uptime_seconds", "Time since the start").set(status.uptime_seconds);
  gauge("process_resident_memory_bytes", "Memory in use").set(process.memoryUsage.rss());
  return (await registry.metrics()) + (await pipeline.measurements.registry.metrics());
}
