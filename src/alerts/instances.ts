import type { AlertSettings } from "../core/alert-settings.ts";
import { ALERT_INSTANCES_MAX } from "../core/limits.ts";
import { labelsToJson } from "../core/result-json.ts";
import { LeftOut } from "./left-out.ts";
import {
  FLAP_WINDOW,
  isFlapping,
  type Machine,
  newMachine,
  type Outcome,
  step,
} from "./machine.ts";
import { probeOf } from "./probe.ts";

export type Labels = Readonly<Record<string, string>>;

/** One instance of an alert: a series, a sink, or the alert itself. */
export interface Instance extends Machine {
  /** Its labels as JSON: what tells it from the others. */
  readonly key: string;
  readonly labels: Labels;
}

/** Something became of an instance. */
export interface Change {
  readonly settings: AlertSettings;
  readonly key: string;
  readonly labels: Labels;
  readonly to: NonNullable<Outcome>;
  /** Microseconds of the clock that the alert goes by. */
  readonly at: number;
  /** When what ended now began: it fired, or was pending; of what begins the same as `at`. */
  readonly since: number;
  readonly value: number;
  readonly isFlapping: boolean;
}

/** What is kept of an instance. */
export type StoredInstance = Omit<Instance, "key">;

/** The instances of one alert that are not simply in order, and of those in order the ones that fired lately. */
export class Instances {
  readonly settings: AlertSettings;
  readonly #leftOut = new LeftOut();
  readonly #max: number;
  readonly #onChange: (change: Change) => void;
  readonly #byKey = new Map<string, Instance>();
  /** How many of them have a probe: what is not here is none of them. */
  readonly #probes = new Map<number, number>();
  /** No room, as far as was seen: each of them is out of order. */
  #isFull = false;

  constructor(
    settings: AlertSettings,
    options: { readonly onChange: (change: Change) => void; readonly max?: number },
  ) {
    this.settings = settings;
    this.#onChange = options.onChange;
    this.#max = options.max ?? ALERT_INSTANCES_MAX;
  }

  /** Instances that there was no room for, at the last look that had too many. */
  get leftOut(): number {
    return this.#leftOut.count;
  }

  get size(): number {
    return this.#byKey.size;
  }

  get all(): Iterable<Instance> {
    return this.#byKey.values();
  }

  find(key: string): Instance | undefined {
    return this.#byKey.get(key);
  }

  /**
   * Whether a look at what has this probe may change anything. Much cheaper than the look: of many thousand
   * series, most are neither known nor out of order, or there is no room for them.
   */
  wants(probe: number, look: { readonly at: number; readonly isOut: boolean }): boolean {
    if (this.#probes.has(probe)) return true;
    if (!look.isOut) return false;
    if (this.#isFull) this.#leftOut.add(look.at);
    return !this.#isFull;
  }

  /**
   * One look at one of them.
   *
   * @param isOut Whether it is out of order, for what fires and for what does not.
   * @param value NaN: it has none, or it is not known.
   */
  look(
    labels: Labels,
    look: {
      readonly at: number;
      readonly value: number;
      readonly isOut: (fires: boolean) => boolean;
    },
  ): void {
    const key = labelsToJson(labels);
    const known = this.#byKey.get(key);
    const isOut = look.isOut(known?.state === "firing");
    if (known === undefined && !isOut) return;
    const instance = known ?? this.#begin(key, labels, look.at);
    if (instance === undefined) return;
    this.step(instance, { at: look.at, value: look.value, isOut });
  }

  step(
    instance: Instance,
    { at, value, isOut }: { readonly at: number; readonly value: number; readonly isOut: boolean },
  ): void {
    const { state, since } = instance;
    const isNew = at >= instance.seenAt;
    // What it fires with is the last value that was out of order, not the one that ended it.
    if (isNew && isOut && !Number.isNaN(value)) instance.value = value;
    const to = step(instance, this.settings, { isOut, at });
    if (to === undefined) return;
    if (instance.state === "inactive") this.#isFull = false;
    this.#onChange({
      settings: this.settings,
      key: instance.key,
      labels: instance.labels,
      to,
      at,
      since: state === "inactive" ? at : since,
      value: isNew && !Number.isNaN(value) ? value : instance.value,
      isFlapping: isFlapping(instance, at),
    });
  }

  /** Forgets those in order that fired too long ago to flap. */
  forget(at: number): void {
    for (const [key, instance] of this.#byKey) {
      if (instance.state !== "inactive") continue;
      const last = instance.fired.at(-1) ?? -Infinity;
      if (at - last >= FLAP_WINDOW) this.#remove(key, instance);
    }
  }

  /**
   * What fires is resolved, what is pending ends: the alert is gone, or means something else now.
   *
   * @param at Undefined: at the last look.
   */
  endAll(at: number | undefined): void {
    for (const instance of this.#byKey.values()) {
      if (instance.state === "inactive") continue;
      const to = instance.state === "firing" ? "resolved" : "inactive";
      const { key, labels, since, value, seenAt } = instance;
      const end = Math.max(at ?? seenAt, since);
      const { settings } = this;
      this.#onChange({ settings, key, labels, to, at: end, since, value, isFlapping: false });
    }
    this.#byKey.clear();
    this.#probes.clear();
    this.#isFull = false;
  }

  /** The clock was set: what was at a time was at another one. */
  shift(by: number): void {
    for (const instance of this.#byKey.values()) shift(instance, by);
  }

  /** What was looked at ahead of `now`, before the clock was set, was so just now: else no look would count. */
  notAhead(now: number): void {
    for (const instance of this.#byKey.values()) {
      if (instance.seenAt > now) shift(instance, now - instance.seenAt);
    }
  }

  store(): StoredInstance[] {
    return [...this.#byKey.values()].map(({ key: _, ...rest }) => rest);
  }

  restore(stored: readonly StoredInstance[]): void {
    for (const one of stored.slice(0, this.#max)) {
      const labels = Object.assign(Object.create(null) as Record<string, string>, one.labels);
      const key = labelsToJson(labels);
      // NaN and infinite times are null in JSON.
      const value = one.value ?? Number.NaN;
      this.#insert({ ...newMachine(), ...one, value, labels, key, fired: [...one.fired] });
    }
  }

  #begin(key: string, labels: Labels, at: number): Instance | undefined {
    if (this.#byKey.size >= this.#max && !this.#makeRoom()) {
      this.#leftOut.add(at);
      return undefined;
    }
    const instance: Instance = { ...newMachine(), key, labels };
    this.#insert(instance);
    return instance;
  }

  #makeRoom(): boolean {
    for (const [key, instance] of this.#byKey) {
      if (instance.state !== "inactive") continue;
      this.#remove(key, instance);
      return true;
    }
    this.#isFull = true;
    return false;
  }

  #insert(instance: Instance): void {
    this.#byKey.set(instance.key, instance);
    const probe = probeOf(Object.values(instance.labels));
    this.#probes.set(probe, (this.#probes.get(probe) ?? 0) + 1);
  }

  #remove(key: string, { labels }: Instance): void {
    this.#byKey.delete(key);
    this.#isFull = false;
    const probe = probeOf(Object.values(labels));
    const left = (this.#probes.get(probe) ?? 1) - 1;
    if (left === 0) this.#probes.delete(probe);
    else this.#probes.set(probe, left);
  }
}

function shift(instance: Instance, by: number): void {
  instance.since += by;
  instance.seenAt += by;
  if (instance.clearedAt !== undefined) instance.clearedAt += by;
  instance.fired = instance.fired.map((at) => at + by);
}
