import { compareRows, type EngineRow } from "./engine-row.ts";

/**
 * Puts rows in their order: finds the runs that are in order already, and merges them two by two. Each
 * window of a rule comes as one run, so that mostly nothing is left to do. Rows that compare equal keep
 * their order (a natural merge sort: D. E. Knuth, The Art of Computer Programming, volume 3, 5.2.4).
 *
 * @returns The same array where it was in order, else another.
 */
export function sortRows(rows: EngineRow[]): EngineRow[] {
  let runs = runsOf(rows);
  let from = rows;
  while (runs.length > 2) {
    const into: EngineRow[] = [];
    const merged = [0];
    for (let run = 0; run + 1 < runs.length; run += 2) {
      const middle = runs[run + 1]!;
      merge(from, { from: runs[run]!, middle, to: runs[run + 2] ?? middle }, into);
      merged.push(into.length);
    }
    from = into;
    runs = merged;
  }
  return from;
}

/** Where each run begins, and behind the last one the end. */
function runsOf(rows: readonly EngineRow[]): number[] {
  const runs = [0];
  for (let i = 1; i < rows.length; i++) if (compareRows(rows[i - 1]!, rows[i]!) > 0) runs.push(i);
  runs.push(rows.length);
  return runs;
}

function merge(
  rows: readonly EngineRow[],
  { from, middle, to }: { readonly from: number; readonly middle: number; readonly to: number },
  into: EngineRow[],
): void {
  let left = from;
  let right = middle;
  while (left < middle && right < to) {
    into.push(compareRows(rows[left]!, rows[right]!) <= 0 ? rows[left++]! : rows[right++]!);
  }
  while (left < middle) into.push(rows[left++]!);
  while (right < to) into.push(rows[right++]!);
}
