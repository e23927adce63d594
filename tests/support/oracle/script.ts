import { busFunctions } from "../../../src/aggregations/list.ts";
import type { RuleSettings } from "../../../src/core/settings.ts";
import { durationMicros } from "../../../src/core/time.ts";
import type { EngineRow } from "../../../src/engine/engine-row.ts";
import { Bench, type PlainEvent, SECOND, textOf } from "../engine-input.ts";
import { Oracle } from "./oracle.ts";
import { keyOf } from "./types.ts";

/** What happens in an example: an event, rows being collected, nothing for some seconds. */
export type Act = PlainEvent | "collect" | { readonly quiet: number };

/** An example with the rows that are right, worked out by hand: texts without the revision. */
export interface Example {
  readonly title: string;
  readonly rules: readonly RuleSettings[];
  /** Seconds. */
  readonly outOfOrderness?: number;
  readonly acts: readonly Act[];
  /** Whether the input ends after the acts. Default: it does. */
  readonly ends?: boolean;
  readonly rows: readonly string[];
  /** What became of the events that were not taken, by index. */
  readonly refused?: readonly string[];
  readonly ledger?: Readonly<Record<string, number>>;
}

export interface Played {
  readonly rows: readonly string[];
  readonly refused: readonly string[];
  readonly ledger: Readonly<Record<string, unknown>>;
}

export function playOracle({ rules, acts, outOfOrderness = 0, ends = true }: Example): Played {
  let nowMs = 0;
  const oracle = new Oracle({
    rules,
    outOfOrderness: outOfOrderness * SECOND,
    idleTimeoutMs: 10_000,
    maxFuture: "off",
    dedupe: { for: durationMicros(3_600 * SECOND), idsMax: 1_000 },
    nowMs,
  });
  const refused: string[] = [];
  let index = 0;
  for (const act of acts) {
    if (act === "collect") continue;
    if ("quiet" in act) {
      nowMs += act.quiet * 1_000;
      oracle.settle(oracle.idle(nowMs).most);
      continue;
    }
    const { name = "a", value = 1, at, fn = "sum", id, labels } = act;
    const event = {
      name,
      value,
      fn: busFunctions.findIndex((one) => one.name === fn),
      time: Math.round(at * SECOND),
      id,
      labels,
    };
    const outcome = oracle.add(event, { partition: "0", now: 0, nowMs });
    if (outcome !== "aggregated") refused.push(`${index} ${outcome}`);
    index++;
  }
  if (ends) oracle.finish();
  const rows = [...oracle.rows().values()].map((row) => plain({ ...row, revision: 0 }));
  return { rows: rows.toSorted(), refused, ledger: { ...oracle.counts } };
}

/** @param isEager Whether rows are collected after every event. */
export function playEngine(example: Example, isEager: boolean): Played {
  const { rules, acts, outOfOrderness = 0, ends = true } = example;
  const bench = new Bench(rules, { outOfOrderness });
  const told = new Map<string, EngineRow>();
  const twice: string[] = [];
  const collect = (): void => {
    const rows = bench.engine.collect();
    // Each row at most once a batch; the example would show the last alone.
    if (new Set(rows.map(keyOf)).size < rows.length) twice.push(...rows.map(textOf));
    for (const row of rows) told.set(keyOf(row), row);
  };
  const refused: string[] = [];
  let index = 0;
  for (const act of acts) {
    if (act === "collect") collect();
    else if ("quiet" in act) {
      bench.nowMs += act.quiet * 1_000;
      bench.engine.idle(bench.nowMs);
      collect();
    } else {
      const filtered = bench.engine.ledger.filtered;
      for (const { reason } of bench.add([act])) refused.push(`${index} ${reason}`);
      if (bench.engine.ledger.filtered > filtered) refused.push(`${index} filtered`);
      index++;
      if (isEager) collect();
    }
  }
  if (ends) bench.engine.finish();
  collect();
  const rows = [...told.values()].filter(({ withdrawn }) => !withdrawn).map(plain);
  return { rows: [...twice, ...rows.toSorted()], refused, ledger: { ...bench.engine.ledger } };
}

function plain(row: Omit<EngineRow, "partial" | "withdrawn">): string {
  const text = textOf({ ...row, partial: false, withdrawn: false });
  return text.replace(/ #\d+/, "");
}
