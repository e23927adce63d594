import { statfsSync } from "node:fs";
import { REFUSAL_REASONS } from "../../core/event.ts";
import { LEDGER_OUTCOMES, type LedgerCounts } from "../../core/ledger.ts";
import type { BreakerState } from "../breaker.ts";
import type { Pipeline } from "../pipeline.ts";
import type { PipelineState, PipelineVitals } from "../view.ts";
import type { MetricSet } from "./metric-set.ts";

const BREAKER_STATES: readonly BreakerState[] = ["closed", "half-open", "open"];

const PIPELINE_STATES: readonly PipelineState[] = [
  "starting",
  "running",
  "paused",
  "draining",
  "reloading",
  "stopped",
  "failed",
];

/**
 * What a pipeline knows of itself. What is counted anyway is read when somebody asks; label values are names
 * of rules and sinks, outcomes and reasons: a bounded set, never names of events.
 */
export function collectPipeline(set: MetricSet, pipeline: Pipeline, vitals: PipelineVitals): void {
  collectEvents(set, pipeline);
  collectSource(set, pipeline, vitals);
  collectTime(set, pipeline, vitals);
  collectRules(set, pipeline);
  collectSinks(set, pipeline, vitals);
  collectState(set, pipeline, vitals);
  for (const state of PIPELINE_STATES) {
    set.set("aggregator_state", Number(state === vitals.state), { state });
  }
  set.set("aggregator_uptime_seconds", vitals.uptime_seconds);
}

function collectEvents(set: MetricSet, pipeline: Pipeline): void {
  const { engine } = pipeline.processor;
  const { deadLetters } = pipeline.store;
  const { countedBefore } = pipeline;
  const since = (of: keyof LedgerCounts): number => engine.ledger[of] - countedBefore.ledger[of];
  for (const outcome of LEDGER_OUTCOMES) {
    set.set("aggregator_events_total", since(outcome), { outcome });
  }
  for (const { name: rule, ledger } of engine.rules) {
    const before = countedBefore.rule(rule).ledger;
    for (const outcome of LEDGER_OUTCOMES) {
      const count = ledger[outcome] - before[outcome];
      set.set("aggregator_rule_events_total", count, { rule, outcome });
    }
  }
  set.set("aggregator_events_late_partial_total", since("late_partial"));
  set.set("aggregator_events_replayed_total", since("replayed"));
  set.set("aggregator_events_lost_total", since("gaps"));
  set.set("aggregator_tombstones_total", since("tombstones"));
  set.set("aggregator_dead_letters_stored", deadLetters.count);
  const { refusals } = pipeline.measurements;
  for (const reason of REFUSAL_REASONS) {
    set.set("aggregator_dead_letters_total", refusals.get(reason) ?? 0, { reason });
  }
  set.set("aggregator_dead_letters_evicted_total", deadLetters.evicted);
  set.set("aggregator_ids_evicted_total", engine.idsEvicted - countedBefore.idsEvicted);
}

function collectSource(set: MetricSet, pipeline: Pipeline, { source }: PipelineVitals): void {
  const { measurements } = pipeline;
  set.set("aggregator_source_connected", Number(source.connected));
  set.set("aggregator_source_errors_total", source.errors);
  set.set("aggregator_source_reconnects_total", pipeline.source.reconnects);
  for (const state of BREAKER_STATES) {
    const isIn = pipeline.source.breaker === state;
    set.set("aggregator_source_breaker_state", Number(isIn), { state });
  }
  set.set("aggregator_source_pending_events", source.pending ?? Number.NaN);
  const age = source.last_event_age_seconds ?? Number.NaN;
  set.set("aggregator_source_last_event_age_seconds", age);
  set.set("aggregator_source_read_bytes_total", measurements.readBytes);
  set.histogram("aggregator_batch_seconds", measurements.batch);
}

function collectTime(set: MetricSet, { measurements }: Pipeline, vitals: PipelineVitals): void {
  set.set("aggregator_watermark_seconds", vitals.watermark ?? Number.NaN);
  set.set("aggregator_watermark_lag_seconds", vitals.watermark_lag_seconds ?? Number.NaN);
  set.histogram("aggregator_event_lateness_seconds", measurements.lateness);
  set.histogram("aggregator_event_disorder_seconds", measurements.disorder.buckets);
}

function collectRules(set: MetricSet, { processor, settings, countedBefore }: Pipeline): void {
  const limits = new Map(settings.rules.map(({ name, seriesMax }) => [name, seriesMax]));
  for (const rule of processor.engine.rules) {
    const labels = { rule: rule.name };
    set.set("aggregator_windows_open", rule.windowCounts().open, labels);
    const before = countedBefore.rule(rule.name);
    set.set("aggregator_windows_fired_total", rule.fired - before.fired, labels);
    set.set("aggregator_revisions_total", rule.revisions - before.revisions, labels);
    set.set("aggregator_series_active", rule.seriesCount, labels);
    set.set("aggregator_series_limit", limits.get(rule.name) ?? Number.NaN, labels);
  }
}

function collectSinks(set: MetricSet, pipeline: Pipeline, { sinks }: PipelineVitals): void {
  const { outbox } = pipeline.store;
  for (const sink of sinks) {
    const labels = { sink: sink.name };
    set.set("aggregator_sink_connected", Number(sink.connected), labels);
    set.set("aggregator_sink_errors_total", sink.errors, labels);
    for (const state of BREAKER_STATES) {
      const of = { sink: sink.name, state };
      set.set("aggregator_sink_breaker_state", Number(sink.breaker === state), of);
    }
    set.set("aggregator_rows_written_total", sink.written, labels);
    set.set("aggregator_outbox_rows", sink.outbox, labels);
    set.set("aggregator_outbox_bytes", sink.outbox_bytes, labels);
    set.set("aggregator_outbox_age_seconds", sink.outbox_age_seconds, labels);
  }
  for (const { name, reconnects } of pipeline.deliveries) {
    const labels = { sink: name };
    const measured = pipeline.measurements.sink(name);
    set.set("aggregator_sink_reconnects_total", reconnects, labels);
    set.set("aggregator_rows_refused_total", measured.refused, labels);
    set.histogram("aggregator_sink_write_seconds", measured.write, labels);
    set.histogram("aggregator_row_delay_seconds", measured.delay, labels);
  }
  set.set("aggregator_outbox_limit_bytes", outbox.bytesMax);
}

function collectState(set: MetricSet, pipeline: Pipeline, vitals: PipelineVitals): void {
  const { measurements, store } = pipeline;
  set.histogram("aggregator_checkpoint_seconds", measurements.checkpoint);
  set.set("aggregator_checkpoint_age_seconds", vitals.checkpoint_age_seconds);
  set.set("aggregator_checkpoint_errors_total", measurements.checkpointErrors);
  set.set("aggregator_state_bytes", store.bytes);
  const disk = diskOf(store.dir);
  set.set("aggregator_state_disk_free_bytes", disk.free);
  set.set("aggregator_state_disk_bytes", disk.size);
}

/** What is free for us: part of a disk may be kept for its administrator. */
function diskOf(folder: string): { readonly free: number; readonly size: number } {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder);
    return { free: bavail * bsize, size: blocks * bsize };
  } catch {
    // Numbers for people are no reason to fail: the state itself tells when its disk is gone.
    return { free: Number.NaN, size: Number.NaN };
  }
}
