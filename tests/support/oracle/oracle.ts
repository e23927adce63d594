import { emptyLedger } from "../../../src/core/ledger.ts";
import type { DedupeSettings, RuleSettings } from "../../../src/core/settings.ts";
import { OracleClock } from "./clock.ts";
import { OracleIds } from "./ids.ts";
import { OracleRule } from "./oracle-rule.ts";
import { keyOf, type OracleEvent, type OracleRow, type Outcome } from "./types.ts";

export interface OracleOptions {
  readonly rules: readonly RuleSettings[];
  readonly outOfOrderness: number;
  readonly idleTimeoutMs: number;
  readonly maxFuture: number | "off";
  readonly dedupe: DedupeSettings;
  readonly nowMs: number;
}

interface Arrival {
  readonly partition: string;
  readonly now: number;
  readonly nowMs: number;
}

/**
 * The rules of windows, watermark and lateness, one event at a time: it keeps every event and finds
 * each answer by looking at all of them. It shares types with the engine and no code.
 */
export class Oracle {
  readonly counts = emptyLedger();
  readonly rules: readonly OracleRule[];
  readonly #maxFuture: number | "off";
  readonly #clock: OracleClock;
  readonly #ids: OracleIds;
  readonly #missing: { from: number; to: number }[] = [];

  constructor(options: OracleOptions) {
    this.#maxFuture = options.maxFuture;
    this.#clock = new OracleClock(options);
    this.#ids = new OracleIds(options.dedupe);
    const rules: OracleRule[] = [];
    for (const rule of options.rules) {
      rules.push(
        new OracleRule(
          rule,
          rules.find(({ settings }) => settings.name === rule.from),
        ),
      );
    }
    this.rules = rules;
  }

  get watermark(): number {
    return this.#clock.watermark;
  }

  get evicted(): number {
    return this.#ids.evicted;
  }

  openPartition(partition: string, nowMs: number): void {
    this.#clock.open(partition, nowMs);
  }

  /** What becomes of an event. */
  add(event: OracleEvent, arrival: Arrival): Outcome {
    const outcome = this.#judge(event, arrival);
    this.counts.received++;
    this.counts[outcome === "rule_failed" ? "invalid" : outcome]++;
    return outcome;
  }

  #judge(event: OracleEvent, { partition, now, nowMs }: Arrival): Outcome {
    const { id, time } = event;
    if (id !== undefined && this.#ids.has(id, this.watermark)) return "duplicate";
    if (this.#maxFuture !== "off" && time - now > this.#maxFuture) return "future";
    this.#clock.arrived(partition, time, nowMs);
    this.#advance();
    const outcome = this.#offer(event);
    // A refused event is not remembered; one that no rule wants is not refused.
    const isRefused = outcome !== "aggregated" && outcome !== "filtered";
    if (id !== undefined && !isRefused) this.#ids.add(id, time, this.watermark);
    return outcome;
  }

  #offer(event: OracleEvent): Outcome {
    const readers = this.rules.filter(({ settings }) => settings.from === undefined);
    const verdicts = new Set(readers.map((rule) => rule.offer(event)));
    if (verdicts.has("aggregated") || verdicts.has("late_partial")) {
      if (verdicts.has("late") || verdicts.has("late_partial")) this.counts.late_partial++;
      return "aggregated";
    }
    if (verdicts.has("late")) return "late";
    if (verdicts.has("over_limit")) return "over_limit";
    return verdicts.has("failed") ? "rule_failed" : "filtered";
  }

  #advance(): void {
    for (const rule of this.rules) rule.advance(this.watermark);
  }

  /**
   * Everything that came was read. Where a row of a gap is waited for, the watermark may stop at any of
   * several instants: {@link settle} says where it did.
   */
  idle(nowMs: number): { readonly least: number; readonly most: number } {
    const paced = this.#clock.idle(nowMs);
    this.#advance();
    const limits = this.rules.map((rule) => rule.idleLimits());
    const reach = (limit: "least" | "most"): number =>
      Math.max(
        this.watermark,
        Math.min(paced ?? -Infinity, Math.max(...limits.map((one) => one[limit]))),
      );
    return { least: reach("least"), most: reach("most") };
  }

  settle(watermark: number): void {
    this.#clock.watermark = watermark;
    this.#advance();
  }

  restartIdle(nowMs: number): void {
    this.#clock.restart(nowMs);
  }

  finish(): void {
    this.settle(Infinity);
  }

  markPartial(from: number, to: number): void {
    this.#missing.push({ from: Math.min(from, to), to: Math.max(from, to) });
  }

  /** Whether events of this window are known to be missing. */
  isPartial({ start, end }: { readonly start: number; readonly end: number }): boolean {
    return this.#missing.some(({ from, to }) => from < end && to >= start);
  }

  /** The rows that a sink holds by now, those of gaps included; by what tells them apart. */
  rows(): Map<string, OracleRow> {
    const rows = new Map<string, OracleRow>();
    for (const rule of this.rules) {
      for (const [key, { row, phase }] of rule.states()) if (phase === "fired") rows.set(key, row);
      for (const gap of rule.gaps().filter(({ isSure }) => isSure)) {
        const before = rule.rowsOf(gap.previous);
        for (const [i, row] of rule.rowsOf(gap).entries()) {
          const value = rule.settings.fill?.with === "previous" ? before[i]!.value : row.value;
          rows.set(keyOf(row), { ...row, value });
        }
      }
    }
    return rows;
  }
}
