import { describe, expect, test } from "bun:test";
import { Evaluator } from "../../src/alerts/evaluator.ts";
import type { AlertCondition, AlertSettings } from "../../src/core/alert-settings.ts";
import { ALERT_INSTANCES_MAX, FLAPS_MAX } from "../../src/core/limits.ts";
import type { ResultRow } from "../../src/core/result.ts";
import { alertOf, seconds } from "./alert-settings.ts";

const above = { side: "above", limit: 90, until: 80 } as const;

/** Changes as words: `hot{sink="a"} firing at 5`. */
function changesOf(evaluator: Evaluator): string[] {
  return evaluator.takeChanges().map(({ settings, key, to, at }) => {
    return `${settings.name}${key === "{}" ? "" : key} ${to} at ${at / 1e6}`;
  });
}

function row(at: number, value: number | null, parts: Partial<ResultRow> = {}): ResultRow {
  return {
    id: "",
    pipeline: "p",
    rule: "per_minute",
    name: "cpu",
    labels: {},
    agg_func: "max",
    window_start: at - 60,
    window_end: at,
    value,
    count: 3,
    revision: 0,
    ...parts,
  };
}

describe("a signal", () => {
  const look = (evaluator: Evaluator, at: number, values: Readonly<Record<string, number>>): void =>
    evaluator.sample(
      {
        signal: Object.entries(values).map(([sink, value]) => ({
          name: "outbox_rows",
          labels: { sink },
          value,
        })),
      },
      at * 1e6,
    );

  test("is pending, fires after a while, and ends below a bound of its own", () => {
    const when: AlertCondition = { kind: "signal", signal: "outbox_rows", threshold: above };
    const evaluator = new Evaluator([alertOf({ when, for: seconds(5) })]);
    for (const [at, value] of [
      [0, 91],
      [4, 95],
      [5, 95],
      [6, 85],
      [7, 80],
      [8, 85],
    ] as const) {
      look(evaluator, at, { a: value });
    }
    expect(changesOf(evaluator)).toEqual([
      'hot{"sink":"a"} pending at 0',
      'hot{"sink":"a"} firing at 5',
      'hot{"sink":"a"} resolved at 7',
    ]);
  });

  test("that is in order again before its time never fires", () => {
    const evaluator = new Evaluator([alertOf({ for: seconds(5) })]);
    look(evaluator, 0, { a: 91 });
    look(evaluator, 4, { a: 90 });
    look(evaluator, 9, { a: 91 });
    expect(changesOf(evaluator)).toEqual([
      'hot{"sink":"a"} pending at 0',
      'hot{"sink":"a"} inactive at 4',
      'hot{"sink":"a"} pending at 9',
    ]);
  });

  test("fires on for a while when that is asked for, and from anew when it comes back", () => {
    const evaluator = new Evaluator([alertOf({ keepFiring: seconds(10) })]);
    look(evaluator, 0, { a: 91 });
    look(evaluator, 1, { a: 1 });
    look(evaluator, 9, { a: 91 });
    look(evaluator, 12, { a: 1 });
    look(evaluator, 21, { a: 1 });
    look(evaluator, 22, { a: 1 });
    expect(changesOf(evaluator)).toEqual([
      'hot{"sink":"a"} firing at 0',
      'hot{"sink":"a"} resolved at 22',
    ]);
  });

  test("has an instance for each of its labels; what is not there any more is in order", () => {
    const evaluator = new Evaluator([alertOf()]);
    look(evaluator, 0, { a: 91, b: 92, c: 3 });
    look(evaluator, 1, { a: 91 });
    expect(changesOf(evaluator)).toEqual([
      'hot{"sink":"a"} firing at 0',
      'hot{"sink":"b"} firing at 0',
      'hot{"sink":"b"} resolved at 1',
    ]);
  });

  test("that is not known changes nothing", () => {
    const evaluator = new Evaluator([alertOf()]);
    look(evaluator, 0, { a: 91 });
    look(evaluator, 1, { a: Number.NaN });
    expect(changesOf(evaluator)).toEqual(['hot{"sink":"a"} firing at 0']);
  });

  test("that flaps is held until it was calm for ten minutes", () => {
    const evaluator = new Evaluator([alertOf()]);
    let at = 0;
    for (let i = 0; i < FLAPS_MAX + 3; i++) {
      look(evaluator, at++, { a: 91 });
      look(evaluator, at++, { a: 1 });
    }
    const fired = changesOf(evaluator).filter((change) => change.includes("firing"));
    expect(fired).toHaveLength(FLAPS_MAX);
    const calm = at - 1;
    look(evaluator, calm + 599, { a: 1 });
    expect(changesOf(evaluator)).toEqual([]);
    look(evaluator, calm + 600, { a: 1 });
    expect(changesOf(evaluator)).toEqual([`hot{"sink":"a"} resolved at ${calm + 600}`]);
  });

  test("that grows is told by how much it grew, and a restart is no fall", () => {
    const when: AlertCondition = {
      kind: "signal",
      signal: "dead_letters",
      over: seconds(60),
      threshold: { side: "above", limit: 10, until: 10 },
    };
    const evaluator = new Evaluator([alertOf({ when })]);
    const counts: [number, number][] = [
      [0, 1_000],
      [30, 1_010],
      [40, 1_011],
      [80, 1_011],
      [101, 4],
      [110, 12],
    ];
    for (const [at, value] of counts) {
      const sample = { name: "dead_letters", labels: {}, value };
      evaluator.sample({ signal: [sample] }, at * 1e6);
    }
    expect(changesOf(evaluator)).toEqual([
      "hot firing at 40",
      "hot resolved at 101",
      "hot firing at 110",
    ]);
  });

  test("never has more instances than there is room for, and says so", () => {
    const evaluator = new Evaluator([alertOf()]);
    const samples = Array.from({ length: ALERT_INSTANCES_MAX + 5 }, (_, i) => ({
      name: "outbox_rows",
      labels: { sink: `s${i}` },
      value: 91,
    }));
    evaluator.sample({ signal: samples }, 0);
    expect([...evaluator.active()]).toHaveLength(ALERT_INSTANCES_MAX);
    expect(evaluator.leftOut("hot")).toBe(5);
  });

  test("goes on at the right time when the clock is set", () => {
    const evaluator = new Evaluator([alertOf({ for: seconds(60) })]);
    look(evaluator, 1_000, { a: 91 });
    evaluator.shift(-500 * 1e6);
    look(evaluator, 559, { a: 91 });
    expect(changesOf(evaluator)).toEqual(['hot{"sink":"a"} pending at 1000']);
    look(evaluator, 560, { a: 91 });
    expect(changesOf(evaluator)).toEqual(['hot{"sink":"a"} firing at 560']);
  });
});

describe("rows", () => {
  const rows: AlertCondition = {
    kind: "rows",
    rule: "per_minute",
    match: { name: ["cpu*"] },
    func: "max",
    field: "value",
    threshold: above,
    staleAfter: seconds(180),
  };

  test("go by event time: the ends of their windows", () => {
    const evaluator = new Evaluator([alertOf({ when: rows, for: seconds(120) })]);
    const values = [95, 91, 99, 85, 79];
    for (const [i, value] of values.entries()) {
      evaluator.rows([row(60 * (i + 1), value)], 60 * (i + 1) * 1e6);
    }
    const key = 'hot{"function":"max","name":"cpu","rule":"per_minute"}';
    expect(changesOf(evaluator)).toEqual([
      `${key} pending at 60`,
      `${key} firing at 180`,
      `${key} resolved at 300`,
    ]);
  });

  test("of other rules, names, functions, and without a value count for nothing", () => {
    const evaluator = new Evaluator([alertOf({ when: rows })]);
    const others = [
      row(60, 99, { rule: "other" }),
      row(60, 99, { name: "disk" }),
      row(60, 99, { agg_func: "min" }),
      row(60, null),
      row(60, 99, { withdrawn: true }),
    ];
    evaluator.rows(others, 60e6);
    expect(changesOf(evaluator)).toEqual([]);
  });

  test("that come before their windows are over say nothing yet", () => {
    const evaluator = new Evaluator([alertOf({ when: rows })]);
    evaluator.rows([row(120, 99)], 100e6);
    expect(changesOf(evaluator)).toEqual([]);
    evaluator.rows([row(120, 99)], 120e6);
    expect(evaluator.takeChanges()).toHaveLength(1);
  });

  test("that correct an older window change nothing", () => {
    const evaluator = new Evaluator([alertOf({ when: rows })]);
    evaluator.rows([row(120, 99)], 120e6);
    evaluator.rows([row(60, 10, { revision: 1 })], 120e6);
    expect(evaluator.takeChanges()).toHaveLength(1);
    evaluator.rows([row(120, 10, { revision: 1 })], 120e6);
    expect(evaluator.takeChanges().map(({ to }) => to)).toEqual(["resolved"]);
  });

  test("labels of events that are called as ours are told apart", () => {
    const evaluator = new Evaluator([alertOf({ when: rows })]);
    evaluator.rows([row(60, 99, { labels: { rule: "mine", __proto__: "x" } })], 60e6);
    expect(evaluator.takeChanges()[0]!.labels).toEqual({
      rule: "per_minute",
      function: "max",
      name: "cpu",
      label_rule: "mine",
    });
  });

  test("a series that is silent for long is resolved, at the very moment", () => {
    const evaluator = new Evaluator([alertOf({ when: rows, keepFiring: seconds(999) })]);
    evaluator.rows([row(60, 99)], 60e6);
    evaluator.advance(239e6);
    expect(evaluator.takeChanges()).toHaveLength(1);
    evaluator.advance(9_999e6);
    expect(changesOf(evaluator)[0]).toEndWith("resolved at 240");
  });
});

describe("absence", () => {
  const absence: AlertCondition = {
    kind: "absence",
    match: { name: ["beat*"] },
    after: seconds(120),
  };

  test("is told at the moment when a series is missed, however often one looks", () => {
    const evaluator = new Evaluator([alertOf({ when: absence, for: seconds(30) })]);
    evaluator.rows([row(60, 1, { name: "beat.1" })], 60e6);
    evaluator.advance(1_000e6);
    expect(changesOf(evaluator).map((change) => change.replace(/\{.*\}/, ""))).toEqual([
      "hot pending at 180",
      "hot firing at 210",
    ]);
    evaluator.rows([row(1_020, 1, { name: "beat.1" })], 1_020e6);
    expect(changesOf(evaluator)[0]).toEndWith("resolved at 1020");
  });

  test("is noticed also when the rows around the gap come together", () => {
    const evaluator = new Evaluator([alertOf({ when: absence })]);
    const name = "beat.1";
    evaluator.rows([row(60, 1, { name }), row(600, 1, { name }), row(660, 1, { name })], 660e6);
    expect(changesOf(evaluator).map((change) => change.replace(/\{.*\}/, ""))).toEqual([
      "hot firing at 180",
      "hot resolved at 600",
    ]);
  });

  test("a name without wildcards is expected from the start", () => {
    const match = { name: ["beat"] };
    const evaluator = new Evaluator([alertOf({ when: { ...absence, match } })]);
    evaluator.advance(1_000e6);
    evaluator.advance(1_119e6);
    expect(changesOf(evaluator)).toEqual([]);
    evaluator.advance(1_120e6);
    expect(changesOf(evaluator)).toEqual(['hot{"name":"beat"} firing at 1120']);
    evaluator.rows([row(1_140, 1, { name: "beat" })], 1_140e6);
    expect(changesOf(evaluator)).toEqual(['hot{"name":"beat"} resolved at 1140']);
    // From now on the series itself is what is missed, once.
    evaluator.advance(1_300e6);
    expect(changesOf(evaluator)).toEqual(['hot{"name":"beat","rule":"per_minute"} firing at 1260']);
  });

  test("a series is given up after a week, a name that never came is not", () => {
    const day = 86_400;
    const match = { name: ["beat*", "never"] };
    const evaluator = new Evaluator([alertOf({ when: { ...absence, match } })]);
    evaluator.rows([row(60, 1, { name: "beat.1" })], 60e6);
    for (let days = 0; days < 10; days++) evaluator.advance((60 + days * day) * 1e6);
    expect(changesOf(evaluator)).toEqual([
      'hot{"name":"beat.1","rule":"per_minute"} firing at 180',
      'hot{"name":"never"} firing at 180',
      `hot{"name":"beat.1","rule":"per_minute"} resolved at ${180 + 7 * day}`,
    ]);
  });

  test("a row that corrects an older window makes nobody older", () => {
    const evaluator = new Evaluator([alertOf({ when: absence })]);
    evaluator.rows([row(120, 1, { name: "beat.1" })], 120e6);
    evaluator.rows([row(60, 1, { name: "beat.1", revision: 1 })], 120e6);
    evaluator.advance(300e6);
    expect(changesOf(evaluator)[0]).toEndWith("firing at 240");
  });

  test("rows that fill a gap are no sign of life", () => {
    const evaluator = new Evaluator([alertOf({ when: absence })]);
    evaluator.rows([row(60, 1, { name: "beat.1" })], 60e6);
    evaluator.rows([row(120, 0, { name: "beat.1", filled: true })], 120e6);
    evaluator.advance(180e6);
    expect(evaluator.takeChanges()).toHaveLength(1);
  });
});

describe("what is kept", () => {
  const stored = (evaluator: Evaluator): ReturnType<Evaluator["store"]> =>
    JSON.parse(JSON.stringify(evaluator.store())) as ReturnType<Evaluator["store"]>;
  const sample = { name: "outbox_rows", labels: { sink: "a" }, value: 91 };

  test("goes on in another run: what was pending fires at its time", () => {
    const before = new Evaluator([alertOf({ for: seconds(60) })]);
    before.sample({ signal: [sample] }, 0);
    const after = new Evaluator([alertOf({ for: seconds(60), summary: "other words" })]);
    expect(after.restore(stored(before))).toEqual([]);
    after.sample({ signal: [sample] }, 60e6);
    expect(changesOf(after)).toEqual(['hot{"sink":"a"} firing at 60']);
  });

  test("behind a reload counters have grown by what they grew before it, too", () => {
    const over: AlertCondition = {
      kind: "signal",
      signal: "events_lost",
      over: seconds(900),
      threshold: { side: "above", limit: 0, until: 0 },
    };
    const lost = (value: number): Parameters<Evaluator["sample"]>[0] => ({
      signal: [{ name: "events_lost", labels: {}, value }],
    });
    const before = new Evaluator([alertOf({ when: over })]);
    before.sample(lost(0), 0);
    before.sample(lost(5), 10e6);
    expect(changesOf(before)).toEqual(["hot firing at 10"]);
    const after = new Evaluator([alertOf({ when: over, summary: "other words" })]);
    after.follow(before);
    after.sample(lost(5), 20e6);
    expect(changesOf(after)).toEqual([]);
    after.sample(lost(5), 1_000e6);
    expect(changesOf(after)).toEqual(["hot resolved at 1000"]);
  });

  test("of alerts that are gone or mean something else is given back", () => {
    const before = new Evaluator([alertOf(), alertOf({ name: "gone" })]);
    before.sample({ signal: [sample] }, 0);
    const changed: AlertSettings = alertOf({ for: seconds(1) });
    const after = new Evaluator([changed]);
    expect(after.restore(stored(before)).map(({ name }) => name)).toEqual(["hot", "gone"]);
    expect([...after.active()]).toEqual([]);
  });

  test("of series is when they came last", () => {
    const when: AlertCondition = {
      kind: "absence",
      match: { name: ["beat*"] },
      after: seconds(120),
    };
    const before = new Evaluator([alertOf({ when })]);
    before.rows([row(60, 1, { name: "beat.1" })], 60e6);
    const after = new Evaluator([alertOf({ when })]);
    after.restore(stored(before));
    after.advance(200e6);
    expect(changesOf(after)[0]).toEndWith("firing at 180");
  });
});
