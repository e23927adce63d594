import { describe, expect, test } from "bun:test";
import { Evaluator } from "../../src/alerts/evaluator.ts";
import { probeOf, probeOfSeries } from "../../src/alerts/probe.ts";
import type { AlertCondition } from "../../src/core/alert-settings.ts";
import { ALERT_INSTANCES_MAX, ALERT_SERIES_MAX } from "../../src/core/limits.ts";
import type { ResultRow } from "../../src/core/result.ts";
import { alertOf, seconds } from "./alert-settings.ts";

/** A row of the series of a host; its labels stand in the order that is said. */
function row(host: number, at: number, value: number, order: "ab" | "ba" = "ab"): ResultRow {
  const labels: Record<string, string> =
    order === "ab" ? { host: `h${host}`, site: "x" } : { site: "x", host: `h${host}` };
  return {
    id: "",
    pipeline: "p",
    rule: "per_minute",
    name: "cpu",
    labels,
    agg_func: "max",
    window_start: at - 60,
    window_end: at,
    value,
    count: 3,
    revision: 0,
  };
}

const hosts = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, i) => from + i);

/** Changes by the host: `h3 firing`. */
const changesOf = (evaluator: Evaluator): string[] =>
  evaluator.takeChanges().map(({ labels, to }) => `${labels["host"]} ${to}`);

describe("rows of more series than there is room for", () => {
  const when: AlertCondition = {
    kind: "rows",
    field: "value",
    threshold: { side: "above", limit: 90, until: 80 },
    staleAfter: seconds(180),
  };

  test("among many series in order the one that fires is found again, in whatever order its labels stand", () => {
    const evaluator = new Evaluator([alertOf({ when })]);
    const values = (value: number): ResultRow[] =>
      hosts(500).map((host) => row(host, 60, host === 7 ? value : 1));
    evaluator.rows(values(91), 60e6);
    expect(changesOf(evaluator)).toEqual(["h7 firing"]);
    evaluator.rows([row(7, 120, 85, "ba"), row(8, 120, 85)], 120e6);
    expect(changesOf(evaluator)).toEqual([]);
    evaluator.rows([row(7, 180, 80, "ba")], 180e6);
    expect(changesOf(evaluator)).toEqual(["h7 resolved"]);
  });

  test("those that were left out have room when one is in order, and are counted once a window", () => {
    const evaluator = new Evaluator([alertOf({ when })]);
    for (const at of [60, 120, 180]) {
      evaluator.rows(
        hosts(ALERT_INSTANCES_MAX + 5).map((host) => row(host, at, 91)),
        at * 1e6,
      );
      expect(evaluator.leftOut("hot")).toBe(5);
    }
    evaluator.takeChanges();
    const late = ALERT_INSTANCES_MAX;
    evaluator.rows([row(3, 240, 1), row(late, 240, 91), row(late + 1, 240, 91)], 240e6);
    expect(changesOf(evaluator)).toEqual(["h3 resolved", `h${late} firing`]);
    expect(evaluator.leftOut("hot")).toBe(1);
  });

  test("what is restored is found, and all of it may end", () => {
    const before = new Evaluator([alertOf({ when })]);
    before.rows(
      hosts(ALERT_INSTANCES_MAX + 1).map((host) => row(host, 60, 91)),
      60e6,
    );
    const after = new Evaluator([alertOf({ when })]);
    after.restore(JSON.parse(JSON.stringify(before.store())));
    after.rows(
      hosts(ALERT_INSTANCES_MAX).map((host) => row(host, 120, 1, "ba")),
      120e6,
    );
    expect(after.takeChanges().map(({ to }) => to)).toEqual(
      hosts(ALERT_INSTANCES_MAX).map(() => "resolved" as const),
    );
  });
});

test("of more series than can be remembered those that are stay watched, and others get the room of those forgotten", () => {
  const when: AlertCondition = { kind: "absence", match: { name: ["cpu"] }, after: seconds(120) };
  const evaluator = new Evaluator([alertOf({ when })]);
  const all = hosts(ALERT_SERIES_MAX + 3);
  for (const at of [60, 120]) {
    evaluator.rows(
      all.map((host) => row(host, at, 1)),
      at * 1e6,
    );
    expect(evaluator.leftOut("hot")).toBe(3);
  }
  evaluator.rows(
    all.slice(1).map((host) => row(host, 180, 1, "ba")),
    180e6,
  );
  evaluator.advance(240e6);
  expect(changesOf(evaluator)).toEqual(["h0 firing"]);
  const weekLater = 180 + 120 + 7 * 86_400;
  evaluator.rows(
    all.slice(1, -1).map((host) => row(host, weekLater, 1)),
    weekLater * 1e6,
  );
  evaluator.takeChanges();
  evaluator.advance(weekLater * 1e6);
  expect(changesOf(evaluator)).toEqual(["h0 resolved"]);
  const newcomer = ALERT_SERIES_MAX + 9;
  evaluator.rows([row(newcomer, weekLater + 60, 1)], (weekLater + 60) * 1e6);
  evaluator.advance((weekLater + 60) * 1e6);
  evaluator.rows(
    all.slice(1, -1).map((host) => row(host, weekLater + 180, 1)),
    (weekLater + 180) * 1e6,
  );
  evaluator.advance((weekLater + 180) * 1e6);
  expect(changesOf(evaluator)).toContain(`h${newcomer} firing`);
});

test("a probe is the same in any order, and of other texts another one", () => {
  const own = probeOf(["per_minute", "max"]);
  const series = (labels: Record<string, string>): number =>
    probeOfSeries({ name: "cpu", labels }, own);
  expect(series({ a: "1", b: "2" })).toBe(series({ b: "2", a: "1" }));
  expect(series({ a: "1" })).toBe(probeOf(["1", "cpu", "max", "per_minute"]));
  const probes = new Set(hosts(10_000).map((host) => series({ host: `host-${host}` })));
  expect(probes.size).toBeGreaterThan(9_990);
});
