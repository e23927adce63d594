import { describe, expect, test } from "bun:test";
import type { RuleSettings, Settings } from "../../../src/core/settings.ts";
import type { EventBatch } from "../../../src/core/source.ts";
import { durationMicros, epochMicros } from "../../../src/core/time.ts";
import { Explainer } from "../../../src/pipeline/explain/explainer.ts";
import type { Explanation } from "../../../src/pipeline/explain/explanation.ts";
import { Processor } from "../../../src/pipeline/processor.ts";
import { stdin } from "../../../src/sources/stdin.ts";
import { ruleOf, settingsOf } from "../../support/settings.ts";

const SECOND = 1_000_000;
const seconds = (count: number) => durationMicros(count * SECOND);
const NOW = epochMicros(1_700_000_400 * SECOND);

/** Explains events of `a` with value 1, or lines as they are. */
function explain(
  rules: readonly Partial<RuleSettings>[],
  events: readonly (number | string | object)[],
  more: Partial<Settings> = {},
): Explanation[] {
  const settings = settingsOf({
    source: { definition: stdin, options: {} },
    sinks: [],
    rules: rules.map((rule, i) => ruleOf({ name: `rule_${i}`, ...rule })),
    ...more,
  });
  const told: Explanation[] = [];
  const watcher = new Explainer(settings, (one) => told.push(one));
  const processor = new Processor(settings, { seed: 1, nowMs: 0, onRefusal: () => {}, watcher });
  const text = events
    .map((event) => {
      if (typeof event === "string") return `${event}\n`;
      const own = typeof event === "number" ? { timestamp: event } : event;
      return `${JSON.stringify({ name: "a", value: 1, ...own })}\n`;
    })
    .join("");
  processor.add(batchOf(text), { now: NOW, nowMs: 0 });
  processor.rows();
  return told;
}

function batchOf(text: string): EventBatch {
  const bytes = new TextEncoder().encode(text);
  return {
    partition: "0",
    bytes,
    length: bytes.length,
    cursor: "",
    place: (line) => `line ${line + 1}`,
    pending: undefined,
    refusals: [],
    gap: undefined,
  };
}

const T = 1_700_000_040;
const tumbling = { kind: "tumbling", size: seconds(60), offset: durationMicros(0) } as const;

describe("Explainer", () => {
  test("tells window and series of an event that was taken", () => {
    expect(explain([{}], [{ timestamp: T + 1.5, agg_func: "max" }])).toEqual([
      {
        at: "line 1",
        outcome: "aggregated",
        name: "a",
        value: 1,
        timestamp: T + 1.5,
        watermark: null,
        rules: [
          {
            rule: "rule_0",
            outcome: "aggregated",
            name: "a",
            labels: {},
            agg_func: ["max"],
            windows: [{ start: T, end: T + 60, state: "open" }],
          },
        ],
        event: `{"name":"a","value":1,"timestamp":${T + 1.5},"agg_func":"max"}`,
      },
    ]);
  });

  test("tells a window that is over from one that is forgotten, and by how much an event was late", () => {
    const rule = { window: tumbling, allowedLateness: seconds(30) };
    const told = explain([rule], [T, T + 70, T + 1, T + 100, T + 2]);
    // The watermark is 5 s behind: at T + 65, then at T + 95.
    expect(told[2]!.rules[0]!.windows).toEqual([{ start: T, end: T + 60, state: "over" }]);
    expect(told[2]!.outcome).toBe("aggregated");
    expect(told[4]).toMatchObject({ outcome: "late", reason: "late", watermark: T + 95 });
    expect(told[4]!.rules[0]).toMatchObject({
      outcome: "late",
      windows: [{ start: T, end: T + 60, state: "forgotten", late_by: 5 }],
    });
  });

  test("tells the very edge: late from the watermark on that forgets the window", () => {
    const edge = (newest: number) => explain([{}], [newest, T])[1]!;
    expect(edge(T + 64.999999).outcome).toBe("aggregated");
    expect(edge(T + 65).outcome).toBe("late");
    const over = (newest: number) => edge(newest).rules[0]!.windows[0]!;
    expect(over(T + 64.999999)).toMatchObject({ state: "open" });
    expect(over(T + 65)).toMatchObject({ state: "forgotten", late_by: 0 });
  });

  test("tells each rule by itself, and what of it did not want the event", () => {
    const labels = { host: "x" };
    const told = explain(
      [
        { match: { name: ["b*"] } },
        { match: { labels: new Map([["host", ["y"]]]) } },
        { where: ({ value }) => value > 1 },
        { map: () => undefined },
        { where: () => { throw new Error("no"); } }, // biome-ignore format: short
        { groupBy: { name: false, labels: ["host"] }, map: () => ({ labels: { host: "z" } }) },
      ],
      [{ timestamp: T, labels }],
    );
    expect(told[0]!.outcome).toBe("aggregated");
    expect(told[0]!.rules.map(({ outcome, filtered_by }) => [outcome, filtered_by])).toEqual([
      ["filtered", "match"],
      ["filtered", "match"],
      ["filtered", "where"],
      ["filtered", "map"],
      ["failed", undefined],
      ["aggregated", undefined],
    ]);
    expect(told[0]!.rules[5]).toMatchObject({ name: "", labels: { host: "z" } });
  });

  test("tells every event by itself, whatever became of the one before", () => {
    const rule = { where: ({ value }: { value: number }) => value > 1 };
    const told = explain([rule], [T, { timestamp: T, value: 2 }, T, "", ""]);
    expect(told.map(({ rules }) => [rules[0]!.outcome, rules[0]!.filtered_by])).toEqual([
      ["filtered", "where"],
      ["aggregated", undefined],
      ["filtered", "where"],
    ]);
  });

  test("tells duplicates by the place of the first, which a refused one is not", () => {
    const id = "x";
    const told = explain(
      [{}],
      [
        T + 300,
        { timestamp: T, id },
        { timestamp: T + 299, id },
        { timestamp: T + 298, id },
        { timestamp: T + 297, id },
      ],
    );
    expect(told.map(({ outcome, duplicate_of }) => [outcome, duplicate_of])).toEqual([
      ["aggregated", undefined],
      ["late", undefined],
      ["aggregated", undefined],
      ["duplicate", "line 3"],
      ["duplicate", "line 3"],
    ]);
    expect(told[3]!.rules).toEqual([]);
  });

  test("tells what is invalid, in the future, over the limit, or one of our own metrics", () => {
    const told = explain(
      [{ seriesMax: 1 }],
      ["not json", "", { timestamp: T + 1000 }, { timestamp: T }, { timestamp: T, name: "b" }],
    );
    expect(told.map(({ at, outcome, reason }) => [at, outcome, reason])).toEqual([
      ["line 1", "invalid", "invalid_json"],
      ["line 3", "future", "future"],
      ["line 4", "aggregated", undefined],
      ["line 5", "over_limit", "over_limit"],
    ]);
    expect(told[1]!.detail).toContain("ahead of the clock");
    const source = { definition: { ...stdin, carriesMetrics: true }, options: {} };
    const own = explain([{}], ["", { timestamp: T, name: "aggregator.x" }], { source });
    expect(own).toMatchObject([{ at: "line 2", outcome: "filtered", rules: [] }]);
    expect(own[0]!.event).toContain("aggregator.x");
  });

  test("tells all windows that overlap, and which of them were too late", () => {
    const hopping = {
      kind: "hopping",
      size: seconds(60),
      every: seconds(20),
      offset: durationMicros(0),
    } as const;
    const told = explain([{ window: hopping }], [T + 90, T + 45]);
    expect(told[1]!.rules[0]).toMatchObject({
      outcome: "late_partial",
      windows: [
        { start: T, end: T + 60, state: "forgotten", late_by: 25 },
        { start: T + 20, end: T + 80, state: "forgotten", late_by: 5 },
        { start: T + 40, end: T + 100, state: "open" },
      ],
    });
    const edge = explain([{ window: hopping }], [T + 85, T + 45]);
    expect(edge[1]!.rules[0]!.windows[1]).toMatchObject({ state: "forgotten", late_by: 0 });
  });

  test("bounds the windows that it tells", () => {
    const window = {
      kind: "hopping",
      size: seconds(6000),
      every: seconds(60),
      offset: durationMicros(0),
    } as const;
    const [told] = explain([{ window }], [T]);
    expect(told!.rules[0]!.windows).toHaveLength(64);
    expect(told!.rules[0]!.windows_left_off).toBe(36);
  });

  test("tells the session that an event joined, per series and function", () => {
    const rule = { window: { kind: "session", gap: seconds(10) } } as const;
    const told = explain(
      [rule],
      [
        T,
        { timestamp: T + 5, name: "b" },
        T + 8,
        { timestamp: T + 9, agg_func: "min" },
        T + 40,
        T + 12,
      ],
    );
    expect(told.map(({ outcome, rules }) => [outcome, rules[0]!.windows])).toEqual([
      ["aggregated", [{ start: T, end: T + 10, state: "open" }]],
      ["aggregated", [{ start: T + 5, end: T + 15, state: "open" }]],
      ["aggregated", [{ start: T, end: T + 18, state: "open" }]],
      ["aggregated", [{ start: T + 9, end: T + 19, state: "open" }]],
      ["aggregated", [{ start: T + 40, end: T + 50, state: "open" }]],
      ["late", [{ start: T + 12, end: T + 22, state: "forgotten", late_by: 13 }]],
    ]);
  });

  test("tells that an event lies in a session that is closed, though the watermark is not beyond its gap", () => {
    const rule = { window: { kind: "session", gap: seconds(10) } } as const;
    const told = explain([rule], [T, T + 16, T + 9]);
    expect(told[2]!.rules[0]).toMatchObject({
      outcome: "late",
      windows: [{ start: T + 9, end: T + 19, state: "forgotten", late_by: 0 }],
    });
  });

  test("tells a rule that reads another by the other's outcome and its own windows", () => {
    const lower = { name: "lower", window: tumbling, allowedLateness: seconds(30) };
    const upper = { name: "upper", window: { ...tumbling, size: seconds(120) }, from: "lower" };
    const told = explain([lower, upper], [T + 20, T + 300, T + 21]);
    expect(told[0]!.rules[1]).toMatchObject({
      rule: "upper",
      outcome: "aggregated",
      from: "lower",
    });
    expect(told[2]!.rules[1]).toMatchObject({
      outcome: "late",
      // Its watermark is behind by what the other waits: T + 295 - 30.
      windows: [{ start: T, end: T + 120, state: "forgotten", late_by: 145 }],
    });
  });

  test("changes nothing: the same rows come out, also where functions of the rule are asked again", () => {
    const rule = { where: ({ value }: { value: number }) => value < 5 };
    const settings = settingsOf({
      source: { definition: stdin, options: {} },
      sinks: [],
      rules: [
        ruleOf(rule),
        ruleOf({ name: "visits", window: { kind: "session", gap: seconds(9) } }),
      ],
    });
    const lines = Array.from({ length: 300 }, (_, i) => {
      const timestamp = T + ((i * 37) % 100) + i;
      return `${JSON.stringify({ name: `n${i % 7}`, value: i % 9, timestamp, id: `${i % 250}` })}\n`;
    }).join("");
    const rowsWith = (watcher: Explainer | undefined) => {
      const processor = new Processor(settings, {
        seed: 1,
        nowMs: 0,
        onRefusal: () => {},
        watcher,
      });
      const rows: unknown[] = [];
      const cut = { events: 64, onFired: (more: unknown[]) => void rows.push(...more) };
      processor.add(batchOf(lines), { now: epochMicros(Infinity), nowMs: 0 }, cut);
      processor.engine.finish();
      rows.push(...processor.fire(), processor.engine.ledger);
      return rows;
    };
    const told: Explanation[] = [];
    const watched = rowsWith(new Explainer(settings, (one) => told.push(one)));
    expect(watched).toEqual(rowsWith(undefined));
    expect(told).toHaveLength(300);
  });
});
