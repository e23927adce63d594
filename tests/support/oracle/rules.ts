import fc from "fast-check";
import { byEvent, functionDefinitions } from "../../../src/aggregations/list.ts";
import type { Aggregation } from "../../../src/core/aggregation.ts";
import type {
  AggregateSettings,
  FillSettings,
  GroupBy,
  RuleMatch,
  RuleSettings,
} from "../../../src/core/settings.ts";
import { type DurationMicros, durationMicros } from "../../../src/core/time.ts";
import { CALENDAR_UNITS, type CalendarUnit, type WindowRule } from "../../../src/core/window.ts";
import { knownFunctions } from "./functions.ts";
import { spy } from "./spy.ts";

const SECOND = 1_000_000;
const seconds = (n: number): DurationMicros => durationMicros(Math.round(n * SECOND));

export const LABELS = ["host", "zone", "a,b", "__proto__"];

/** Zones whose days are odd: at midnight, by half an hour, by a whole day, by seconds. */
const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/St_Johns",
  "America/Havana",
  "America/Sao_Paulo",
  "Asia/Kolkata",
  "Pacific/Apia",
  "Australia/Lord_Howe",
  "Africa/Monrovia",
];

/** In this share of all cases what `one` gives, else undefined. */
export function sometimes<T>(share: number, one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  const weight = Math.round(share * 1_000);
  return fc.oneof(
    { weight: 1_000 - weight, arbitrary: fc.constant(undefined) },
    { weight, arbitrary: one },
  );
}

const functions: readonly Aggregation[] = [
  spy,
  ...functionDefinitions.flatMap((one) =>
    one.parameter === undefined && knownFunctions.has(one.name) ? [one.make()] : [],
  ),
];

const aggregate: fc.Arbitrary<AggregateSettings> = fc.oneof(
  fc.constant(byEvent),
  fc.uniqueArray(fc.nat(functions.length - 1), { minLength: 1, maxLength: 5 }).map((chosen) => ({
    kind: "named" as const,
    functions: chosen.map((i) => ({ key: functions[i]!.name, aggregation: functions[i]! })),
  })),
);

const tumbling = fc
  .record({ size: fc.constantFrom(1, 7, 10, 60, 86_400), offset: fc.constantFrom(0, 0, 3, -4) })
  .map(({ size, offset }): WindowRule => {
    return { kind: "tumbling", size: seconds(size), offset: seconds(offset) };
  });

const hopping = fc
  .record({
    length: fc.constantFrom<readonly [size: number, every: number]>(
      [10, 5],
      [10, 3],
      [9, 6],
      [60, 20],
      [7, 7],
      [1.5, 0.5],
      [86_400, 21_600],
    ),
    offset: fc.constantFrom(0, 0, 0.25),
  })
  .map(({ length: [size, every], offset }): WindowRule => {
    return {
      kind: "hopping",
      size: seconds(size),
      every: seconds(every),
      offset: seconds(offset),
    };
  });

const session = fc
  .constantFrom(0.000_001, 1, 4, 10, 60, 3_600)
  .map((gap): WindowRule => ({ kind: "session", gap: seconds(gap) }));

const calendar = fc
  .record({
    unit: fc.constantFrom(...CALENDAR_UNITS),
    zone: fc.constantFrom(...ZONES),
    weekStart: fc.integer({ min: 1, max: 7 }),
  })
  .map((one): WindowRule => ({ kind: "calendar", ...one }));

const match: fc.Arbitrary<RuleMatch> = fc.record(
  {
    name: fc.uniqueArray(fc.constantFrom("a", "[bc]", "?", "__*", "*\u0301"), { minLength: 1 }),
    labels: fc
      .uniqueArray(
        fc.tuple(fc.constantFrom(...LABELS), fc.constantFrom(["x"], ["*"], ["?", ""], ["[xy]*"])),
        { selector: ([label]) => label, minLength: 1, maxLength: 2 },
      )
      .map((pairs) => new Map(pairs)),
  },
  { requiredKeys: [] },
);

const where = fc.constantFrom<NonNullable<RuleSettings["where"]>>(
  ({ value }) => value >= 0,
  ({ name }) => name !== "b",
  ({ labels }) => labels["host"] === undefined,
  ({ timestamp }) => timestamp % 2 < 1.5,
  ({ value }) => {
    if (value < -500) throw new Error("where");
    return true;
  },
);

const map = fc.constantFrom<NonNullable<RuleSettings["map"]>>(
  ({ value }) => ({ value: value * 2 }),
  ({ name }) => (name === "a" ? undefined : { name: `${name}!` }),
  ({ labels }) => ({ name: "one", labels: { ...labels, host: "all" } }),
  () => ({ labels: {} }),
  ({ value }) => {
    if (value > 700) throw new Error("map");
    return {};
  },
);

const groupBy: fc.Arbitrary<GroupBy> = fc.record({
  name: fc.boolean(),
  labels: fc
    .uniqueArray(fc.constantFrom(...LABELS), { maxLength: 2 })
    .map((labels) => labels.toSorted()),
});

const extras = fc.record({
  lateness: fc.constantFrom(0, 0, 1, 15, 90, 40_000),
  seriesMax: fc.constantFrom(1, 3, 6, 100, 100),
  emit: sometimes(1 / 5, fc.constant("final" as const)),
  early: sometimes(1 / 4, fc.constantFrom(1, 10, 3_600).map(seconds)),
  fill: sometimes(
    1 / 3,
    fc.record({
      with: fc.constantFrom<FillSettings["with"]>("zero", "null", "previous"),
      lengths: fc.constantFrom(0.5, 1, 2, 4),
    }),
  ),
});
type Extras = typeof extras extends fc.Arbitrary<infer E> ? E : never;

/** A rule that reads events. */
const reader: fc.Arbitrary<Omit<RuleSettings, "name">> = fc
  .record({
    window: fc.oneof(tumbling, hopping, session, calendar),
    aggregate,
    extras,
    match: sometimes(1 / 8, match),
    where: sometimes(1 / 8, where),
    map: sometimes(1 / 8, map),
    groupBy: sometimes(1 / 3, groupBy),
  })
  .map(({ window, extras: more, ...rest }) => ({
    window,
    to: [],
    ...settle(window, more),
    ...rest,
  }));

function settle(
  window: WindowRule,
  { lateness, seriesMax, emit, early, fill }: Omit<Extras, "lateness"> & { lateness: number },
): Pick<RuleSettings, "allowedLateness" | "seriesMax" | "emit" | "early" | "fill"> {
  const isFilled = fill !== undefined && window.kind !== "session";
  return {
    allowedLateness: seconds(lateness),
    // Whether a series counts whose gaps are filled is not laid down: the limit is not reached here.
    seriesMax: isFilled ? 10_000 : seriesMax,
    emit,
    early,
    fill: isFilled
      ? { with: fill.with, for: durationMicros(Math.round(fill.lengths * longest(window))) }
      : undefined,
  };
}

/** How long a window is, at most. */
function longest(window: WindowRule): number {
  if (window.kind === "session") return window.gap;
  if (window.kind !== "calendar") return window.size;
  const days: Record<CalendarUnit, number> = {
    hour: 1 / 24,
    day: 1,
    week: 7,
    month: 31,
    quarter: 92,
    year: 366,
  };
  return days[window.unit] * 86_400 * SECOND;
}

const upper = fc.record({ times: fc.constantFrom(1, 2, 6), pick: fc.nat(20), extras });
type Upper = typeof upper extends fc.Arbitrary<infer U> ? U : never;

/** A rule that merges the windows of `below`; undefined where there is none. */
function above(
  below: RuleSettings,
  { times, pick, extras: more }: Upper,
): RuleSettings | undefined {
  const windows = windowsAbove(below.window, times);
  if (windows.length === 0) return undefined;
  const window = windows[pick % windows.length]!;
  const { aggregate: same, groupBy: alike } = below;
  return {
    ...settle(window, more),
    name: `${below.name}+`,
    from: below.name,
    window,
    aggregate: same,
    groupBy: alike,
    to: [],
    // Which series of a window comes first is not laid down: the limit is not reached here.
    seriesMax: 10_000,
  };
}

function windowsAbove(window: WindowRule, times: number): WindowRule[] {
  if (window.kind === "tumbling") {
    const offset = window.offset;
    const longer: WindowRule = {
      kind: "tumbling",
      size: durationMicros(window.size * times),
      offset,
    };
    const isCivil = offset === 0 && (86_400 * SECOND) % window.size === 0;
    return isCivil ? [longer, longer, ...unitsOf("UTC", ["day", "month"], 1)] : [longer];
  }
  if (window.kind !== "calendar") return [];
  const { unit, zone, weekStart } = window;
  if (unit === "hour") return zone === "UTC" ? unitsOf(zone, ["day", "week"], weekStart) : [];
  if (unit === "day") return unitsOf(zone, ["week", "month", "quarter", "year"], weekStart);
  if (unit === "month") return unitsOf(zone, ["quarter", "year"], weekStart);
  return unit === "quarter" ? unitsOf(zone, ["year"], weekStart) : [];
}

function unitsOf(zone: string, units: readonly CalendarUnit[], weekStart: number): WindowRule[] {
  return units.map((unit) => ({ kind: "calendar", unit, zone, weekStart }));
}

/** Sessions that meet, before they are told and after. */
export const sessionRules: fc.Arbitrary<RuleSettings[]> = fc
  .array(
    fc.record({
      gap: fc.constantFrom(4, 10, 20),
      aggregate,
      more: extras,
      lateness: fc.constantFrom(0, 15, 60, 90),
    }),
    { minLength: 1, maxLength: 2 },
  )
  .map((all) =>
    all.map(({ gap, aggregate: functionsOf, more, lateness }, i): RuleSettings => {
      const window: WindowRule = { kind: "session", gap: seconds(gap) };
      const settled = settle(window, { ...more, lateness });
      return { ...settled, name: `s${i}`, window, aggregate: functionsOf, to: [] };
    }),
  );

/** One to three rules that read events, and up to two that read one of these, or one another. */
export const rules: fc.Arbitrary<RuleSettings[]> = fc
  .record({
    readers: fc.array(reader, { minLength: 1, maxLength: 3 }),
    uppers: fc.array(upper, { maxLength: 2 }),
  })
  .map(({ readers, uppers }) => {
    const all = readers.map((one, i): RuleSettings => ({ ...one, name: `r${2 - i}` }));
    for (const one of uppers) {
      const higher = above(all[one.pick % all.length]!, one);
      if (higher === undefined || all.some(({ name }) => name === higher.name)) continue;
      all.push(higher);
    }
    return all;
  });
