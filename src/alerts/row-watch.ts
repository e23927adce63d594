import type { AlertSettings, RowCondition } from "../core/alert-settings.ts";
import type { ResultRow } from "../core/result.ts";
import { type Change, Instances } from "./instances.ts";
import { isBeyond } from "./machine.ts";
import { microsOf } from "./micros.ts";
import { probeOf, probeOfSeries } from "./probe.ts";
import { seriesLabels, seriesMatcher } from "./row-match.ts";

/**
 * An alert on the values of result rows. A row counts at the end of its window, in event time, once its window
 * is over: rows that come early say nothing yet. A row that corrects one of a window before the last is too late
 * to change anything.
 */
export class RowWatch {
  readonly instances: Instances;
  readonly #when: RowCondition;
  readonly #matches: ReturnType<typeof seriesMatcher>;

  constructor(settings: AlertSettings, when: RowCondition, onChange: (change: Change) => void) {
    this.#when = when;
    this.instances = new Instances(settings, { onChange });
    this.#matches = seriesMatcher(when.match);
  }

  /** @param watermark Microseconds of event time. */
  rows(rows: readonly ResultRow[], watermark: number): void {
    const { rule, func, field, threshold } = this.#when;
    for (const row of rows) {
      if (rule !== undefined && row.rule !== rule) continue;
      if (func !== undefined && row.agg_func !== func) continue;
      const value = row[field];
      // Withdrawn, or beyond a double: nothing that could be compared.
      if (value === null || row.withdrawn === true) continue;
      const isOver = isBeyond(value, threshold, false);
      // Most rows are in order: what fires is looked for only while something does.
      if (this.instances.size === 0 && !isOver) continue;
      const at = microsOf(row.window_end);
      if (at > watermark || !this.#matches(row)) continue;
      const probe = probeOfSeries(row, probeOf([row.rule, row.agg_func]));
      if (!this.instances.wants(probe, { at, isOut: isOver })) continue;
      const labels = seriesLabels(row, { rule: row.rule, function: row.agg_func });
      const isOut = (fires: boolean): boolean => isBeyond(value, threshold, fires);
      this.instances.look(labels, { at, value, isOut });
    }
  }

  /** Event time went on: series that have been silent for long are forgotten. */
  advance(watermark: number): void {
    if (!Number.isFinite(watermark)) return;
    const { staleAfter } = this.#when;
    for (const instance of this.instances.all) {
      if (instance.state === "inactive" || watermark - instance.seenAt < staleAfter) continue;
      const at = instance.seenAt + staleAfter;
      // Nothing is known of it any more: neither flapping nor a hold keeps it.
      instance.clearedAt = -Infinity;
      this.instances.step(instance, { at, value: Number.NaN, isOut: false });
    }
    this.instances.forget(watermark);
  }
}
