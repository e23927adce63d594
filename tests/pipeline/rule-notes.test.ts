import { describe, expect, test } from "bun:test";
import { functionNamed } from "../../src/aggregations/named.ts";
import type { ResultRow } from "../../src/core/result.ts";
import type { RuleSettings } from "../../src/core/settings.ts";
import { epochMicros } from "../../src/core/time.ts";
import { Processor } from "../../src/pipeline/processor.ts";
import { scriptedSink } from "../support/scripted-sink.ts";
import { batchOf, scriptedSource } from "../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../support/settings.ts";

const T = 1_700_000_040;

/** What becomes of events, by the rules. */
function run(
  rules: readonly RuleSettings[],
  events: readonly object[],
): { readonly rows: ResultRow[]; readonly notes: string[][] } {
  const processor = new Processor(
    settingsOf({
      source: scriptedSource([]).settings,
      sinks: [scriptedSink("main").settings],
      rules,
    }),
    { seed: 1, nowMs: 0, onRefusal: () => {} },
  );
  processor.add(batchOf(events), { now: epochMicros((T + 60) * 1e6), nowMs: 0 });
  processor.engine.finish();
  const notes = processor.engine.rules.map((rule) => rule.notes(20));
  return { rows: processor.rows(), notes };
}

const event = (name: string, agg_func: string | undefined, value: number): object => {
  return { name, agg_func, value, timestamp: T };
};

const short = (rows: readonly ResultRow[]): unknown[] =>
  rows.map(({ name, agg_func, value, count }) => [name, agg_func, value, count]);

describe("events of one name that name several functions", () => {
  test("are several series, of which a note tells", () => {
    const { rows, notes } = run(
      [ruleOf()],
      [
        event("cpu", "avg", 2),
        event("cpu", undefined, 3),
        event("cpu", "avg", 4),
        event("cpu", "max", 9),
        event("disk", "avg", 1),
        event("net", "min", 1),
        event("net", "sum", 2),
      ],
    );
    expect(short(rows)).toEqual([
      ["cpu", "avg", 3, 2],
      ["cpu", "max", 9, 1],
      ["cpu", "sum", 3, 1],
      ["disk", "avg", 1, 1],
      ["net", "min", 1, 1],
      ["net", "sum", 2, 1],
    ]);
    expect(notes).toEqual([
      ["cpu: events name sum, avg and max: 3 series", "net: events name sum and min: two series"],
    ]);
  });

  test("are one series of each function that the rule itself names", () => {
    const aggregate = {
      kind: "named",
      functions: [{ key: "peak", aggregation: functionNamed("max")! }],
    } as const;
    const { rows, notes } = run(
      [ruleOf({ aggregate })],
      [event("cpu", "avg", 2), event("cpu", "sum", 3), event("cpu", undefined, 1)],
    );
    expect(short(rows)).toEqual([["cpu", "peak", 3, 3]]);
    expect(notes).toEqual([[]]);
  });

  test("are told of by the first names, and how many more there are", () => {
    const events = Array.from({ length: 25 }, (_, i) => [
      event(`n${i}`, "sum", 1),
      event(`n${i}`, "max", 1),
    ]).flat();
    const [notes] = run([ruleOf()], events).notes;
    expect(notes).toHaveLength(21);
    expect(notes!.at(-1)).toBe("and 5 names more");
  });
});
