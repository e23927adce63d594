import { join } from "node:path";
import type { Page } from "../../src/core/page.ts";
import type { ResultRow } from "../../src/core/result.ts";
import { plainSeal, type Seal } from "../../src/state/seal.ts";
import { STATE_FILE, State } from "../../src/state/state.ts";

/** A state that was used a little, with something in every table, and all that it holds. */

export const KEPT_SINKS = ["main", "other"] as const;

const encoder = new TextEncoder();

export function openKept(dir: string, seal: Seal = plainSeal): State {
  return State.open({
    dir,
    pipeline: "plant-7",
    share: "0/1",
    sinks: KEPT_SINKS,
    now: 1_700_000_000,
    seal,
  });
}

export function rowOf(value: number): ResultRow {
  return {
    id: `row-${value}`,
    pipeline: "plant-7",
    rule: "per_minute",
    name: "needle",
    labels: { line: "needle" },
    agg_func: "sum",
    window_start: 1_700_000_000,
    window_end: 1_700_000_060,
    value,
    count: 1,
    revision: 0,
  };
}

/** Makes checkpoints enough that the tree of the file has several levels, and overflows. */
export function fillState(state: State, checkpoints = 4): void {
  for (let i = 0; i < checkpoints; i++) {
    const pages: Page[] = Array.from({ length: 40 }, (_, page) => ({
      key: `rule/per_minute/pane/${page}/${i}`,
      bytes: encoder.encode(`needle ${page} `.repeat(1 + page * 3)),
    }));
    pages.push({ key: "names", bytes: encoder.encode("needle".repeat(2000)) });
    const rows = Array.from({ length: 20 }, (_, row) => rowOf(i * 100 + row));
    state.commit({
      pages: { remove: i === 2 ? ["rule/per_minute/pane/3"] : [], put: pages },
      cursor: String((i + 1) * 100),
      rows: new Map(KEPT_SINKS.map((sink) => [sink, rows])),
      refusals: [
        { reason: "late", detail: "needle is late", event: '{"name":"needle"}', at: `cursor ${i}` },
        { reason: "invalid_json", detail: "needle", event: "needle", at: `cursor ${i + 50}` },
      ],
      refusedAt: 1_700_000_000 + i,
    });
  }
  state.confirm("main", 30, { refusals: [], refusedAt: 0 });
}

/** Everything that a state holds, read in all the ways in which the service reads it. */
export function contentOf(state: State) {
  return {
    cursor: state.cursor,
    lineage: state.lineage,
    generation: state.generation,
    pages: [...state.pages()].map(({ key, bytes }) => [key, Buffer.from(bytes).toString()]),
    rows: KEPT_SINKS.map((sink) => state.outbox.peek(sink, 1000)),
    letters: state.deadLetters.list({ after: 0, limit: 1000 }),
    late: state.deadLetters.list({ after: 0, limit: 1000, reason: "late" }),
  };
}

export function stateFileOf(dir: string): string {
  return join(dir, STATE_FILE);
}
