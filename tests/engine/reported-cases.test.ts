import { describe, expect, test } from "bun:test";
import { PageCollector, StoredPages } from "../../src/core/stored.ts";
import type { EngineRow } from "../../src/engine/engine-row.ts";
import {
  Bench,
  calendar,
  hopping,
  type PlainEvent,
  ruleOf,
  session,
  textOf,
  tumbling,
} from "../support/engine-input.ts";
import { keyOf } from "../support/oracle/types.ts";
import { PageMemory } from "../support/page-memory.ts";

const DAY = 86_400;

/** The rows that a sink holds in the end, without revisions. */
class Sink {
  readonly #rows = new Map<string, EngineRow>();

  take(rows: readonly EngineRow[]): void {
    for (const row of rows) {
      const last = this.#rows.get(keyOf(row));
      if (last === undefined || row.revision > last.revision) this.#rows.set(keyOf(row), row);
    }
  }

  get rows(): string[] {
    return [...this.#rows.values()]
      .filter(({ withdrawn }) => !withdrawn)
      .map((row) => textOf(row).replace(/ #\d+/, ""))
      .toSorted();
  }
}

/** Plays a stream as batches of so many events. */
function play(bench: Bench, events: readonly PlainEvent[], batch: number): string[] {
  const sink = new Sink();
  for (let from = 0; from < events.length; from += batch) {
    bench.add(events.slice(from, from + batch));
    sink.take(bench.engine.collect());
  }
  bench.engine.finish();
  sink.take(bench.engine.collect());
  return sink.rows;
}

describe.each([1, 2, 3, 100])("in batches of %d,", (batch) => {
  test("a fraction of a second before midnight stays in its day of the calendar", () => {
    const midnight = 1_709_251_200; // 2024-03-01T00:00:00Z
    const times = [-0.500001, -0.5, -0.000001, -0.0000002, 0, 0.0000002, 59.999, 60];
    // Each value another power of two, so that a wrong window shows in the sum.
    const events = times.map((at, i) => ({
      name: "edge",
      value: 2 ** i,
      at: 0,
      micros: midnight * 1_000_000 + Math.floor(at * 1_000_000),
    }));
    const days = new Bench([
      ruleOf({ name: "d", window: calendar("day") }),
      ruleOf({ name: "h", window: hopping(2 * DAY, DAY) }),
    ]);
    expect(play(days, events, batch)).toEqual([
      `d edge sum [${midnight - DAY},${midnight}) = 15 (n=4)`,
      `d edge sum [${midnight},${midnight + DAY}) = 240 (n=4)`,
      `h edge sum [${midnight - 2 * DAY},${midnight}) = 15 (n=4)`,
      `h edge sum [${midnight - DAY},${midnight + DAY}) = 255 (n=8)`,
      `h edge sum [${midnight},${midnight + 2 * DAY}) = 240 (n=4)`,
    ]);
  });

  test("a late event joins two sessions into one, and no stale row stays", () => {
    const start = 1_729_857_600;
    const arrivals = [
      ["user-7", 1, 0],
      ["user-7", 2, 10],
      ["user-7", 4, 60],
      ["user-7", 8, 65],
      ["user-8", 100, 70],
      ["user-7", 16, 35], // closer than 30 s to both
      ["user-8", 1, 140],
    ] as const;
    const events = arrivals.map(([name, value, at]) => ({ name, value, at: start + at }));
    const rule = ruleOf({ window: session(30), lateness: 120, named: ["sum", "count"] });
    const bench = new Bench([rule]);
    expect(play(bench, events, batch)).toEqual([
      `r user-7 count [${start},${start + 95}) = 5 (n=5)`,
      `r user-7 sum [${start},${start + 95}) = 31 (n=5)`,
      `r user-8 count [${start + 70},${start + 100}) = 1 (n=1)`,
      `r user-8 count [${start + 140},${start + 170}) = 1 (n=1)`,
      `r user-8 sum [${start + 70},${start + 100}) = 100 (n=1)`,
      `r user-8 sum [${start + 140},${start + 170}) = 1 (n=1)`,
    ]);
    expect(bench.engine.ledger).toMatchObject({ received: 7, aggregated: 7, late: 0 });
  });

  test("one fast clock makes nobody else late, in windows of any kind", () => {
    const now = 1_729_857_600;
    const honest = [-720, -600, -540, -480, -420, -360, -300, -240, -180, -120, -60, 0];
    const values = [1_000, 2_000, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const events = honest.map((at, i) => ({ name: "temp", value: values[i]!, at: now + at }));
    events.splice(2, 0, { name: "temp", value: 7, at: now + DAY });
    const rules = [
      ruleOf({ name: "t", lateness: 60 }),
      ruleOf({ name: "s", window: session(60), lateness: 60 }),
      ruleOf({ name: "h", window: hopping(60, 60), lateness: 60 }),
    ];
    const bench = new Bench(rules, { maxFuture: 60 });
    bench.now = now;
    const wanted = ["h", "s", "t"].flatMap((rule) =>
      honest.map((at, i) => `${rule} temp sum [${now + at},${now + at + 60}) = ${values[i]} (n=1)`),
    );
    expect(play(bench, events, batch)).toEqual(wanted.toSorted());
    expect(bench.engine.ledger).toMatchObject({ received: 13, aggregated: 12, late: 0, future: 1 });
  });
});

describe("a quiet partition", () => {
  const base = 1_729_857_600;
  const busy = [2, 4, 8, 16, 32, 64].map((value, i) => {
    return { name: "load", value, at: base - 300 + 60 * i };
  });
  const minute = (at: number, value: number, count = 1): string =>
    `r load sum [${base + at},${base + at + 60}) = ${value} (n=${count})`;

  test.each([true, false])("does not stop the clock, and loses nothing (%p)", (hadOne) => {
    const sink = new Sink();
    const bench = new Bench([ruleOf()], { idleTimeoutMs: 5_000 });
    bench.engine.openPartition("0");
    bench.engine.openPartition("1");
    bench.add(busy, "0");
    if (hadOne) bench.add([{ name: "load", value: 1, at: base - 300 }], "1");
    sink.take(bench.engine.collect());
    expect(sink.rows).toEqual([]);
    bench.nowMs += 5_000;
    bench.engine.idle(bench.nowMs);
    sink.take(bench.engine.collect());
    const over = [
      hadOne ? minute(-300, 3, 2) : minute(-300, 2),
      minute(-240, 4),
      minute(-180, 8),
      minute(-120, 16),
      minute(-60, 32),
    ];
    expect(sink.rows).toEqual(over.toSorted());
    const watermark = bench.watermark;
    bench.nowMs += 85_000;
    bench.add([{ name: "load", value: 128, at: base + 90 }], "1");
    expect(bench.watermark).toBeGreaterThanOrEqual(watermark);
    bench.engine.finish();
    sink.take(bench.engine.collect());
    expect(sink.rows).toEqual([...over, minute(0, 64), minute(60, 128)].toSorted());
    expect(bench.engine.ledger.late).toBe(0);
  });
});

describe("a window of thirty days", () => {
  const bills = [
    [1, 1_728_864_000],
    [2, 1_730_000_000],
    [4, 1_731_455_999],
    [8, 1_731_456_000],
  ] as const;

  test("is not closed before its time by a clock that goes on for weeks", () => {
    const bench = new Bench([ruleOf({ window: tumbling(30 * DAY) })], { idleTimeoutMs: 10_000 });
    bench.add(bills.slice(0, 3).map(([value, at]) => ({ name: "bill", value, at })));
    // A second is left, less what the clock has gone on.
    for (let i = 0; i < 3; i++) expect(bench.idle(0.25)).toEqual([]);
    bench.add([{ name: "bill", value: bills[3][0], at: bills[3][1] }]);
    expect(bench.collect()).toEqual(["r bill sum [1728864000,1731456000) = 7 (n=3) #0"]);
    for (let i = 0; i < 29; i++) expect(bench.idle(DAY)).toEqual([]);
    expect(bench.idle(DAY)).toEqual(["r bill sum [1731456000,1734048000) = 8 (n=1) #0"]);
  });
});

describe("killed three times in six thousand events", () => {
  const rules = [
    ruleOf({ name: "t", lateness: 60 }),
    ruleOf({ name: "u", size: 600, from: "t" }),
    ruleOf({ name: "h", window: hopping(300, 60), lateness: 60 }),
    ruleOf({
      name: "s",
      window: session(2),
      lateness: 60,
      groupBy: { name: true, labels: ["host"] },
    }),
    ruleOf({
      name: "c",
      window: calendar("hour"),
      lateness: 60,
      emit: "final",
      fill: { with: "zero", for: 7_200 },
    }),
  ];
  const random = randomOf(10);
  const events = Array.from({ length: 6_000 }, (_, i): PlainEvent => {
    const at = 1_729_861_200 + i * 0.3 - Math.floor(random() * 20);
    const name = `svc-${Math.floor(random() * 12)}`;
    const fn = ["sum", "avg", "min", "max"][Math.floor(random() * 4)]!;
    const host = ["x", "y"][Math.floor(random() * 2)]!;
    // Quarters: their sums are exact, however they are divided.
    return { name, fn, at, value: Math.floor(random() * 400) / 4, labels: [["host", host]] };
  });

  test("the table is that of a quiet run, each event once in each rule", () => {
    const quiet = new Bench(rules, { outOfOrderness: 5 });
    const rows = play(quiet, events, 97);
    expect(quiet.engine.ledger).toMatchObject({ received: 6_000, aggregated: 6_000, late: 0 });
    for (const rule of ["t", "u", "s", "c"]) expect(countOf(rows, rule)).toBe(6_000);
    // Five windows of five minutes hold every event.
    expect(countOf(rows, "h")).toBe(30_000);

    const sink = new Sink();
    const memory = new PageMemory();
    let bench = new Bench(rules, { outOfOrderness: 5 });
    let at = 0;
    let kept = 0;
    const deaths = new Set([1_501, 3_007, 4_499]);
    while (at < events.length) {
      bench.add(events.slice(at, at + 1 + (at % 50)));
      at += 1 + (at % 50);
      const rowsNow = bench.engine.collect();
      const dies = [...deaths].find((one) => one <= at);
      if (dies !== undefined) {
        deaths.delete(dies);
        // What was not stored is lost with the process; some rows went out all the same.
        sink.take(rowsNow);
        bench = restored(memory);
        at = kept;
        continue;
      }
      sink.take(rowsNow);
      store(bench, memory);
      kept = at;
    }
    bench.engine.finish();
    sink.take(bench.engine.collect());
    expect(sink.rows).toEqual(rows);
    expect(bench.engine.ledger).toEqual(quiet.engine.ledger);
  });

  function store(bench: Bench, memory: PageMemory): void {
    const names = new PageCollector();
    bench.names.changes(names);
    memory.apply(names);
    memory.apply(bench.engine.changes());
  }

  function restored(memory: PageMemory): Bench {
    const bench = new Bench(rules, { outOfOrderness: 5 });
    const pages = new StoredPages(memory.pages);
    bench.names.restore(pages);
    bench.engine.restore(pages);
    return bench;
  }
});

/** The events in all rows of a rule. */
function countOf(rows: readonly string[], rule: string): number {
  return rows
    .filter((row) => row.startsWith(`${rule} `))
    .reduce((sum, row) => sum + Number(/n=(\d+)/.exec(row)![1]), 0);
}

/** The same numbers in every run. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
