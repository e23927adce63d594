import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { isBalanced } from "../../src/core/ledger.ts";
import type { RuleSettings } from "../../src/core/settings.ts";
import { StoredPages } from "../../src/core/stored.ts";
import type { EngineRow } from "../../src/engine/engine-row.ts";
import { check, TIMEOUT_MS } from "../support/effort.ts";
import { Bench, hopping, ruleOf, SECOND, tumbling } from "../support/engine-input.ts";
import { PageMemory } from "../support/page-memory.ts";

setDefaultTimeout(TIMEOUT_MS);

/** A window of `size` begins every `every` seconds. */
interface Cut {
  readonly size: number;
  readonly every: number;
}

const CUTS: readonly Cut[] = [
  { size: 10, every: 10 },
  { size: 20, every: 20 },
  { size: 60, every: 60 },
  { size: 30, every: 10 },
  { size: 60, every: 20 },
];

type Step =
  | { readonly kind: "event"; readonly name: string; readonly ahead: number }
  | { readonly kind: "change"; readonly cut: Cut }
  | { readonly kind: "collect" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("event" as const),
      name: fc.constantFrom("a", "b"),
      // Behind the newest by less than what is waited for: nothing is late.
      ahead: fc.oneof(fc.integer({ min: -4, max: 12 }), fc.constantFrom(100)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("change" as const), cut: fc.constantFrom(...CUTS) }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: "collect" as const }) },
);

function rulesOf({ size, every }: Cut): RuleSettings[] {
  const window = size === every ? tumbling(size) : hopping(size, every);
  return [ruleOf({ window, named: ["sum", "count"] })];
}

/** The rules of semantics.md §8, over all events at once. */
class Expected {
  readonly events: { readonly name: string; readonly time: number }[] = [];
  #eras: { cut: Cut; since: number; until: number }[];

  constructor(cut: Cut) {
    this.#eras = [{ cut, since: -Infinity, until: Infinity }];
  }

  change(cut: Cut, newest: number): void {
    if (this.#eras.at(-1)!.cut === cut) return;
    const since = Number.isFinite(newest) ? Math.floor(newest / cut.every + 1) * cut.every : newest;
    for (const era of this.#eras) era.until = Math.min(era.until, since);
    this.#eras = this.#eras.filter((era) => era.since < era.until);
    this.#eras.push({ cut, since, until: Infinity });
  }

  rows(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { cut, since, until } of this.#eras) {
      for (const { name, time } of this.events) {
        let start = Math.floor(time / cut.every) * cut.every;
        for (; start + cut.size > time; start -= cut.every) {
          if (start < since || start >= until) continue;
          const key = `${name} [${start},${start + cut.size})`;
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
      }
    }
    return counts;
  }
}

/** Rows as a sink folds them; none comes twice with one revision and another content. */
class Folded {
  readonly #last = new Map<string, EngineRow>();

  add(rows: readonly EngineRow[]): void {
    for (const row of rows) {
      const id = `${row.name} ${row.agg_func} ${row.start}`;
      const last = this.#last.get(id);
      if (last !== undefined) expect(row.revision).toBeGreaterThan(last.revision);
      this.#last.set(id, row);
    }
  }

  counts(agg_func: string): Map<string, number> {
    const rows = [...this.#last.values()].filter((row) => row.agg_func === agg_func);
    return new Map(
      rows.map(({ name, start, end, value }) => {
        return [`${name} [${start / SECOND},${end / SECOND})`, value!] as const;
      }),
    );
  }
}

describe("A rule that changes at any time, again and again", () => {
  test("gives the windows that began before the boundary as it was, and the others as it is", () => {
    const any = fc.tuple(fc.constantFrom(...CUTS), fc.array(step, { maxLength: 40 }));
    check(any, 400, ([first, steps]) => {
      const expected = new Expected(first);
      const folded = new Folded();
      const memory = new PageMemory();
      const start = (cut: Cut) => new Bench(rulesOf(cut), { outOfOrderness: 5 });
      let bench = start(first);
      let newest = -Infinity;
      for (const one of steps) {
        if (one.kind === "event") {
          const time = (Number.isFinite(newest) ? newest : 1_000) + one.ahead;
          expect(bench.add([{ name: one.name, at: time, value: 1 }])).toEqual([]);
          expected.events.push({ name: one.name, time });
          newest = Math.max(newest, time);
          continue;
        }
        folded.add(bench.engine.collect());
        if (one.kind === "collect") continue;
        memory.apply(bench.engine.changes());
        const { names } = bench;
        bench = start(one.cut);
        for (let i = 0; i < names.size; i++) bench.names.intern(names.text(i));
        expect(bench.engine.restore(new StoredPages(memory.pages))).toEqual([]);
        expected.change(one.cut, newest);
      }
      bench.engine.finish();
      folded.add(bench.engine.collect());
      expect(folded.counts("count")).toEqual(expected.rows());
      expect(folded.counts("sum")).toEqual(expected.rows());
      for (const { ledger } of bench.engine.rules) {
        expect(isBalanced(ledger)).toBe(true);
        expect(ledger.aggregated).toBe(expected.events.length);
      }
    });
  });
});
