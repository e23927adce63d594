import { describe, expect, test } from "bun:test";
import type { ResultRow } from "../../../src/core/result.ts";
import type { Explanation } from "../../../src/pipeline/explain/explanation.ts";
import { FollowedEvents } from "../../../src/pipeline/explain/followed-events.ts";

const event: Explanation = {
  at: "line 1",
  outcome: "aggregated",
  timestamp: 45,
  watermark: 60,
  rules: [
    {
      rule: "hops",
      outcome: "late_partial",
      name: "a",
      labels: { host: "x" },
      agg_func: ["sum"],
      windows: [
        { start: 0, end: 60, state: "forgotten", late_by: 0 },
        { start: 30, end: 90, state: "open" },
      ],
    },
  ],
  event: "{}",
};

function row(more: Partial<ResultRow> = {}): ResultRow {
  const series = { pipeline: "p", rule: "hops", name: "a", labels: { host: "x" }, agg_func: "sum" };
  const window = { window_start: 30, window_end: 90 };
  return { id: "1", ...series, ...window, value: 1, count: 1, revision: 0, ...more };
}

function rowsOf(...rows: readonly ResultRow[]): readonly ResultRow[] {
  const followed = new FollowedEvents(() => true);
  followed.add(event);
  followed.addRows(rows);
  return followed.events[0]!.rows;
}

describe("FollowedEvents", () => {
  test("gives the last revision of the rows that the event is in", () => {
    const last = row({ revision: 1, value: 2 });
    expect(rowsOf(row(), last)).toEqual([last]);
  });

  test("gives a row no more that was withdrawn, also where its session began behind the event", () => {
    expect(rowsOf(row(), row({ revision: 1, withdrawn: true, window_start: 50 }))).toEqual([]);
  });

  test.each([
    ["another rule", { rule: "others" }],
    ["another name", { name: "b" }],
    ["other labels", { labels: {} }],
    ["another function", { agg_func: "max" }],
    ["another time", { window_start: 60, window_end: 120 }],
    ["a window that was closed", { window_start: 0, window_end: 60 }],
  ])("gives no row of %s", (_, more) => {
    expect(rowsOf(row(more))).toEqual([]);
  });

  test("gives no row of a session that was closed when the event came", () => {
    const late = {
      ...event.rules[0]!,
      outcome: "late",
      windows: [{ start: 45, end: 55, state: "forgotten" }],
    } as const;
    const followed = new FollowedEvents(() => true);
    followed.add({ ...event, outcome: "late", rules: [late] });
    followed.addRows([row()]);
    expect(followed.events[0]!.rows).toEqual([]);
  });

  test("follows only what is wanted", () => {
    const followed = new FollowedEvents(({ at }) => at === "line 2");
    followed.add(event);
    expect(followed.events).toEqual([]);
  });
});
