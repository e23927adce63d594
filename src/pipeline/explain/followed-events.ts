import type { ResultRow } from "../../core/result.ts";
import { labelsToJson } from "../../core/result-json.ts";
import { FinalRows } from "../cases/final-rows.ts";
import type { Explanation, RuleExplanation } from "./explanation.ts";

/** An event with the rows that it ended up in. */
export interface FollowedEvent extends Explanation {
  readonly rows: readonly ResultRow[];
}

/** The events that somebody asks for, and what becomes of their windows. */
export class FollowedEvents {
  readonly #isWanted: (explanation: Explanation) => boolean;
  readonly #found: { readonly explanation: Explanation; readonly rows: FinalRows }[] = [];

  constructor(isWanted: (explanation: Explanation) => boolean) {
    this.#isWanted = isWanted;
  }

  add(explanation: Explanation): void {
    if (this.#isWanted(explanation)) this.#found.push({ explanation, rows: new FinalRows() });
  }

  addRows(rows: readonly ResultRow[]): void {
    for (const found of this.#found) {
      found.rows.add(rows.filter((row) => holds(row, found.explanation)));
    }
  }

  get events(): FollowedEvent[] {
    return this.#found.map(({ explanation, rows }) => ({ ...explanation, rows: rows.rows }));
  }
}

function holds(row: ResultRow, { timestamp, rules }: Explanation): boolean {
  // A session that a row takes back may have begun behind the event.
  if (timestamp === undefined) return false;
  const isWithin = row.window_start <= timestamp && timestamp < row.window_end;
  if (!isWithin && row.withdrawn !== true) return false;
  return rules.some((rule) => isTaken(rule) && isOfSeries(row, rule) && !isForgotten(row, rule));
}

function isTaken({ outcome }: RuleExplanation): boolean {
  return outcome === "aggregated" || outcome === "late_partial";
}

function isOfSeries(row: ResultRow, { rule, name, labels, agg_func }: RuleExplanation): boolean {
  return (
    row.rule === rule &&
    row.name === name &&
    agg_func?.includes(row.agg_func) === true &&
    labelsToJson(row.labels) === labelsToJson(labels ?? {})
  );
}

/** Overlapping windows that the event was too late for have rows, but not with it. */
function isForgotten(row: ResultRow, { windows }: RuleExplanation): boolean {
  return windows.some(({ start, state }) => state === "forgotten" && start === row.window_start);
}
