import { expect } from "bun:test";
import { xoshiro128 } from "../bench/generate.ts";

/** One row as the exact answer has it. */
export interface ExactRow {
  readonly name: string;
  readonly agg_func: string;
  readonly window_start: number;
  readonly value: number;
  readonly count: number;
}

const FUNCTIONS = ["sum", "avg", "min", "max", "count"] as const;

/**
 * A stream of events with its exact answer for windows of one minute. Values are whole thousandths and
 * are added as whole numbers, so that each result is rounded once only.
 */
export function exactStream(events: number): { lines: string[]; rows: ExactRow[] } {
  const random = xoshiro128(7);
  const start = 1_700_000_040; // a whole minute
  const cells = new Map<string, { name: string; fn: string; start: number; values: number[] }>();
  const lines: string[] = [];
  for (let i = 0; i < events; i++) {
    const k = Math.floor(random() * 40);
    const name = k === 0 ? '"Größe" \\ 日本' : `sensor.${k}`;
    const fn = FUNCTIONS[k % FUNCTIONS.length]!;
    const thousandths = Math.floor((random() - 0.3) * 1e9);
    // Within the 5 s that events may be out of order.
    const millis = Math.max(0, Math.floor((i / events) * 600_000 - random() * 4_500));
    const timestamp = start + millis / 1000;
    lines.push(JSON.stringify({ name, value: thousandths / 1000, timestamp, agg_func: fn }));
    const window = start + Math.floor(millis / 60_000) * 60;
    const key = JSON.stringify([name, fn, window]);
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, { name, fn, start: window, values: [thousandths] });
    else cell.values.push(thousandths);
  }
  const rows = [...cells.values()].map((cell) => {
    const { name, fn: agg_func, start: window_start, values } = cell;
    return { name, agg_func, window_start, value: exact(agg_func, values), count: values.length };
  });
  return { lines, rows: rows.sort(byKey) };
}

function exact(fn: string, thousandths: readonly number[]): number {
  // Below 2^53: a million values of 10^9 at most.
  const sum = thousandths.reduce((a, b) => a + b, 0);
  if (fn === "sum") return sum / 1000;
  if (fn === "avg") return sum / (1000 * thousandths.length);
  if (fn === "count") return thousandths.length;
  return (fn === "min" ? Math.min(...thousandths) : Math.max(...thousandths)) / 1000;
}

/** An order that every store can be brought into. */
export function byKey(a: ExactRow, b: ExactRow): number {
  const key = ({ window_start, name, agg_func }: ExactRow): string =>
    JSON.stringify([window_start, name, agg_func]);
  return key(a) < key(b) ? -1 : 1;
}

/** Row by row: the same keys and counts, and values within the error that sums are allowed. */
export function compareRows(actual: readonly ExactRow[], expected: readonly ExactRow[]): void {
  const key = ({ name, agg_func, window_start, count }: ExactRow): unknown[] => {
    return [name, agg_func, window_start, count];
  };
  expect(actual.map(key)).toEqual(expected.map(key));
  for (const [i, { value }] of expected.entries()) {
    expect(Math.abs(actual[i]!.value - value)).toBeLessThanOrEqual(1e-12 * Math.abs(value));
  }
}

/** The rows in the records of a topic, one a record, in the order of the exact answer. */
export function rowsOfRecords(records: readonly { readonly value: string | null }[]): ExactRow[] {
  return records
    .map(({ value }) => JSON.parse(value ?? "null") as ExactRow) // what the sink writes
    .map(({ name, agg_func, window_start, value, count }) => {
      return { name, agg_func, window_start, value, count };
    })
    .sort(byKey);
}
