import type { Refusal } from "../../core/event.ts";
import { labelsOf } from "../../core/labels.ts";
import { LEDGER_OUTCOMES, type LedgerCounts, type LedgerOutcome } from "../../core/ledger.ts";
import type { Settings } from "../../core/settings.ts";
import { type EpochMicros, epochMicros, secondsOf } from "../../core/time.ts";
import type { Engine } from "../../engine/engine.ts";
import type { RuleEngine } from "../../engine/rule-engine.ts";
import { type RuleTrace, RuleTracer } from "../../engine/rule-trace.ts";
import type { AddedLine, LineWatcher } from "../processor.ts";
import type { Explanation, RuleExplanation } from "./explanation.ts";

/** Says of every event what became of it. */
export class Explainer implements LineWatcher {
  readonly #tell: (explanation: Explanation) => void;
  readonly #idsMax: number;
  /** Where the first event with an id stood; the oldest go first, as the engine forgets them. */
  readonly #places = new Map<string, string>();
  readonly #tracers = new Map<RuleEngine, RuleTracer>();
  #watermark = epochMicros(-Infinity);
  #ledger: LedgerCounts | undefined;
  #ruleLedgers = new Map<RuleEngine, LedgerCounts>();

  /** @param tell Takes every explanation, in the order of the events. Called synchronously. */
  constructor({ dedupe }: Pick<Settings, "dedupe">, tell: (explanation: Explanation) => void) {
    this.#tell = tell;
    this.#idsMax = dedupe.idsMax;
  }

  refused({ at, reason, detail, event }: Refusal): void {
    const watermark = secondsOrNull(this.#watermark);
    this.#tell({ at, outcome: "invalid", reason, detail, watermark, rules: [], event });
  }

  before(engine: Engine): void {
    this.#watermark = engine.watermark;
    this.#ledger = { ...engine.ledger };
    this.#ruleLedgers = new Map(engine.rules.map((rule) => [rule, { ...rule.ledger }]));
  }

  after({ at, event, columns, name, refusal }: AddedLine, engine: Engine): void {
    const outcome = LEDGER_OUTCOMES.find((one) => engine.ledger[one] > this.#ledger![one])!;
    const id = columns.ids[0];
    this.#tell({
      at,
      outcome,
      ...(refusal === undefined ? {} : { reason: refusal.reason, detail: refusal.detail }),
      ...(outcome === "duplicate" ? { duplicate_of: this.#places.get(id!) ?? null } : {}),
      ...(name === undefined
        ? {}
        : { name, value: columns.value[0]!, timestamp: columns.time[0]! / 1e6 }),
      ...(id === undefined ? {} : { id }),
      watermark: secondsOrNull(this.#watermark),
      rules: isSeenByRules(outcome) && name !== undefined ? this.#rulesOf(columns, engine) : [],
      event,
    });
    // A refused event is not remembered, as in the engine.
    if (id !== undefined && (outcome === "aggregated" || outcome === "filtered")) {
      this.#remember(id, at);
    }
  }

  #remember(id: string, at: string): void {
    this.#places.delete(id);
    this.#places.set(id, at);
    if (this.#places.size <= this.#idsMax) return;
    const [oldest] = this.#places.keys();
    this.#places.delete(oldest!);
  }

  #rulesOf(columns: AddedLine["columns"], engine: Engine): RuleExplanation[] {
    const outcomes = new Map<string, RuleExplanation["outcome"]>();
    return engine.rules.map((rule) => {
      const { from } = rule.settings;
      // A rule that reads another one sees no events: what the other took comes to it with the window.
      const outcome =
        from === undefined
          ? ruleOutcome(this.#ruleLedgers.get(rule)!, rule.ledger)
          : outcomes.get(from)!;
      outcomes.set(rule.name, outcome);
      const trace = this.#tracerOf(rule).trace(columns, 0, this.#watermark);
      return ruleExplanation(rule, outcome, trace);
    });
  }

  #tracerOf(rule: RuleEngine): RuleTracer {
    const known = this.#tracers.get(rule) ?? new RuleTracer(rule);
    this.#tracers.set(rule, known);
    return known;
  }
}

function isSeenByRules(outcome: LedgerOutcome): boolean {
  return outcome !== "duplicate" && outcome !== "future";
}

function ruleOutcome(before: LedgerCounts, after: LedgerCounts): RuleExplanation["outcome"] {
  if (after.late_partial > before.late_partial) return "late_partial";
  if (after.aggregated > before.aggregated) return "aggregated";
  if (after.late > before.late) return "late";
  if (after.over_limit > before.over_limit) return "over_limit";
  return after.invalid > before.invalid ? "failed" : "filtered";
}

function ruleExplanation(
  { name: rule, settings }: RuleEngine,
  outcome: RuleExplanation["outcome"],
  { filteredBy, series, windows, windowsLeftOff }: RuleTrace,
): RuleExplanation {
  return {
    rule,
    outcome,
    ...(settings.from === undefined ? {} : { from: settings.from }),
    ...(filteredBy === undefined ? {} : { filtered_by: filteredBy }),
    ...(series === undefined
      ? {}
      : { name: series.name, labels: labelsOf(series.labels), agg_func: series.functions }),
    windows: windows.map((window) => {
      // What lies before the end of the last forgotten session of its series is late, whatever the watermark.
      const state = outcome === "late" ? "forgotten" : window.state;
      return {
        start: secondsOf(window.start),
        end: secondsOf(window.end),
        state,
        ...(state === "forgotten" ? { late_by: window.lateBy / 1e6 } : {}),
      };
    }),
    ...(windowsLeftOff === 0 ? {} : { windows_left_off: windowsLeftOff }),
  };
}

function secondsOrNull(time: EpochMicros): number | null {
  return Number.isFinite(time) ? secondsOf(time) : null;
}
