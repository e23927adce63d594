import type { Buckets } from "../../core/buckets.ts";
import { assert } from "../../core/errors.ts";
import {
  type HistogramName,
  type LabelsOf,
  METRICS,
  type MetricDefinition,
  type MetricName,
  type ScalarName,
} from "./catalog.ts";

export type Labels = Readonly<Record<string, string>>;

/** One number of a counter or a gauge. */
export interface ScalarPoint {
  readonly labels: Labels;
  readonly value: number;
}

/** One histogram. */
export interface HistogramPoint {
  readonly labels: Labels;
  readonly buckets: Buckets;
}

/** A metric with all that is known of it at one moment. */
export type Family = { readonly name: MetricName; readonly definition: MetricDefinition } & (
  | { readonly kind: "scalar"; readonly points: ScalarPoint[] }
  | { readonly kind: "histogram"; readonly points: HistogramPoint[] }
);

/** Tells a set what it knows. */
export type Collect = (set: MetricSet) => void;

/**
 * What the metrics are at one moment, gathered when somebody asks: at a scrape, or for a push. What is in no
 * catalog cannot be told.
 */
export class MetricSet {
  readonly #families = new Map<MetricName, Family>();

  /** In the order of the catalog. */
  get families(): readonly Family[] {
    const names = Object.keys(METRICS) as MetricName[]; // its own
    return names.flatMap((name) => this.#families.get(name) ?? []);
  }

  /** Tells one number of a counter or a gauge. */
  set<Name extends ScalarName>(
    name: Name,
    value: number,
    ...labels: LabelsOf<Name> extends undefined ? [] : [LabelsOf<Name>]
  ): void {
    const family = this.#family(name, labels[0]);
    assert(family.kind === "scalar", "the catalog says which metrics are scalars");
    family.points.push({ labels: labels[0] ?? {}, value });
  }

  /** Tells one histogram, which is read when the set is. */
  histogram<Name extends HistogramName>(
    name: Name,
    buckets: Buckets,
    ...labels: LabelsOf<Name> extends undefined ? [] : [LabelsOf<Name>]
  ): void {
    const family = this.#family(name, labels[0]);
    assert(family.kind === "histogram", "the catalog says which metrics are histograms");
    family.points.push({ labels: labels[0] ?? {}, buckets });
  }

  #family(name: MetricName, labels: Labels = {}): Family {
    const known = this.#families.get(name);
    if (known !== undefined) return known;
    const definition: MetricDefinition = METRICS[name];
    assert(
      (definition.labels ?? []).join() === Object.keys(labels).join(),
      `${name} has the labels of the catalog`,
    );
    const kind = definition.type === "histogram" ? "histogram" : "scalar";
    const family: Family = { name, definition, kind, points: [] };
    this.#families.set(name, family);
    return family;
  }
}
