import fc from "fast-check";
import { busFunctions } from "../../../src/aggregations/list.ts";
import type { RuleSettings } from "../../../src/core/settings.ts";
import { durationMicros } from "../../../src/core/time.ts";
import { rules as anyRules, LABELS, sometimes } from "./rules.ts";

const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;

const NAMES = ["a", "b", "c", "__proto__", "\u00e9", "e\u0301"];

const labels = fc.uniqueArray(
  fc.tuple(fc.constantFrom(...LABELS), fc.constantFrom("x", "y", "", 'x"],["y', "__proto__")),
  { selector: ([label]) => label, minLength: 1, maxLength: 3 },
);

/** Microseconds by which event time goes on, and by which one event alone is off. */
export interface Pace {
  readonly step: fc.Arbitrary<number>;
  readonly aside: fc.Arbitrary<number>;
  readonly names: readonly string[];
  readonly functions: number;
}

const wild: Pace = {
  step: fc.oneof(
    { weight: 12, arbitrary: fc.integer({ min: -2 * SECOND, max: 8 * SECOND }) },
    { weight: 8, arbitrary: fc.integer({ min: -1, max: 5 }).map((n) => n * SECOND) },
    { weight: 4, arbitrary: fc.integer({ min: -1, max: 1 }) },
    { weight: 2, arbitrary: fc.constantFrom(30, 59, 300).map((n) => n * SECOND) },
    { weight: 2, arbitrary: fc.integer({ min: -2, max: 60 }).map((n) => (n * HOUR) / 2) },
    { weight: 1, arbitrary: fc.constantFrom(-3e8, 3e8, 9e8, 2.6e6, 86_400).map((n) => n * SECOND) },
  ),
  aside: fc.oneof(
    { weight: 10, arbitrary: fc.constant(0) },
    { weight: 5, arbitrary: fc.integer({ min: -90 * SECOND, max: 5 * SECOND }) },
    { weight: 3, arbitrary: fc.integer({ min: -30, max: 2 }).map((n) => n * SECOND) },
    { weight: 2, arbitrary: fc.integer({ min: -60, max: 0 }).map((n) => (n * HOUR) / 2) },
  ),
  names: NAMES,
  functions: busFunctions.length,
};

/** Few series, and every event near the others: they meet in the same windows. */
export const calm: Pace = {
  step: fc.integer({ min: 0, max: 20 }).map((n) => n * SECOND),
  aside: fc.oneof(
    { weight: 2, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -90, max: 0 }).map((n) => n * SECOND) },
  ),
  names: NAMES.slice(0, 2),
  functions: 1,
};

const eventOf = ({ step: pace, aside, names, functions }: Pace) =>
  fc.record({
    name: fc.constantFrom(...names),
    fn: fc.nat(functions - 1),
    // Quarters: their sums are exact. -0 must not be seen.
    value: fc.oneof(
      fc.integer({ min: -4_000, max: 4_000 }).map((n) => n / 4),
      fc.constant(-0),
    ),
    step: pace,
    aside,
    id: sometimes(1 / 8, fc.constantFrom("1", "2", "3", "4", "5")),
    labels: sometimes(1 / 2, labels),
  });
type StepEvent = ReturnType<typeof eventOf> extends fc.Arbitrary<infer E> ? E : never;

export type Step =
  | { readonly kind: "batch"; readonly partition: string; readonly events: readonly StepEvent[] }
  | {
      readonly kind: "collect" | "idle" | "away" | "restart" | "renumber" | "partial" | "open";
    }
  | { readonly kind: "wait"; readonly ms: number };

const stepOf = (pace: Pace): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant("batch" as const),
        partition: fc.constantFrom("0", "0", "0", "", "p1"),
        events: fc.array(eventOf(pace), { minLength: 1, maxLength: 12 }),
      }),
    },
    { weight: 4, arbitrary: fc.constant({ kind: "collect" as const }) },
    { weight: 3, arbitrary: fc.constant({ kind: "idle" as const }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("wait" as const),
        ms: fc.constantFrom(0.5, 3_000, 9_999, 10_000, 70_000, 100_000_000),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          "away" as const,
          "restart" as const,
          "renumber" as const,
          "partial" as const,
          "open" as const,
        ),
      }),
    },
  );

export interface Scenario {
  readonly rules: readonly RuleSettings[];
  readonly outOfOrderness: number;
  /** Seconds. */
  readonly maxFuture: number | "off";
  readonly idsMax: number;
  /** Seconds. */
  readonly dedupeFor: number;
  /** Unix seconds. */
  readonly origin: number;
  /** Which clock `early` goes by. */
  readonly earlyClock: "watermark" | "wall";
  readonly steps: readonly Step[];
  readonly [fc.toStringMethod]: (this: Scenario) => string;
}

/** Instants near which clocks are changed, and others. */
const ORIGINS = [
  0,
  -5,
  -1_000_000,
  1_700_000_000,
  1_325_200_000, // 2011-12-29: Apia leaves out the next day
  1_162_088_000, // 2006-10-29: St. John's goes back at one minute past midnight
  1_541_300_000, // 2018-11-04: São Paulo has no midnight
  1_699_160_000, // 2023-11-05: Havana has two
  1_711_846_000, // 2024-03-31: Berlin has 23 hours
];

/** How a scenario is shown when it fails: without the code of its functions. */
function show(this: Scenario): string {
  return JSON.stringify(
    this,
    (key, value: unknown) => {
      if (key === "aggregation") return undefined;
      if (value instanceof Map) return [...value];
      return typeof value === "function" ? String(value) : value;
    },
    1,
  ).replaceAll(/\n {4,}/g, " ");
}

export function scenarioOf(
  rules: fc.Arbitrary<readonly RuleSettings[]> = anyRules,
  pace: Pace = wild,
): fc.Arbitrary<Scenario> {
  const scenario = fc.record({
    rules,
    outOfOrderness: fc.constantFrom(0, 0, 2, 5, 30, 7_200).map((n) => durationMicros(n * SECOND)),
    maxFuture: sometimes(1 / 8, fc.constantFrom(0, 60, 86_400)).map((known) => known ?? "off"),
    idsMax: fc.constantFrom(1, 2, 100),
    dedupeFor: fc.constantFrom(0, 1, 20, 3_600),
    origin: fc.constantFrom(...ORIGINS),
    earlyClock: fc.constantFrom("watermark", "wall"),
    steps: fc.array(stepOf(pace), { maxLength: 30, size: "max" }),
  });
  return scenario.map((one): Scenario => ({ ...one, [fc.toStringMethod]: show }));
}
