import { isBalanced } from "../core/ledger.ts";
import { type EpochMicros, epochMicros, secondsOf } from "../core/time.ts";
import { windowText } from "../core/window-text.ts";
import type { HeldWindow } from "../engine/windows.ts";
import { Histories } from "./histories.ts";
import { collectPipeline } from "./metrics/collect-pipeline.ts";
import { type Collect, MetricSet } from "./metrics/metric-set.ts";
import type { Pipeline } from "./pipeline.ts";
import type {
  AlertReport,
  DeadLetterPage,
  Health,
  HistoryPage,
  HistoryRequest,
  LedgerReport,
  LetterRequest,
  PageRequest,
  PipelineStatus,
  PipelineView,
  PipelineVitals,
  Readiness,
  ResultPage,
  ResultQuery,
  RowsSince,
  SeriesPage,
  SeriesQuery,
  SourceStatus,
  WindowPage,
  WindowStatus,
} from "./view.ts";
import { windowsAround } from "./windows-around.ts";

/** Names of a rule that are told of. */
const NOTES_MAX = 20;

const OUTBOX_FULL = "outbox: full, reading waits until a sink has taken some";

/** States in which events are taken; those of the bus are while it is reloaded, too. */
const READY: readonly PipelineStatus["state"][] = ["running", "starting", "paused", "reloading"];

const NO_ALERTS: AlertReport = {
  alerts: [],
  resolved: [],
  silences: [],
  rules: [],
  notifiers: [],
};

/** Something beside the pipeline that may be troubled. */
export interface Troubled {
  readonly problem: string | undefined;
}

/** What is told of it, by its name. Asked anew every time. */
export type Beside = Readonly<Record<string, Troubled | undefined>>;

/** The one way in which the rest of the program looks at a pipeline. */
export class LivePipelineView implements PipelineView {
  readonly #of: () => Pipeline;
  readonly #version: string;
  readonly #beside: () => Beside;
  #histories: Histories | undefined;
  readonly #collect: Collect;
  readonly #alerts: () => AlertReport;

  /**
   * @param pipeline The pipeline, or what gives the one that runs now.
   * @param beside What else may be troubled.
   * @param collect Tells the metrics of what is beside the pipeline.
   * @param alerts What is told of; of a pipeline without alerts nothing.
   */
  constructor(
    pipeline: Pipeline | (() => Pipeline),
    version: string,
    beside: () => Beside = () => ({}),
    collect: Collect = () => {},
    alerts: () => AlertReport = () => NO_ALERTS,
  ) {
    this.#of = typeof pipeline === "function" ? pipeline : () => pipeline;
    this.#version = version;
    this.#beside = beside;
    this.#collect = collect;
    this.#alerts = alerts;
  }

  get #pipeline(): Pipeline {
    return this.#of();
  }

  health(): Health {
    const reasons = this.#problems();
    if (this.#pipeline.state === "failed") reasons.push("pipeline: stopped by a failure");
    return reasons.length === 0 ? { status: "ok" } : { status: "degraded", reasons };
  }

  readiness(): Readiness {
    const { state, deliveries, store, source } = this.#pipeline;
    const reasons: string[] = [];
    if (!READY.includes(state)) reasons.push(`pipeline: ${state}`);
    // While it is paused a source is not opened: that is what was asked for.
    if (!source.wasOpen && state !== "paused")
      reasons.push(`source: ${source.problem ?? "not open yet"}`);
    for (const delivery of deliveries) {
      if (delivery.wasConnected) continue;
      reasons.push(`sink ${delivery.name}: ${delivery.problem ?? "not open yet"}`);
    }
    if (store.outbox.isFull) reasons.push(OUTBOX_FULL);
    if (reasons.length > 0) return { ready: false, reasons };
    // The bus takes events, and the operator has to reach it to let it go on.
    return state === "paused" ? { ready: true, reasons: [this.#paused()] } : { ready: true };
  }

  status(): PipelineStatus {
    const { settings, processor, store } = this.#pipeline;
    const { uptime_seconds, state, checkpoint_age_seconds, ...vitals } = this.vitals();
    const { now, source, watermark, watermark_lag_seconds, sinks, results } = vitals;
    const ruleSettings = new Map(settings.rules.map((rule) => [rule.name, rule]));
    return {
      name: settings.name,
      version: this.#version,
      uptime_seconds,
      state,
      ...(state === "paused" && store.pausedSince !== undefined
        ? { paused_since: store.pausedSince }
        : {}),
      now,
      source,
      watermark,
      watermark_lag_seconds,
      rules: processor.engine.rules.map((rule) => {
        const { window, to, from } = ruleSettings.get(rule.name)!;
        const notes = from === undefined ? rule.notes(NOTES_MAX) : [];
        return {
          name: rule.name,
          series: rule.seriesCount,
          windows_open: rule.windowCounts().open,
          fired: rule.fired,
          revisions: rule.revisions,
          window: windowText(window),
          to,
          ...(from === undefined ? {} : { from }),
          ...(notes.length === 0 ? {} : { notes }),
        };
      }),
      sinks,
      ledger: this.ledger(),
      alerts: this.alerts().alerts,
      dead_letters: store.deadLetters.count,
      results,
      checkpoint_age_seconds,
    };
  }

  vitals(): PipelineVitals {
    const { clock, startedMs, state, deliveries, processor, recent, checkpointer } = this.#pipeline;
    const { engine } = processor;
    const now = secondsOf(clock.now());
    const watermark = secondsOf(engine.watermark);
    const known = Number.isFinite(watermark);
    return {
      uptime_seconds: (clock.monotonicMs() - startedMs) / 1000,
      state,
      now,
      source: this.#source(),
      watermark: known ? watermark : null,
      watermark_lag_seconds: known ? now - watermark : null,
      sinks: deliveries.map((delivery) => delivery.status()),
      ledger: { ...engine.ledger, balanced: isBalanced(engine.ledger) },
      results: { added: recent.added, series: recent.seriesCount },
      checkpoint_age_seconds: (clock.monotonicMs() - checkpointer.committedMs) / 1000,
    };
  }

  ledger(): LedgerReport {
    const { engine } = this.#pipeline.processor;
    const rules = Object.fromEntries(
      engine.rules.map(({ name, ledger }) => [name, { ...ledger, balanced: isBalanced(ledger) }]),
    );
    return { ...engine.ledger, balanced: isBalanced(engine.ledger), rules };
  }

  windows({ after, limit }: PageRequest): WindowPage {
    // One more than asked for tells whether there is a next page.
    const { engine } = this.#pipeline.processor;
    const held = engine.windowPage(after === undefined ? undefined : windowKeyOf(after), limit + 1);
    const shown = held.slice(0, limit);
    const last = held.length > limit ? shown.at(-1) : undefined;
    return {
      windows: shown.map(windowStatus),
      next: last === undefined ? null : `${last.rule}@${last.start}`,
    };
  }

  deadLetters(page: LetterRequest): DeadLetterPage {
    const { after, limit, reason, order } = page;
    // One more than asked for tells whether there is a next page.
    const letters = this.#pipeline.store.deadLetters.list({
      after: after === undefined ? undefined : Number(after),
      limit: limit + 1,
      reason,
      isNewestFirst: order === "newest",
    });
    const shown = letters.slice(0, limit);
    const last = letters.length > limit ? shown.at(-1) : undefined;
    return { dead_letters: shown, next: last === undefined ? null : String(last.seq) };
  }

  results(query: ResultQuery): ResultPage {
    return this.#pipeline.recent.results(query);
  }

  series(query: SeriesQuery): SeriesPage {
    return this.#pipeline.recent.series(query);
  }

  history(request: HistoryRequest): Promise<HistoryPage> {
    const { clock } = this.#pipeline;
    this.#histories ??= new Histories(() => this.#pipeline.settings, clock);
    return this.#histories.read(request);
  }

  rowsSince(after: number, limit: number): RowsSince {
    return this.#pipeline.recent.since(after, limit);
  }

  alerts(): AlertReport {
    return this.#alerts();
  }

  windowsNow(): readonly WindowStatus[] {
    const { settings, processor } = this.#pipeline;
    return windowsAround(processor.engine, settings.rules).map(windowStatus);
  }

  async prometheus(format: "prometheus" | "openmetrics" = "prometheus"): Promise<string> {
    // Loaded at the first scrape: a start is quick.
    const { expositionOf } = await import("./metrics/exposition.ts");
    return await expositionOf(this.metrics(), format);
  }

  /** Everything measured, at this moment. */
  metrics(): MetricSet {
    const set = new MetricSet();
    collectPipeline(set, this.#pipeline, this.vitals());
    const health = this.health();
    set.set("aggregator_problems", health.status === "ok" ? 0 : health.reasons.length);
    this.#collect(set);
    return set;
  }

  #paused(): string {
    const { pausedSince } = this.#pipeline.store;
    if (pausedSince === undefined) return "pipeline: paused by an operator";
    const since = new Date(pausedSince * 1000).toISOString().replace(/\.\d+/, "");
    return `pipeline: paused by an operator since ${since}`;
  }

  #problems(): string[] {
    const { source, deliveries, checkpointer } = this.#pipeline;
    const reasons: string[] = [];
    if (this.#pipeline.state === "paused") reasons.push(this.#paused());
    if (source.problem !== undefined) reasons.push(`source: ${source.problem}`);
    if (checkpointer.problem !== undefined) reasons.push(`state: ${checkpointer.problem}`);
    for (const { name, problem } of deliveries) {
      if (problem !== undefined) reasons.push(`sink ${name}: ${problem}`);
    }
    for (const [name, troubled] of Object.entries(this.#beside())) {
      if (troubled?.problem !== undefined) reasons.push(`${name}: ${troubled.problem}`);
    }
    return reasons;
  }

  #source(): SourceStatus {
    const { settings, source, store, pending, cursor, lastEventMs, clock } = this.#pipeline;
    const { definition, options } = settings.source;
    const problem = source.problem ?? (store.outbox.isFull ? OUTBOX_FULL : undefined);
    const age = lastEventMs === undefined ? null : (clock.monotonicMs() - lastEventMs) / 1000;
    return {
      kind: definition.name,
      description: definition.describe(options),
      connected: source.isOpen,
      pending: pending ?? null,
      cursor: cursor ?? null,
      last_event_age_seconds: age,
      errors: source.errors,
      ...(source.lastError === undefined ? {} : { last_error: source.lastError }),
      ...(problem === undefined ? {} : { problem }),
    };
  }
}

function windowStatus(window: HeldWindow): WindowStatus {
  return {
    rule: window.rule,
    window_start: secondsOf(window.start),
    window_end: secondsOf(window.end),
    series: window.series,
    count: window.count,
    fired: window.fired,
  };
}

/** The window that `next` of a page names: a rule and the start in microseconds. */
function windowKeyOf(next: string): { readonly rule: string; readonly start: EpochMicros } {
  const at = next.lastIndexOf("@");
  return { rule: next.slice(0, at), start: epochMicros(Number(next.slice(at + 1))) };
}
