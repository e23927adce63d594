import { seededRandom } from "./random.ts";

/** A line of a case, as far as its place matters. */
export interface ShuffledLine {
  /** Event time in microseconds; undefined: the line moves no watermark, wherever it stands. */
  readonly time: number | undefined;
  /** What became of it hangs on what came before: it keeps its place. */
  readonly isFixed: boolean;
}

/**
 * Another order in which the same events may come. Every event stays within `outOfOrderness` of the newest
 * one before it, so that none becomes late. A fixed line keeps its place, and so do the sets of lines before
 * and behind it; events of one time keep their order among themselves.
 *
 * @param fences Places that no line crosses: how many lines are before them.
 * @returns Indices of the lines.
 */
export function shuffled(
  lines: readonly ShuffledLine[],
  options: {
    readonly outOfOrderness: number;
    readonly seed: number;
    readonly fences: readonly number[];
  },
): number[] {
  const { outOfOrderness, seed, fences } = options;
  const random = seededRandom(seed);
  const fenced = new Set(fences);
  const order: number[] = [];
  let segment: number[] = [];
  const close = (): void => {
    for (const i of mixed(segment, { lines, outOfOrderness, random })) order.push(i);
    segment = [];
  };
  for (const [i, { isFixed }] of lines.entries()) {
    if (fenced.has(i)) close();
    if (isFixed) {
      close();
      order.push(i);
    } else {
      segment.push(i);
    }
  }
  close();
  return order;
}

/**
 * Each event comes at its time and up to `outOfOrderness` later: whatever is before it then is at most so
 * much newer.
 */
function mixed(
  segment: readonly number[],
  options: {
    readonly lines: readonly ShuffledLine[];
    readonly outOfOrderness: number;
    readonly random: () => number;
  },
): number[] {
  const { lines, outOfOrderness, random } = options;
  let oldest = Infinity;
  let newest = -Infinity;
  for (const i of segment) {
    oldest = Math.min(oldest, lines[i]!.time ?? Infinity);
    newest = Math.max(newest, lines[i]!.time ?? -Infinity);
  }
  // Without any event the lines are all alike: any span does.
  const [start, span] = oldest <= newest ? [oldest, newest - oldest + outOfOrderness] : [0, 1];
  const comesAt = new Map(
    segment.map((i) => {
      const { time } = lines[i]!;
      return [i, time === undefined ? start + random() * span : time + random() * outOfOrderness];
    }),
  );
  const order = [...segment].sort((a, b) => comesAt.get(a)! - comesAt.get(b)! || a - b);
  return inOrderOfTheirTime(order, lines);
}

/** Events of one time take the places that they have together in the order in which they stood. */
function inOrderOfTheirTime(order: readonly number[], lines: readonly ShuffledLine[]): number[] {
  const waiting = new Map<number, number[]>();
  for (const i of [...order].sort((a, b) => b - a)) {
    const { time } = lines[i]!;
    if (time === undefined) continue;
    const others = waiting.get(time);
    if (others === undefined) waiting.set(time, [i]);
    else others.push(i);
  }
  return order.map((i) => {
    const { time } = lines[i]!;
    return time === undefined ? i : waiting.get(time)!.pop()!;
  });
}
