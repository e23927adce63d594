import { assert } from "../../src/core/errors.ts";
import type { ResultRow } from "../../src/core/result.ts";
import type { RuleSettings } from "../../src/core/settings.ts";
import type { Fact, SimLog } from "./sim-log.ts";

/** What a final row says, but for its id and revision. */
export type FinalRow = Pick<
  ResultRow,
  "rule" | "name" | "agg_func" | "window_start" | "window_end" | "value" | "count"
>;

/**
 * The final rows of an input in which nothing is late: every event falls into one window of every rule, a
 * second one with the same id into none. Knows nothing of the engine.
 */
export function expectedRows(log: SimLog, rules: readonly RuleSettings[]): FinalRow[] {
  const ids = new Set<string>();
  const facts: Fact[] = [];
  for (const { fact } of [...log.partitions.values()].flat()) {
    if (fact === undefined || (fact.id !== undefined && ids.has(fact.id))) continue;
    if (fact.id !== undefined) ids.add(fact.id);
    facts.push(fact);
  }
  return rules.flatMap((rule) => rowsOf(rule, facts));
}

function rowsOf(rule: RuleSettings, facts: readonly Fact[]): FinalRow[] {
  const { aggregate, window } = rule;
  assert(window.kind === "tumbling", "plans have tumbling windows only");
  const sizeMs = window.size / 1000;
  const offsetMs = window.offset / 1000;
  const keys =
    aggregate.kind === "event"
      ? undefined
      : aggregate.functions.map(({ key, aggregation }) => ({ key, does: aggregation.name }));
  const groups = Map.groupBy(
    facts.flatMap((fact) =>
      (keys ?? [{ key: fact.fn, does: fact.fn }]).map((one) => ({ fact, ...one })),
    ),
    ({ fact, key, does }) => {
      const start = Math.floor((fact.timeMs - offsetMs) / sizeMs) * sizeMs + offsetMs;
      return JSON.stringify([start, fact.name, key, does]);
    },
  );
  return [...groups].map(([group, members]) => {
    // What the line above wrote.
    const [start, name, key, does] = JSON.parse(group) as [number, string, string, string];
    const values = members.map(({ fact }) => fact.value);
    return {
      rule: rule.name,
      name,
      agg_func: key,
      window_start: start / 1000,
      window_end: (start + sizeMs) / 1000,
      value: aggregated(does, values),
      count: values.length,
    };
  });
}

/** Values are quarters: their sums are exact, in any order. */
function aggregated(does: string, values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  switch (does) {
    case "sum":
      return sum;
    case "avg":
      return sum / values.length;
    case "min":
      return Math.min(...values);
    case "max":
      return Math.max(...values);
    case "count":
      return values.length;
    default:
      throw new Error(`The oracle does not know ${does}`);
  }
}

/** One line a row, sorted: what two sets of rows are compared by. */
export function textsOf(rows: Iterable<FinalRow>): string[] {
  return [...rows]
    .map(({ rule, window_start, window_end, name, agg_func, value, count }) =>
      JSON.stringify([rule, window_start, window_end, name, agg_func, value, count]),
    )
    .sort();
}
