import { describe, expect, test } from "bun:test";
import { isBalanced } from "../../src/core/ledger.ts";
import { PageCollector, StoredPages } from "../../src/core/stored.ts";
import { durationMicros, epochMicros } from "../../src/core/time.ts";
import type { HeldWindow } from "../../src/engine/windows.ts";
import { Bench, columnsOf, ruleOf, SECOND, session } from "../support/engine-input.ts";
import { PageMemory } from "../support/page-memory.ts";

const DAY = 86_400;

describe("Engine.collect()", () => {
  test("fires a window when the watermark reaches its end, not before", () => {
    const bench = new Bench();
    bench.add([
      { at: 0, value: 2 },
      { at: 59.999999, value: 3 },
    ]);
    expect(bench.collect()).toEqual([]);
    bench.add([{ at: 60 }]);
    expect(bench.collect()).toEqual(["r a sum [0,60) = 5 (n=2) #0"]);
    expect(bench.collect()).toEqual([]);
  });

  test("orders rows by window end, rule, name and function", () => {
    const bench = new Bench([
      ruleOf({ name: "z", size: 10 }),
      ruleOf({ name: "b", size: 20, named: ["sum", "avg"] }),
    ]);
    bench.add([
      { at: 1, name: "b", fn: "max" },
      { at: 1, name: "b", fn: "avg" },
      { at: 2, name: "\ud83d\ude80" },
      { at: 2, name: "\uffee" },
      { at: 2, name: "a" },
      { at: 11, name: "b" },
    ]);
    expect(bench.finish().map((text) => text.split(" = ")[0]!)).toEqual([
      "z a sum [0,10)",
      "z b avg [0,10)",
      "z b max [0,10)",
      "z \ud83d\ude80 sum [0,10)", // by code unit, as every sort of strings here
      "z \uffee sum [0,10)",
      "b a avg [0,20)",
      "b a sum [0,20)",
      "b b avg [0,20)",
      "b b sum [0,20)",
      "b \ud83d\ude80 avg [0,20)",
      "b \ud83d\ude80 sum [0,20)",
      "b \uffee avg [0,20)",
      "b \uffee sum [0,20)",
      "z b sum [10,20)",
    ]);
  });

  test("aligns windows to the epoch and their offset, before 1970 too", () => {
    const bench = new Bench([ruleOf({ size: 60, offset: 15 })]);
    bench.add([{ at: -46 }, { at: -45 }, { at: 14.999999 }, { at: 15 }]);
    expect(bench.finish()).toEqual([
      "r a sum [-105,-45) = 1 (n=1) #0",
      "r a sum [-45,15) = 2 (n=2) #0",
      "r a sum [15,75) = 1 (n=1) #0",
    ]);
  });

  test("gives one row a function where the rule names several", () => {
    const bench = new Bench([ruleOf({ named: ["count", "sum", "avg", "min", "max"] })]);
    bench.add([
      { at: 1, value: 4 },
      { at: 2, value: -1, fn: "max" },
    ]);
    expect(bench.finish()).toEqual([
      "r a avg [0,60) = 1.5 (n=2) #0",
      "r a count [0,60) = 2 (n=2) #0",
      "r a max [0,60) = 4 (n=2) #0",
      "r a min [0,60) = -1 (n=2) #0",
      "r a sum [0,60) = 3 (n=2) #0",
    ]);
  });

  test("writes 0 for -0 and null for what is beyond a double", () => {
    const bench = new Bench();
    bench.add([
      { at: 1, value: -0, fn: "min" },
      { at: 1, value: 1.7e308 },
      { at: 2, value: 1.7e308 },
    ]);
    bench.engine.finish();
    const values = bench.engine.collect().map(({ value }) => value);
    expect(values).toEqual([0, null]);
    expect(Object.is(values[0], 0)).toBe(true);
  });
});

describe("Engine.add() with late events", () => {
  test("corrects a window inside `allowedLateness`, at most once a batch", () => {
    const bench = new Bench([ruleOf({ lateness: 30 })]);
    bench.add([{ at: 1 }, { at: 1, name: "b" }, { at: 61 }]);
    expect(bench.collect()).toEqual(["r a sum [0,60) = 1 (n=1) #0", "r b sum [0,60) = 1 (n=1) #0"]);
    bench.add([{ at: 2 }, { at: 3 }]);
    bench.add([{ at: 4 }]);
    expect(bench.collect()).toEqual(["r a sum [0,60) = 4 (n=4) #1"]);
    bench.add([{ at: 5, name: "c" }]);
    expect(bench.collect()).toEqual(["r c sum [0,60) = 1 (n=1) #2"]);
    expect(bench.engine.rules[0]!).toMatchObject({ fired: 1, revisions: 2 });
    expect(bench.add([{ at: 90 }, { at: 59.999999 }])).toMatchObject([
      { index: 1, reason: "late", bySeconds: 0 },
    ]);
  });

  test("says how late an event was", () => {
    const bench = new Bench([ruleOf({ lateness: 30 })], { outOfOrderness: 5 });
    bench.add([{ at: 1 }, { at: 96.5 }]);
    const [refusal] = bench.add([{ at: 7 }]);
    expect(refusal).toEqual({
      index: 0,
      reason: "late",
      detail: "late by 1.500 s: its window ended at 60, the watermark is at 91.5",
      bySeconds: 1.5,
    });
    expect(bench.engine.ledger).toMatchObject({ received: 3, aggregated: 2, late: 1 });
  });

  test("judges every event by the watermark that the events before it made", () => {
    const bench = new Bench();
    const refused = bench.add([{ at: 1 }, { at: 60 }, { at: 2 }, { at: 61 }, { at: 3 }]);
    expect(refused.map(({ index }) => index)).toEqual([2, 4]);
    expect(bench.collect()).toEqual(["r a sum [0,60) = 1 (n=1) #0"]);
  });

  test("counts an event as `late_partial` that only some rules took", () => {
    const bench = new Bench([ruleOf({ name: "minute" }), ruleOf({ name: "day", size: DAY })]);
    expect(bench.add([{ at: 1 }, { at: 61 }, { at: 2 }])).toEqual([]);
    expect(bench.engine.ledger).toMatchObject({ aggregated: 3, late: 0, late_partial: 1 });
    expect(bench.engine.rules.map(({ ledger }) => [ledger.aggregated, ledger.late])).toEqual([
      [2, 1],
      [3, 0],
    ]);
    expect(bench.finish()).toContain(`day a sum [0,${DAY}) = 3 (n=3) #0`);
  });

  test("never makes a forgotten window again", () => {
    const bench = new Bench();
    bench.add([{ at: 1 }, { at: 120 }]);
    bench.collect();
    bench.add([{ at: 2 }, { at: 119.9 }]);
    expect(bench.collect()).toEqual([]);
    expect(bench.engine.ledger.late).toBe(2);
    expect(bench.finish()).toEqual(["r a sum [120,180) = 1 (n=1) #0"]);
  });
});

describe("Engine.idle()", () => {
  test("closes the last window of a quiet stream", () => {
    const bench = new Bench([ruleOf()], { outOfOrderness: 5 });
    bench.add([{ at: 30 }]);
    expect(bench.idle(9.999)).toEqual([]);
    expect(bench.idle(25)).toEqual([]); // event time is 64.999, the watermark 59.999
    expect(bench.idle(0.001)).toEqual(["r a sum [0,60) = 1 (n=1) #0"]);
  });

  test("goes no further than the newest window that holds data, and its allowed lateness", () => {
    const bench = new Bench([ruleOf({ lateness: 30 }), ruleOf({ name: "hour", size: 3_600 })]);
    bench.add([{ at: 30 }]);
    expect(bench.idle(DAY)).toHaveLength(2);
    expect(bench.watermark).toBe(3_600);
    bench.idle(DAY);
    expect(bench.watermark).toBe(3_600);
  });

  test("makes no event late for a window that nobody has seen", () => {
    const bench = new Bench();
    bench.add([{ at: 30 }]);
    bench.idle(600);
    expect(bench.watermark).toBe(60);
    // Five minutes later by event time although ten minutes passed: its clock is slow, but nothing is lost.
    expect(bench.add([{ at: 330 }])).toEqual([]);
    expect(bench.add([{ at: 59 }])).toHaveLength(1);
  });

  test("closes finished windows while one partition is quiet, and takes it in when it wakes", () => {
    const bench = new Bench();
    bench.engine.openPartition("p1");
    bench.add([{ at: 1 }, { at: 61 }, { at: 121 }], "p0");
    expect(bench.collect()).toEqual([]);
    bench.nowMs = 9_000;
    bench.add([{ at: 122 }], "p0");
    expect(bench.idle(1)).toEqual(["r a sum [0,60) = 1 (n=1) #0", "r a sum [60,120) = 1 (n=1) #0"]);
    expect(bench.add([{ at: 125 }], "p1")).toEqual([]);
    expect(bench.watermark).toBe(122);
  });

  test("is not put off by events that are refused", () => {
    const bench = new Bench([ruleOf()], { maxFuture: 60 });
    bench.add([{ at: 30 }], "p0");
    bench.add([{ at: 20, id: "x" }], "p1");
    for (let i = 0; i < 12; i++) {
      bench.nowMs += 5_000;
      bench.now += 5;
      bench.add([{ at: DAY }], "p1"); // a fast clock
      bench.add([{ at: 20, id: "x" }], "p1"); // a copy
      bench.add([{ at: 31 + i * 5 }], "p0");
      bench.engine.idle(bench.nowMs);
    }
    expect(bench.watermark).toBe(86);
    expect(bench.engine.ledger).toMatchObject({ future: 12, duplicate: 12, late: 0 });
  });

  test("counts from the end of an outage", () => {
    const bench = new Bench();
    bench.add([{ at: 50 }]);
    bench.nowMs = 3_600_000;
    bench.engine.restartIdle(bench.nowMs);
    expect(bench.idle(9.999)).toEqual([]);
    expect(bench.idle(0.001)).toEqual(["r a sum [0,60) = 1 (n=1) #0"]);
  });

  test("is off without a timeout", () => {
    const bench = new Bench([ruleOf()], { idleTimeoutMs: Infinity });
    bench.add([{ at: 30 }]);
    expect(bench.idle(1e9)).toEqual([]);
  });

  test("judges by the watermark that a waking partition brings, whatever the batch", () => {
    // The newest event of p1 was one series too many, so nothing held lets the idle rule go so far.
    for (const cut of [1, 2]) {
      const bench = new Bench([ruleOf({ size: 1, seriesMax: 1 })]);
      bench.add([{ at: 0 }], "p0");
      bench.add([{ at: 300, name: "b" }], "p1");
      bench.idle(10);
      expect(bench.watermark).toBe(1);
      const events = [{ at: 299 }, { at: 299.5 }];
      const refused = Array.from({ length: 2 / cut }, (_, i) =>
        bench.add(events.slice(i * cut, (i + 1) * cut), "p1"),
      );
      expect(refused.flat().map(({ reason }) => reason)).toEqual(["late", "late"]);
    }
  });
});

describe("Engine.add() with events of the future", () => {
  test("refuses what is ahead by more than `maxFuture`, and does not let it move the watermark", () => {
    const bench = new Bench([ruleOf()], { maxFuture: 60 });
    bench.now = 100;
    const refused = bench.add([
      { at: 99 },
      { at: 160 },
      { at: 160.000001 },
      { at: 98 },
      { at: DAY },
    ]);
    expect(refused).toEqual([
      {
        index: 2,
        reason: "future",
        detail: "timestamp is 60.000 s ahead of the clock, more than maxFuture",
        bySeconds: 60.000001,
      },
      {
        index: 3,
        reason: "late",
        detail: "late by 40.000 s: its window ended at 120, the watermark is at 160",
        bySeconds: 40,
      },
      {
        index: 4,
        reason: "future",
        detail: "timestamp is 86300.000 s ahead of the clock, more than maxFuture",
        bySeconds: 86_300,
      },
    ]);
    expect(bench.watermark).toBe(160);
  });

  test("keeps ten honest minutes behind one fast clock", () => {
    const bench = new Bench([ruleOf()], { maxFuture: 60 });
    for (let minute = 0; minute < 10; minute++) {
      bench.now = minute * 60;
      expect(bench.add([{ at: minute * 60, value: minute }, { at: DAY }])).toHaveLength(1);
    }
    expect(bench.finish()).toHaveLength(10);
    expect(bench.engine.ledger).toMatchObject({ aggregated: 10, future: 10, late: 0 });
  });
});

describe("Engine.add() with ids", () => {
  test("counts a copy once, in one batch and over batches, whichever its time", () => {
    const bench = new Bench();
    bench.add([{ at: 1, id: "x" }, { at: 1, id: "x" }, { at: 2 }, { at: 3, id: "y" }]);
    bench.add([{ at: 50, id: "x" }]);
    expect(bench.engine.ledger).toMatchObject({ received: 5, aggregated: 3, duplicate: 2 });
    expect(bench.finish()).toEqual(["r a sum [0,60) = 3 (n=3) #0"]);
  });

  test("remembers an id until the watermark has passed its event by `for`", () => {
    const bench = new Bench([ruleOf({ size: DAY })], {
      dedupe: { for: durationMicros(60 * SECOND), idsMax: 10 },
    });
    bench.add([{ at: 0, id: "x" }, { at: 59.999999 }, { at: 0, id: "x" }, { at: 60 }]);
    expect(bench.engine.ledger.duplicate).toBe(1);
    bench.add([
      { at: 0, id: "x" },
      { at: 0, id: "x" },
    ]);
    // It counts again, and again: its event is as old as before.
    expect(bench.engine.ledger).toMatchObject({ duplicate: 1, aggregated: 5 });
    bench.add([
      { at: 61, id: "x" },
      { at: 61, id: "x" },
    ]);
    expect(bench.engine.ledger).toMatchObject({ duplicate: 2, aggregated: 6 });
    expect(bench.engine.idsEvicted).toBe(0);
  });

  test("evicts the oldest beyond `idsMax`, and counts that", () => {
    const bench = new Bench([ruleOf()], {
      dedupe: { for: durationMicros(3_600 * SECOND), idsMax: 2 },
    });
    bench.add(["1", "2", "3", "1", "3"].map((id) => ({ at: 1, id })));
    expect(bench.engine.ledger).toMatchObject({ aggregated: 4, duplicate: 1 });
    expect(bench.engine.idsEvicted).toBe(2);
  });

  test("does not remember a refused event", () => {
    const bench = new Bench([ruleOf({ seriesMax: 1 })], { maxFuture: 60 });
    bench.now = 1_000;
    const events = [
      { at: 1_000 },
      { at: 1, id: "late" },
      { at: 9_000, id: "future" },
      { at: 1_001, name: "b", id: "over" },
    ];
    expect(bench.add(events).map(({ reason }) => reason)).toEqual(["late", "future", "over_limit"]);
    expect(bench.add(events.slice(1)).map(({ reason }) => reason)).toEqual([
      "late",
      "future",
      "over_limit",
    ]);
    bench.add([
      { at: 1_002, id: "late" },
      { at: 1_002, id: "future" },
      { at: 1_002, id: "over" },
    ]);
    expect(bench.engine.ledger).toMatchObject({ aggregated: 4, duplicate: 0 });
  });
});

describe("Engine.add() of what comes back", () => {
  test("adds it in any order, and moves no watermark", () => {
    const bench = new Bench();
    bench.add([{ at: 100 }]);
    expect(bench.collect()).toEqual([]);
    expect(bench.addReturned([{ at: 900, value: 2 }, { at: 61 }, { at: 130, value: 4 }])).toEqual(
      [],
    );
    expect(bench.collect()).toEqual([]);
    expect(bench.watermark).toBe(100);
    bench.add([{ at: 110 }]);
    expect(bench.watermark).toBe(110);
    expect(bench.finish()).toEqual([
      "r a sum [60,120) = 3 (n=3) #0",
      "r a sum [120,180) = 4 (n=1) #0",
      "r a sum [900,960) = 2 (n=1) #0",
    ]);
  });

  test("refuses what is late, future or one series too many, and knows ids", () => {
    const bench = new Bench([ruleOf({ seriesMax: 2 })], { maxFuture: 60 });
    bench.now = 200;
    bench.add([{ at: 150 }, { at: 160, id: "x" }]);
    const refusals = bench.addReturned([
      { at: 119, value: 1 },
      { at: 261, value: 2 },
      { at: 170, id: "x" },
      { at: 260, id: "y", name: "b" },
      { at: 160, name: "c" },
    ]);
    expect(refusals.map(({ index, reason }) => [index, reason])).toEqual([
      [0, "late"],
      [1, "future"],
      [4, "over_limit"],
    ]);
    const { ledger } = bench.engine;
    expect(isBalanced(ledger)).toBe(true);
    expect(ledger).toMatchObject({ received: 7, aggregated: 3, late: 1, future: 1, duplicate: 1 });
    bench.add([{ at: 161, id: "y" }]);
    expect(bench.engine.ledger.duplicate).toBe(2);
    expect(bench.watermark).toBe(160);
  });

  test("adds to sessions by the watermark as it stands", () => {
    const bench = new Bench([ruleOf({ window: session(10) })]);
    bench.add([{ at: 100 }]);
    expect(
      bench.addReturned([{ at: 500 }, { at: 95 }, { at: 80 }]).map(({ index }) => index),
    ).toEqual([2]);
    expect(bench.finish()).toEqual([
      "r a sum [95,110) = 2 (n=2) #0",
      "r a sum [500,510) = 1 (n=1) #0",
    ]);
  });
});

describe("Engine.markPartial()", () => {
  test("marks the windows that touch the stretch, and no others", () => {
    const bench = new Bench([ruleOf({ size: 10 })]);
    bench.engine.markPartial(epochMicros(15 * SECOND), epochMicros(30 * SECOND));
    bench.add([5, 15, 25, 35, 45].map((at) => ({ at })));
    expect(bench.finish().map((text) => text.endsWith("partial"))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  test("marks a window that only a late event opens", () => {
    const bench = new Bench([ruleOf({ size: 10, lateness: 60 })]);
    bench.add([{ at: 100 }]);
    bench.engine.markPartial(epochMicros(45 * SECOND), epochMicros(46 * SECOND));
    bench.add([{ at: 101 }, { at: 105 }]);
    bench.idle(0);
    bench.add([{ at: 47 }]);
    expect(bench.collect()).toEqual(["r a sum [40,50) = 1 (n=1) #0 partial"]);
  });
});

describe("Engine bounds", () => {
  test("`seriesMax` refuses new series, and takes them when windows were forgotten", () => {
    const bench = new Bench([ruleOf({ seriesMax: 2 })]);
    const refused = bench.add([
      { at: 1, name: "a" },
      { at: 1, name: "a", fn: "avg" },
      { at: 2, name: "b" },
      { at: 3, name: "a" },
    ]);
    expect(refused).toEqual([
      {
        index: 2,
        reason: "over_limit",
        detail: "one series more than maxSeries allows in every rule",
        bySeconds: 0,
      },
    ]);
    expect(
      bench.add([
        { at: 61, name: "b" },
        { at: 62, name: "c" },
        { at: 63, name: "d" },
      ]),
    ).toMatchObject([{ index: 2, reason: "over_limit" }]);
    expect(bench.engine.rules[0]!.seriesCount).toBe(2);
    expect(bench.finish()).toEqual([
      "r a avg [0,60) = 1 (n=1) #0",
      "r a sum [0,60) = 2 (n=2) #0",
      "r b sum [60,120) = 1 (n=1) #0",
      "r c sum [60,120) = 1 (n=1) #0",
    ]);
    expect(bench.engine.ledger).toMatchObject({ received: 7, aggregated: 5, over_limit: 2 });
  });

  test("an event that one rule has no room for is aggregated by the others", () => {
    const bench = new Bench([ruleOf({ name: "small", seriesMax: 1 }), ruleOf({ name: "large" })]);
    expect(bench.add([{ at: 1 }, { at: 1, name: "b" }])).toEqual([]);
    expect(bench.engine.ledger).toMatchObject({ aggregated: 2, over_limit: 0, late_partial: 0 });
    expect(bench.engine.rules[0]!.ledger).toMatchObject({ aggregated: 1, over_limit: 1 });
  });

  test("a jump of decades costs nothing: no window between is made", () => {
    const bench = new Bench([ruleOf({ size: 1 })]);
    bench.add([{ at: -2e9 }, { at: 0 }, { at: 1_700_000_000 }, { at: 7_000_000_000 }]);
    expect(bench.engine.rules[0]!.windowCounts()).toEqual({ held: 1, open: 1 });
    expect(bench.collect()).toHaveLength(3);
  });

  test("holds no more windows than disorder and lateness ask for", () => {
    const bench = new Bench([ruleOf({ size: 1, lateness: 3 })], { outOfOrderness: 2 });
    let most = 0;
    for (let at = 0; at < 2_000; at++) {
      bench.add([{ at }, { at: at - 1.5 }]);
      bench.collect();
      most = Math.max(most, bench.engine.rules[0]!.windowCounts().held);
    }
    expect(most).toBe(6);
  });

  test("cells do not grow while names come and go", () => {
    const bench = new Bench();
    for (let minute = 0; minute < 50; minute++) {
      const events = Array.from({ length: 20 }, (_, i) => ({
        at: minute * 60 + 1,
        name: `${minute}.${i}`,
      }));
      bench.add(events);
      bench.collect();
      const { names, engine } = bench;
      engine.renumber(names.retain(engine.namesInUse(names.size)));
    }
    const { seriesCount } = bench.engine.rules[0]!;
    expect(bench.names.size).toBeLessThanOrEqual(40);
    expect(seriesCount).toBeLessThanOrEqual(40);
    expect(bench.engine.rules[0]!.present.panes!.series.cellCount).toBeLessThanOrEqual(3 * 60);
  });
});

describe("Engine.renumber()", () => {
  test("keeps what is held and what has changed since it fired", () => {
    const bench = new Bench([ruleOf({ lateness: 60 }), ruleOf({ name: "day", size: DAY })]);
    bench.names.intern("gone");
    bench.add([
      { at: 1, name: "a" },
      { at: 2, name: "b" },
      { at: 61, name: "b" },
    ]);
    bench.collect();
    bench.add([{ at: 3, name: "b" }]);
    const { names, engine } = bench;
    engine.renumber(names.retain(engine.namesInUse(names.size)));
    expect(names.size).toBe(2);
    expect(bench.collect()).toEqual(["r b sum [0,60) = 2 (n=2) #1"]);
    bench.add([
      { at: 4, name: "b" },
      { at: 5, name: "c" },
    ]);
    expect(bench.finish()).toEqual([
      "r b sum [0,60) = 3 (n=3) #2",
      "r c sum [0,60) = 1 (n=1) #2",
      "r b sum [60,120) = 1 (n=1) #0",
      "day a sum [0,86400) = 1 (n=1) #0",
      "day b sum [0,86400) = 4 (n=4) #0",
      "day c sum [0,86400) = 1 (n=1) #0",
    ]);
  });
});

describe("Engine.ledger", () => {
  test("accounts for filtered and refused lines of the columns too", () => {
    const bench = new Bench();
    const columns = columnsOf([{ at: 1 }], bench.names);
    columns.filtered = 3;
    columns.refusals.push({ reason: "invalid_json", detail: "", event: "", line: 0 });
    bench.engine.add(columns, { partition: "0", now: epochMicros(0), nowMs: 0 });
    expect(bench.engine.ledger).toMatchObject({
      received: 5,
      aggregated: 1,
      filtered: 3,
      invalid: 1,
    });
    expect(isBalanced(bench.engine.ledger)).toBe(true);
  });
});

test("Engine refuses rules whose event functions differ: their index would mean two things", () => {
  const odd = ruleOf({ name: "odd" });
  const aggregate = { kind: "event" as const, functions: [] };
  expect(() => new Bench([ruleOf(), { ...odd, aggregate }])).toThrow("same functions");
});

test("Engine.windows() shows what is held, oldest first", () => {
  const bench = new Bench([ruleOf({ lateness: 60 })]);
  bench.add([{ at: 1 }, { at: 2, name: "b" }, { at: 3 }, { at: 61 }]);
  bench.collect();
  expect(bench.engine.windows()).toEqual([
    {
      rule: "r",
      start: epochMicros(0),
      end: epochMicros(60 * SECOND),
      series: 2,
      count: 3,
      fired: true,
    },
    {
      rule: "r",
      start: epochMicros(60 * SECOND),
      end: epochMicros(120 * SECOND),
      series: 1,
      count: 1,
      fired: false,
    },
  ]);
});

describe.each([
  ["by the event's function", undefined],
  ["by functions of the rule", ["sum", "count"]],
] as const)("Engine.windows() %s", (_, named) => {
  test("counts the events of every window, whatever is late, one too many, or restored", () => {
    const rule = ruleOf({ size: 10, lateness: 15, seriesMax: 6, ...(named && { named }) });
    const random = randomOf(17);
    const memory = new PageMemory();
    let bench = new Bench([rule]);
    /** By start: how many events were taken. */
    const taken = new Map<number, number>();
    let refused = 0;
    for (let batch = 0; batch < 300; batch++) {
      const events = Array.from({ length: Math.floor(random() * 12) }, () => ({
        at: Math.max(0, batch + Math.floor(random() * 50) - 40),
        name: `n${Math.floor(random() * 8)}`,
        fn: random() < 0.5 ? "sum" : "max",
      }));
      const missed = new Set(bench.add(events).map(({ index }) => index));
      refused += missed.size;
      for (const [i, { at }] of events.entries()) {
        const start = at - (at % 10);
        if (!missed.has(i)) taken.set(start, (taken.get(start) ?? 0) + 1);
      }
      if (random() < 0.5) bench.collect();
      // A window that was opened for an event that was refused has no others.
      const held = bench.engine.windows().map(({ start, count }) => {
        return { start: start / SECOND, count };
      });
      expect(held).toEqual(held.map(({ start }) => ({ start, count: taken.get(start) ?? 0 })));
      if (batch % 9 !== 8) continue;
      const names = new PageCollector();
      bench.names.changes(names);
      memory.apply(names);
      memory.apply(bench.engine.changes());
      bench = new Bench([rule]);
      const pages = new StoredPages(memory.pages);
      bench.names.restore(pages);
      bench.engine.restore(pages);
    }
    expect(refused).toBeGreaterThan(100);
    const total = [...taken.values()].reduce((sum, count) => sum + count, 0);
    expect(bench.engine.ledger.aggregated).toBe(total);
  });
});

describe("Engine.windowPage()", () => {
  function benchOf(): Bench {
    const bench = new Bench([ruleOf({ name: "b", size: 10 }), ruleOf({ name: "a", size: 20 })], {
      outOfOrderness: 60,
    });
    bench.add([0, 10, 20, 30, 40].map((at) => ({ at })));
    return bench;
  }

  function starts(windows: readonly HeldWindow[]): string[] {
    return windows.map(({ rule, start }) => `${rule}${start / SECOND}`);
  }

  const all = ["b0", "b10", "b20", "b30", "b40", "a0", "a20", "a40"];

  test.each([1, 2, 3, 5, 7, 8, 100])("gives all in their order, %d at a time", (limit) => {
    const { engine } = benchOf();
    const seen: string[] = [];
    let page = engine.windowPage(undefined, limit);
    while (page.length > 0 && seen.length < 2 * all.length) {
      expect(page.length).toBeLessThanOrEqual(limit);
      seen.push(...starts(page));
      page = engine.windowPage(page.at(-1), limit);
    }
    expect(seen).toEqual(all);
    expect(starts(engine.windows())).toEqual(all);
  });

  test("passes over no window and repeats none when some were forgotten meanwhile", () => {
    const bench = benchOf();
    const first = bench.engine.windowPage(undefined, 2);
    bench.add([{ at: 90 }]); // forgets what ends at 30 or before: the last of the page, too
    const second = bench.engine.windowPage(first.at(-1), 4);
    expect(starts([...first, ...second])).toEqual(["b0", "b10", "b30", "b40", "b90", "a20"]);
    expect(starts(bench.engine.windowPage(second.at(-1), 100))).toEqual(["a40", "a80"]);
  });

  test("has nothing behind a rule that is not there", () => {
    expect(benchOf().engine.windowPage({ rule: "c", start: epochMicros(0) }, 10)).toEqual([]);
  });
});

/** Numbers in [0, 1) that are the same at every run. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
