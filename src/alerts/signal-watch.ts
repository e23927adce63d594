import type { AlertSettings, MetricCondition, SignalCondition } from "../core/alert-settings.ts";
import { labelsToJson } from "../core/result-json.ts";
import { Increase } from "./increase.ts";
import { type Change, Instances, type Labels } from "./instances.ts";
import { isBeyond } from "./machine.ts";
import { labelMatcher } from "./row-match.ts";

/** A value of this moment. NaN: not known now, which changes nothing. */
export interface Sample {
  /** The name of a signal, or that of a metric. */
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
  /** Of a share of counts: the count that it is a share of. */
  readonly of?: number;
}

/** An alert on what the service says of itself, by our own clock. What is not there any more is in order. */
export class SignalWatch {
  readonly instances: Instances;
  readonly #when: SignalCondition | MetricCondition;
  readonly #name: string;
  readonly #matches: ReturnType<typeof labelMatcher>;
  /** Of counters, by the labels: how much they grew. */
  readonly #grown = new Map<string, { readonly value: Increase; readonly of: Increase }>();

  constructor(
    settings: AlertSettings,
    when: SignalCondition | MetricCondition,
    onChange: (change: Change) => void,
  ) {
    this.#when = when;
    this.#name = when.kind === "metric" ? when.metric : when.signal;
    this.instances = new Instances(settings, { onChange });
    this.#matches = labelMatcher(when.labels);
  }

  /** Which samples it needs. */
  get kind(): (SignalCondition | MetricCondition)["kind"] {
    return this.#when.kind;
  }

  /** @param samples Those of its kind, by name. @param now Microseconds. */
  sample(samples: ReadonlyMap<string, readonly Sample[]>, now: number): void {
    const present = new Set<string>();
    for (const sample of samples.get(this.#name) ?? []) {
      if (!this.#matches(sample.labels)) continue;
      present.add(labelsToJson(sample.labels));
      const value = this.#valueOf(sample, now);
      if (Number.isNaN(value)) continue;
      const isOut = (fires: boolean): boolean => isBeyond(value, this.#when.threshold, fires);
      this.instances.look(sample.labels, { at: now, value, isOut });
    }
    for (const instance of this.instances.all) {
      if (present.has(instance.key) || instance.state === "inactive") continue;
      this.instances.step(instance, { at: now, value: Number.NaN, isOut: false });
    }
    for (const key of this.#grown.keys()) if (!present.has(key)) this.#grown.delete(key);
    this.instances.forget(now);
  }

  /** How much what it counts grew is that of another watch, which means the same and is over. */
  inherit(other: SignalWatch): void {
    for (const [key, grown] of other.#grown) this.#grown.set(key, grown);
  }

  /** The clock was set. */
  shift(by: number): void {
    this.instances.shift(by);
    for (const { value, of } of this.#grown.values()) {
      value.shift(by);
      of.shift(by);
    }
  }

  #valueOf({ labels, value, of }: Sample, now: number): number {
    const { over } = this.#when;
    if (over === undefined || Number.isNaN(value))
      return of === undefined ? value : share(value, of);
    const key = labelsToJson(labels);
    let grown = this.#grown.get(key);
    if (grown === undefined) {
      grown = { value: new Increase(over), of: new Increase(over) };
      this.#grown.set(key, grown);
    }
    const increase = grown.value.add(value, now);
    return of === undefined ? increase : share(increase, grown.of.add(of, now));
  }
}

/** Of nothing nothing is known. */
function share(part: number, of: number): number {
  return of > 0 ? part / of : Number.NaN;
}
