import type { AbsenceCondition, AlertSettings } from "../core/alert-settings.ts";
import { ALERT_SERIES_MAX } from "../core/limits.ts";
import type { ResultRow } from "../core/result.ts";
import { labelsToJson } from "../core/result-json.ts";
import { type Change, type Instance, Instances, type Labels } from "./instances.ts";
import { LeftOut } from "./left-out.ts";
import { microsOf } from "./micros.ts";
import { probeOf, probeOfSeries } from "./probe.ts";
import { seriesLabels, seriesMatcher } from "./row-match.ts";

/** A series that was missed for a week is not expected any more. */
const FORGET_AFTER = 7 * 86_400_000_000;

interface Seen {
  /** Its labels as JSON. */
  readonly key: string;
  readonly labels: Labels;
  /** Microseconds of event time: the end of the window of its last row. */
  last: number;
}

export interface StoredSeen {
  readonly labels: Labels;
  readonly last: number;
}

/**
 * An alert on series that give no rows any more, in event time: a series is missed when the watermark is
 * `after` beyond the end of the last window with events of it. A name without wildcards is expected from the
 * start on, also when it never came.
 */
export class AbsenceWatch {
  readonly instances: Instances;
  readonly #leftOut = new LeftOut();
  readonly #when: AbsenceCondition;
  readonly #matches: ReturnType<typeof seriesMatcher>;
  readonly #seen = new Map<string, Seen>();
  /** Of all that are remembered, and maybe of some that are no more. */
  #probes = new Set<number>();
  /** By name: names that are waited for, and have not come yet. */
  readonly #bare = new Map<string, Seen>();
  /** Names that have not come yet. */
  readonly #expected: Set<string>;

  constructor(settings: AlertSettings, when: AbsenceCondition, onChange: (change: Change) => void) {
    this.#when = when;
    this.instances = new Instances(settings, { onChange });
    this.#matches = seriesMatcher(when.match);
    this.#expected = new Set((when.match.name ?? []).filter((name) => !/[*?[\\]/.test(name)));
  }

  /** Series that there was no room to remember, at the end of the last window that had too many. */
  get leftOut(): number {
    return this.#leftOut.count;
  }

  rows(rows: readonly ResultRow[], watermark: number): void {
    const { rule } = this.#when;
    for (const row of rows) {
      if (rule !== undefined && row.rule !== rule) continue;
      // A row that fills a gap says that nothing came.
      if (row.withdrawn === true || row.filled === true || !this.#matches(row)) continue;
      this.#came(row, Math.min(microsOf(row.window_end), watermark));
    }
  }

  /** Event time went on: whoever is missed by then is told of, at the moment when it was. */
  advance(watermark: number): void {
    if (!Number.isFinite(watermark)) return;
    for (const name of this.#expected) {
      this.#expected.delete(name);
      const labels = seriesLabels({ name, labels: {} }, {});
      this.#remember(labels, watermark);
    }
    const known = this.#seen.size;
    for (const seen of this.#seen.values()) {
      this.#look(seen, watermark);
      // Who asked for a name by itself still waits for it.
      if (isBare(seen.labels)) continue;
      if (watermark - seen.last >= this.#when.after + FORGET_AFTER) this.#forget(seen);
    }
    if (this.#seen.size < known) {
      this.#probes = new Set(
        [...this.#seen.values()].map(({ labels }) => probeOf(Object.values(labels))),
      );
    }
    this.instances.forget(watermark);
  }

  store(): StoredSeen[] {
    return [...this.#seen.values()].map(({ labels, last }) => ({ labels, last }));
  }

  restore(stored: readonly StoredSeen[]): void {
    for (const { labels, last } of stored.slice(0, ALERT_SERIES_MAX)) {
      const own = Object.assign(Object.create(null) as Record<string, string>, labels);
      this.#remember(own, last);
      this.#expected.delete(labels["name"] ?? "");
    }
  }

  #came(row: ResultRow, at: number): void {
    const { name } = row;
    this.#expected.delete(name);
    // It came: whoever waits for the name alone has it, whatever its rule and labels are.
    const bare = this.#bare.get(name);
    if (bare !== undefined) {
      this.#touch(bare, at);
      this.#seen.delete(bare.key);
      this.#bare.delete(name);
    }
    const isKnown = this.#probes.has(probeOfSeries(row, probeOf([row.rule])));
    if (!isKnown && this.#seen.size >= ALERT_SERIES_MAX) {
      this.#leftOut.add(at);
      return;
    }
    const labels = seriesLabels(row, { rule: row.rule });
    const seen = this.#seen.get(labelsToJson(labels));
    if (seen === undefined) this.#remember(labels, at);
    else this.#touch(seen, at);
  }

  #touch(seen: Seen, at: number): void {
    if (at <= seen.last) return;
    this.#look(seen, at - 1);
    seen.last = at;
    const instance = this.instances.find(seen.key);
    if (instance !== undefined) this.instances.step(instance, { at, value: 0, isOut: false });
  }

  /** Gone for so long that it will hardly come again: a host that was replaced, say. */
  #forget({ key, last }: Seen): void {
    this.#seen.delete(key);
    const instance = this.instances.find(key);
    if (instance === undefined) return;
    instance.clearedAt = -Infinity;
    const at = last + this.#when.after + FORGET_AFTER;
    this.instances.step(instance, { at, value: Number.NaN, isOut: false });
  }

  #remember(labels: Labels, last: number): void {
    if (this.#seen.size >= ALERT_SERIES_MAX) {
      this.#leftOut.add(last);
      return;
    }
    const seen = { key: labelsToJson(labels), labels, last };
    this.#seen.set(seen.key, seen);
    this.#probes.add(probeOf(Object.values(labels)));
    if (isBare(labels)) this.#bare.set(labels["name"] ?? "", seen);
  }

  /** What happened to a series up to a time, at the very moments: no matter how often one looks. */
  #look(seen: Seen, until: number): void {
    const missedAt = seen.last + this.#when.after;
    if (until < missedAt) return;
    const value = (until - seen.last) / 1e6;
    const look = (at: number): Instance | undefined => {
      const isOut = (): boolean => true;
      this.instances.look(seen.labels, { at, value: (at - seen.last) / 1e6, isOut });
      return this.instances.find(seen.key);
    };
    const instance = look(missedAt);
    if (instance === undefined) return;
    const firesAt = instance.since + this.instances.settings.for;
    if (instance.state === "pending" && until >= firesAt) look(firesAt);
    if (instance.state === "firing") instance.value = value;
  }
}

/** A name that is waited for; what came has a rule, too. */
function isBare(labels: Labels): boolean {
  return labels["rule"] === undefined;
}
