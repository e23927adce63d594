import { describe, expect, test } from "bun:test";
import type { RuleSettings } from "../../src/core/settings.ts";
import { StoredPages } from "../../src/core/stored.ts";
import { epochMicros } from "../../src/core/time.ts";
import { commonBoundary } from "../../src/engine/pane-layout.ts";
import {
  Bench,
  hopping,
  type PlainEvent,
  ruleOf,
  SECOND,
  session,
  tumbling,
} from "../support/engine-input.ts";
import { PageMemory } from "../support/page-memory.ts";

/** Events one after the other, then the same service with other rules. */
class Service {
  #bench: Bench;
  readonly #memory = new PageMemory();
  readonly rows: string[] = [];
  refused = 0;

  constructor(rules: readonly RuleSettings[]) {
    this.#bench = new Bench(rules);
  }

  add(...events: readonly PlainEvent[]): this {
    for (const event of events) {
      this.refused += this.#bench.add([event]).length;
      this.collect();
    }
    return this;
  }

  collect(): void {
    for (const { rule, start, end, value, count, filled } of this.#bench.engine.collect()) {
      const window = `[${start / SECOND},${end / SECOND})`;
      this.rows.push(`${rule} ${window} ${value} of ${count}${filled ? " filled" : ""}`);
    }
  }

  change(rules: readonly RuleSettings[]): this {
    this.#memory.apply(this.#bench.engine.changes());
    const { names } = this.#bench;
    const next = new Bench(rules);
    for (let i = 0; i < names.size; i++) next.names.intern(names.text(i));
    next.engine.restore(new StoredPages(this.#memory.pages));
    this.#bench = next;
    return this;
  }

  get ledgers() {
    return this.#bench.engine.rules.map(({ name, ledger }) => ({ name, ...ledger }));
  }

  get eras(): number[] {
    return this.#bench.engine.rules.map(({ eras }) => eras.length);
  }

  end(): string[] {
    this.#bench.engine.finish();
    this.collect();
    return this.rows;
  }
}

const plain = (more: Parameters<typeof ruleOf>[0]) => ruleOf({ named: ["sum"], ...more });

describe("A rule that changed", () => {
  test("does not write over what it wrote when its code is gone", () => {
    const old = plain({ size: 60, lateness: 600, where: ({ value }) => value > 0 });
    const changed = plain({ size: 60, lateness: 600, where: ({ value }) => value >= 0 });
    const service = new Service([old]).add({ at: 1, value: 100 }, { at: 62, value: 200 });
    service.change([changed]).add({ at: 12, value: 3 }, { at: 130, value: 4 });
    // The window of the event at 12 belonged to the old meaning: late, not a row of one event.
    expect(service.refused).toBe(1);
    expect(service.end()).toEqual(["r [0,60) 100 of 1", "r [120,180) 4 of 1"]);
  });

  test("fills no gap in which another meaning holds", () => {
    const of = (size: number) => plain({ size, fill: { with: "zero", for: 600 } });
    const service = new Service([of(10)]).add({ at: 1 }, { at: 11 }).change([of(40)]);
    service.add({ at: 41 }, { at: 81 });
    // [20,30) and [30,40) are the old meaning's; from 40 on windows are 40 s long.
    expect(service.end().slice(0, 7)).toEqual([
      "r [0,10) 1 of 1",
      "r [10,20) 1 of 1",
      "r [20,30) 0 of 0 filled",
      "r [30,40) 0 of 0 filled",
      "r [40,80) 1 of 1",
      "r [80,120) 1 of 1",
      "r [120,160) 0 of 0 filled",
    ]);
  });

  test("changes at a boundary of all that read it", () => {
    const rules = (match?: RuleSettings["match"]) => [
      plain({ name: "minute", size: 60, ...(match === undefined ? {} : { match }) }),
      plain({ name: "ten", size: 600, from: "minute" }),
      plain({ name: "five", size: 300, from: "minute" }),
    ];
    const events = Array.from({ length: 40 }, (_, i) => ({ at: i * 30 }));
    const service = new Service(rules()).add(...events.slice(0, 15));
    service.change(rules({ name: ["*"] })).add(...events.slice(15));
    const rows = service.end();
    expect(rows.filter((row) => row.startsWith("ten"))).toEqual([
      "ten [0,600) 20 of 20",
      "ten [600,1200) 20 of 20",
    ]);
    expect(rows.filter((row) => row.startsWith("five"))).toHaveLength(4);
    for (const ledger of service.ledgers) expect(ledger.over_limit).toBe(0);
  });

  test("keeps no meaning that holds nothing any more", () => {
    const of = (gap: number) => plain({ window: session(gap) });
    const service = new Service([of(10)]).add({ at: 0 });
    for (const gap of [11, 12, 13, 14]) service.change([of(gap)]);
    expect(service.eras).toEqual([2]);
    service.add({ at: 100 }, { at: 200 });
    expect(service.eras).toEqual([1]);
  });
});

describe("commonBoundary()", () => {
  test("is a boundary of all, behind the instant", () => {
    const at = (seconds: number) => epochMicros(seconds * SECOND);
    expect(commonBoundary([tumbling(300), tumbling(420)], at(1))).toBe(at(2100));
    expect(commonBoundary([tumbling(60)], at(60))).toBe(at(120));
    expect(commonBoundary([hopping(60, 20), tumbling(30)], at(61))).toBe(at(120));
    expect(commonBoundary([tumbling(60)], epochMicros(-Infinity))).toBe(epochMicros(-Infinity));
  });
});
