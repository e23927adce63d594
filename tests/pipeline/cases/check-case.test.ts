import { describe, expect, test } from "bun:test";
import { defineObjectAggregation } from "../../../src/core/aggregation.ts";
import type { RuleSettings } from "../../../src/core/settings.ts";
import { durationMicros, epochMicros } from "../../../src/core/time.ts";
import { runCase } from "../../../src/pipeline/cases/case-run.ts";
import { checkCase } from "../../../src/pipeline/cases/check-case.ts";
import type { TestCase } from "../../../src/pipeline/cases/test-case.ts";
import { stdin } from "../../../src/sources/stdin.ts";
import { ruleOf, settingsOf } from "../../support/settings.ts";

const SECOND = 1_000_000;

function caseOf(
  events: readonly (readonly [timestamp: number, value: number, more?: object])[],
  more: Partial<TestCase> & { readonly rule?: Partial<RuleSettings> } = {},
): TestCase {
  const { rule = {}, ...rest } = more;
  return {
    settings: settingsOf({
      source: { definition: stdin, options: {} },
      sinks: [],
      rules: [ruleOf(rule)],
    }),
    lines: events.map(([timestamp, value, extra]) =>
      Buffer.from(`${JSON.stringify({ name: "a", value, timestamp, ...extra })}\n`),
    ),
    now: undefined,
    pauses: [],
    ends: true,
    ...rest,
  };
}

/** A function that is wrong: what it gives hangs on what `result` makes of the values and their order. */
function wrong(result: (values: readonly number[]) => number): Partial<RuleSettings> {
  const aggregation = defineObjectAggregation<number[]>({
    name: "wrong",
    init: () => [],
    add: (values, value) => [...values, value],
    merge: (target, source) => [...target, ...source],
    result,
    encode: (values) => new TextEncoder().encode(JSON.stringify(values)),
    decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as number[], // of `encode`
  });
  return { aggregate: { kind: "named", functions: [{ key: "wrong", aggregation }] } };
}

const spread = Array.from({ length: 40 }, (_, i) => [1_700_000_000 + i, i] as const);

describe("checkCase()", () => {
  test("finds that all runs agree where they do", () => {
    const { straight, runs, disagreements, unshuffled } = checkCase(caseOf(spread));
    expect(disagreements).toEqual([]);
    expect(unshuffled).toBeUndefined();
    expect(runs).toContain("shuffled (seed 1)");
    expect(runs).toContain("restored after every line");
    expect(straight.rows.map(({ value, count }) => [value, count])).toEqual([[780, 40]]);
  });

  test("finds a function that hangs on the order, in shuffled runs alone", () => {
    const { disagreements } = checkCase(
      caseOf(spread, { rule: wrong((values) => values.reduce((a, b) => (a * 31 + b) % 1009, 0)) }),
    );
    expect(disagreements.length).toBeGreaterThan(2);
    for (const { run, rows } of disagreements) {
      expect(run).toStartWith("shuffled");
      expect(rows).toMatchObject([{ kind: "differs", fields: [{ field: "value" }] }]);
    }
  });

  test("finds a function that remembers beside its state", () => {
    let calls = 0;
    const { disagreements } = checkCase(caseOf(spread, { rule: wrong(() => ++calls) }));
    expect(disagreements.map(({ run }) => run)).toContain("batches of one line");
  });

  test("leaves late events and repeated ids where they are, so that they change nothing", () => {
    const events = [
      ...spread,
      [1_700_000_000 - 60, 1000],
      [1_700_000_039, 7, { id: "x" }],
      [1_700_000_038, 8, { id: "x" }],
      ...spread.map(([at, value]) => [at + 60, value] as const),
    ] as const;
    const { straight, disagreements } = checkCase(caseOf(events));
    expect(disagreements).toEqual([]);
    expect([straight.ledger.late, straight.ledger.duplicate]).toEqual([1, 1]);
  });

  test("shuffles nothing where a series is over the limit", () => {
    const events = [...spread.slice(0, 5), [1_700_000_004, 1, { name: "b" }]] as const;
    const { straight, runs, unshuffled, disagreements } = checkCase(
      caseOf(events, { rule: { seriesMax: 1 } }),
    );
    expect(straight.ledger.over_limit).toBe(1);
    expect(runs.filter((run) => run.startsWith("shuffled"))).toEqual([]);
    expect(unshuffled).toContain("maxSeries");
    expect(disagreements).toEqual([]);
  });

  test("says that a sorted input of one time has no other order", () => {
    const events = [spread[0]!, spread[0]!, spread[0]!];
    expect(checkCase(caseOf(events)).unshuffled).toContain("no other order");
  });
});

describe("runCase()", () => {
  const straight = { batchLines: () => Infinity };

  test("leaves windows open where the input does not end", () => {
    expect(runCase(caseOf(spread, { ends: false }), straight).rows).toEqual([]);
  });

  test("makes no early rows then, which hang on how the input is cut", () => {
    const early = caseOf(spread, { ends: false, rule: { early: durationMicros(SECOND) } });
    expect(runCase(early, { batchLines: () => 1 }).rows).toEqual([]);
    expect(checkCase(early).disagreements).toEqual([]);
  });

  test("closes them in a pause of more than idleTimeout, and not in a shorter one", () => {
    const after = (seconds: number) =>
      runCase(
        caseOf(spread, {
          ends: false,
          pauses: [{ after: 40, for: durationMicros(seconds * SECOND) }],
        }),
        straight,
      ).rows;
    expect(after(9)).toEqual([]);
    // The window ends at 1700000040, the newest event is at 1700000039, and the watermark 5 s behind.
    expect(after(10)).toHaveLength(1);
  });

  test("refuses the future of its own clock, which goes on in a pause", () => {
    const events = [spread[0]!, [1_700_000_100, 1], [1_700_000_100, 1]] as const;
    const { ledger, refusals } = runCase(
      caseOf(events, {
        now: epochMicros(1_700_000_000 * SECOND),
        pauses: [{ after: 2, for: durationMicros(40 * SECOND) }],
      }),
      straight,
    );
    expect([ledger.future, ledger.late, ledger.aggregated]).toEqual([1, 0, 2]);
    expect(refusals.map(({ at }) => at)).toEqual(["line 2"]);
    expect(runCase(caseOf(events), straight).ledger.future).toBe(0);
  });

  test("goes on with its state after a crash, also with what is not fired", () => {
    const { rows, ledger } = runCase(caseOf(spread), { batchLines: () => 3, crashEvery: 7 });
    expect(rows.map(({ value }) => value)).toEqual([780]);
    expect(ledger.received).toBe(40);
  });

  test("gives the last revision of a row, and none that was withdrawn", () => {
    const late = [...spread, [1_700_000_120, 1], [1_700_000_001, 1000]] as const;
    const rule = { allowedLateness: durationMicros(3600 * SECOND) };
    const { rows } = runCase(caseOf(late, { rule }), { batchLines: () => 1 });
    expect(rows.map(({ value, revision }) => [value, revision])).toEqual([
      [1780, 1],
      [1, 0],
    ]);
    const sessions = [
      [1_700_000_000, 1],
      [1_700_000_060, 2],
      [1_700_000_120, 4],
      [1_700_000_030, 8],
    ] as const;
    const session = {
      window: { kind: "session", gap: durationMicros(40 * SECOND) },
      allowedLateness: durationMicros(3600 * SECOND),
    } as const;
    const joined = runCase(caseOf(sessions, { rule: session }), { batchLines: () => 1 });
    expect(joined.rows.map(({ value }) => value)).toEqual([11, 4]);
  });
});
