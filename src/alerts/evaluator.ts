import type { AlertSettings } from "../core/alert-settings.ts";
import type { ResultRow } from "../core/result.ts";
import { AbsenceWatch, type StoredSeen } from "./absence-watch.ts";
import { conditionKey } from "./condition-key.ts";
import type { Change, Instance, StoredInstance } from "./instances.ts";
import { RowWatch } from "./row-watch.ts";
import { type Sample, SignalWatch } from "./signal-watch.ts";

/** What of an alert outlives the process. */
export interface StoredAlert {
  readonly name: string;
  /** What it meant: under another meaning it begins anew. */
  readonly key: string;
  readonly instances: readonly StoredInstance[];
  readonly seen?: readonly StoredSeen[];
}

type Watch = RowWatch | AbsenceWatch | SignalWatch;

/**
 * The alerts of a configuration. Pure and synchronous: rows, samples and both times come in as arguments, changes
 * come out. Alerts on rows and on their absence go by event time, the others by our clock.
 */
export class Evaluator {
  readonly #watches: readonly Watch[];
  readonly #rowWatches: readonly (RowWatch | AbsenceWatch)[];
  readonly #signalWatches: readonly SignalWatch[];
  #changes: Change[] = [];

  constructor(alerts: readonly AlertSettings[]) {
    const onChange = (change: Change): void => void this.#changes.push(change);
    this.#watches = alerts.map((settings): Watch => {
      const { when } = settings;
      if (when.kind === "rows") return new RowWatch(settings, when, onChange);
      if (when.kind === "absence") return new AbsenceWatch(settings, when, onChange);
      return new SignalWatch(settings, when, onChange);
    });
    this.#rowWatches = this.#watches.filter(
      (watch): watch is RowWatch | AbsenceWatch => !(watch instanceof SignalWatch),
    );
    this.#signalWatches = this.#watches.filter((watch) => watch instanceof SignalWatch);
  }

  /** Whether rows change anything here. */
  get wantsRows(): boolean {
    return this.#rowWatches.length > 0;
  }

  /** Whether metrics are looked at: they take longer to be told than the rest. */
  get wantsMetrics(): boolean {
    return this.#signalWatches.some(({ kind }) => kind === "metric");
  }

  /** Rows fired. @param watermark Microseconds of event time by then. */
  rows(rows: readonly ResultRow[], watermark: number): void {
    for (const watch of this.#rowWatches) watch.rows(rows, watermark);
  }

  /** Event time went on to `watermark`, microseconds. Called behind the rows of that time. */
  advance(watermark: number): void {
    for (const watch of this.#rowWatches) watch.advance(watermark);
  }

  /**
   * What the service says of itself now, of each kind that is known; of the other kind everything stays.
   *
   * @param now Microseconds of our clock.
   */
  sample(
    samples: { readonly signal?: readonly Sample[]; readonly metric?: readonly Sample[] },
    now: number,
  ): void {
    for (const kind of ["signal", "metric"] as const) {
      const given = samples[kind];
      if (given === undefined) continue;
      const byName = Map.groupBy(given, ({ name }) => name);
      for (const watch of this.#signalWatches) if (watch.kind === kind) watch.sample(byName, now);
    }
  }

  /** The clock was set by so many microseconds. */
  shift(by: number): void {
    for (const watch of this.#signalWatches) watch.shift(by);
  }

  /** The clock may have been set while nobody looked. @param now Microseconds of it. */
  notAhead(now: number): void {
    for (const { instances } of this.#signalWatches) instances.notAhead(now);
  }

  /** What changed since the last call, in its order. */
  takeChanges(): Change[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  /** What is pending or fires. */
  *active(): Iterable<{ readonly settings: AlertSettings; readonly instance: Instance }> {
    for (const { instances } of this.#watches) {
      for (const instance of instances.all) {
        if (instance.state !== "inactive") yield { settings: instances.settings, instance };
      }
    }
  }

  /** Instances and series that there was no room for, by alert. */
  leftOut(name: string): number {
    const watch = this.#watches.find(({ instances }) => instances.settings.name === name);
    const series = watch instanceof AbsenceWatch ? watch.leftOut : 0;
    return (watch?.instances.leftOut ?? 0) + series;
  }

  store(): StoredAlert[] {
    return this.#watches.map((watch) => ({
      name: watch.instances.settings.name,
      key: conditionKey(watch.instances.settings),
      instances: watch.instances.store(),
      ...(watch instanceof AbsenceWatch ? { seen: watch.store() } : {}),
    }));
  }

  /** Goes on from another one, which is over: as `restore`, and by how much counters grew lately, too. */
  follow(other: Evaluator): StoredAlert[] {
    for (const watch of this.#signalWatches) {
      const { settings } = watch.instances;
      const before = other.#signalWatches.find(({ instances: { settings: one } }) => {
        return one.name === settings.name && conditionKey(one) === conditionKey(settings);
      });
      if (before !== undefined) watch.inherit(before);
    }
    return this.restore(other.store());
  }

  /** Takes over what alerts that mean the same were. Gives back those that nobody takes over. */
  restore(stored: readonly StoredAlert[]): StoredAlert[] {
    return stored.filter((one) => {
      const watch = this.#watches.find(({ instances }) => instances.settings.name === one.name);
      if (watch === undefined || conditionKey(watch.instances.settings) !== one.key) return true;
      watch.instances.restore(one.instances);
      if (watch instanceof AbsenceWatch) watch.restore(one.seen ?? []);
      return false;
    });
  }
}
