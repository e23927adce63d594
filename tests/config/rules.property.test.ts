import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { resolveConfig } from "../../src/config/resolve.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { FILL_WINDOWS_MAX, PANES_PER_WINDOW_MAX } from "../../src/core/limits.ts";
import type { RuleSettings } from "../../src/core/settings.ts";
import { windowText } from "../../src/core/window-text.ts";
import {
  calendar,
  count,
  customFunction,
  eventFunction,
  hopping,
  session,
  sum,
  tumbling,
} from "../../src/index.ts";
import { runs, TIMEOUT_MS } from "../support/effort.ts";

setDefaultTimeout(TIMEOUT_MS);

// The types are those of what is right; here much is wrong.
type Loose = (...args: unknown[]) => unknown;

const junk = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
});

/** Mostly what could be meant, at times anything. */
function mostly(arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ arbitrary, weight: 30 }, { arbitrary: junk, weight: 1 });
}

const duration = mostly(
  fc.constantFrom("1us", "10ms", "1s", "7s", "1m", "5m", "1h", "1d", "7d", "400d", "0s", "5"),
);
const window = mostly(
  fc.oneof(
    fc.tuple(duration, duration).map(([size, offset]) => (tumbling as Loose)(size, { offset })),
    duration.map((size) => (tumbling as Loose)(size)),
    fc
      .tuple(duration, duration, duration)
      .map(([size, every, offset]) => (hopping as Loose)(size, { every, offset })),
    fc.tuple(duration, duration).map(([size, every]) => (hopping as Loose)(size, { every })),
    duration.map((gap) => (session as Loose)(gap)),
    fc
      .record(
        {
          zone: mostly(fc.constantFrom("UTC", "Europe/Berlin", "Asia/Kolkata", "Nowhere", "")),
          weekStart: mostly(fc.constantFrom("monday", "sunday", "someday")),
        },
        { requiredKeys: [] },
      )
      .chain((options) =>
        mostly(fc.constantFrom("hour", "day", "week", "month", "year", "dey")).map((unit) =>
          (calendar as Loose)(unit, options),
        ),
      ),
  ),
);
const glob = mostly(fc.string({ unit: fc.constantFrom("*", "?", "[", "]", "!", "-", "a", "\\") }));
const aggregate = mostly(
  fc.constantFrom<unknown>(
    eventFunction(),
    sum(),
    { n: count(), s: sum() },
    customFunction({ init: () => 0, add: (a) => a, merge: (a) => a, result: (a) => a }),
    {},
  ),
);
const rule = mostly(
  fc.record(
    {
      window,
      aggregate,
      from: fc.constantFrom("a", "b", "c", "d"),
      match: mostly(
        fc.record(
          { name: fc.oneof(glob, fc.array(glob)), labels: fc.dictionary(fc.string(), glob) },
          { requiredKeys: [] },
        ),
      ),
      where: mostly(fc.constant(() => true)),
      map: mostly(fc.constant(() => {})),
      groupBy: mostly(fc.array(fc.constantFrom("name", "labels.a", "labels.b", "label.a"))),
      allowedLateness: duration,
      emit: mostly(fc.constant("final")),
      early: duration,
      fill: mostly(fc.constantFrom("zero", "null", "previous", "none")),
      fillFor: duration,
      to: mostly(fc.array(fc.constantFrom("sqlite", "nowhere"))),
      maxSeries: mostly(fc.constantFrom(1, 0, 1e9)),
    },
    { requiredKeys: ["window"] },
  ),
);

const rightWindow = fc.constantFrom<unknown>(
  tumbling("1m"),
  tumbling("1h"),
  hopping("5m", { every: "1m" }),
  session("5m"),
  calendar("day"),
  calendar("month", { zone: "Europe/Berlin" }),
);

/** One that reads events or another rule, with little else: so that some of them are right. */
const plain = fc.oneof(
  fc.record(
    {
      window: rightWindow,
      aggregate: fc.constant(sum()),
      fill: fc.constantFrom("zero", "null"),
      early: fc.constantFrom("10s", "1m"),
      groupBy: fc.constant(["labels.a"]),
    },
    { requiredKeys: ["window", "aggregate"] },
  ),
  fc.record({ window: rightWindow, from: fc.constantFrom("a", "b", "c", "d") }),
);

const names = fc.constantFrom("a", "b", "c", "d");
const rules = fc.oneof(
  fc.dictionary(names, fc.oneof(rule, plain), { minKeys: 1 }),
  fc.dictionary(names, plain, { minKeys: 1 }),
);

function settingsOf(input: unknown): readonly RuleSettings[] | undefined {
  try {
    return resolveConfig({ rules: input }, { origin: "test", dir: "/srv", env: {} }).rules;
  } catch (thrown) {
    if (thrown instanceof ConfigError && thrown.issues.length > 0) return undefined;
    throw thrown;
  }
}

test("any rules are taken or refused in words, and what is taken can be run", () => {
  let taken = 0;
  const property = fc.property(rules, (input) => {
    const settings = settingsOf(input);
    if (settings === undefined) return;
    taken++;
    const seen = new Set<string>();
    for (const { name, window: cut, from, aggregate: functions, fill, early, emit } of settings) {
      expect(windowText(cut)).toStartWith(cut.kind);
      expect(functions.functions.length).toBeGreaterThan(0);
      if (from !== undefined) expect(seen).toContain(from);
      seen.add(name);
      if (cut.kind === "hopping") {
        expect(cut.size).toBeGreaterThanOrEqual(cut.every);
        expect(cut.size / cut.every).toBeLessThanOrEqual(PANES_PER_WINDOW_MAX);
      }
      if (fill !== undefined && cut.kind === "tumbling") {
        expect(fill.for / cut.size).toBeLessThanOrEqual(FILL_WINDOWS_MAX);
      }
      expect(early !== undefined && emit !== undefined).toBe(false);
    }
    expect(seen.size).toBe(Object.keys(input).length);
  });
  fc.assert(property, { numRuns: runs(2000) });
  // Otherwise nothing was tried but refusals.
  expect(taken).toBeGreaterThan(100);
});
