import { type Logger, silentLogger } from "../../src/core/logger.ts";
import type { ResultRow } from "../../src/core/result.ts";
import type { Owner, SinkContext } from "../../src/core/sink.ts";
import { realClock } from "../../src/pipeline/real-clock.ts";

export function sinkContext(
  options: {
    sink?: string;
    pipeline?: string;
    owner?: Partial<Owner>;
    generation?: number;
    logger?: Logger;
  } = {},
): SinkContext {
  return {
    sink: options.sink ?? "warehouse",
    owner: {
      share: "0/1",
      lineage: "0197a5b1-0000-8000-8000-000000000001",
      epoch: 1,
      ...options.owner,
    },
    pipeline: options.pipeline ?? "plant-7",
    generation: options.generation ?? 1_700_000_000,
    clock: realClock,
    logger: options.logger ?? silentLogger,
  };
}

/** Row `n` of a test: its id and value tell which one it is. */
export function rowOf(n: number, changes: Partial<ResultRow> = {}): ResultRow {
  return {
    id: `00000000-0000-8000-8000-${n.toString(16).padStart(12, "0")}`,
    pipeline: "plant-7",
    rule: "per_minute",
    name: `meter-${String(n).padStart(5, "0")}`,
    labels: labelsOf({}),
    agg_func: "sum",
    window_start: 1_700_000_040,
    window_end: 1_700_000_100,
    value: n,
    count: 3,
    revision: 0,
    ...changes,
  };
}

/** Labels as the engine makes them: without a prototype. */
export function labelsOf(entries: Readonly<Record<string, string>>): Record<string, string> {
  return Object.assign(Object.create(null) as Record<string, string>, entries);
}
