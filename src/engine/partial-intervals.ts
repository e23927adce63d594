import { PARTIAL_INTERVALS_MAX } from "../core/limits.ts";
import { type StoredNumber, storedNumber } from "../core/stored.ts";
import type { EpochMicros } from "../core/time.ts";

/** Stretches of event time of which events are missing: windows that touch one are `partial`. */
export class PartialIntervals {
  readonly #intervals: { from: number; to: number }[] = [];

  get isEmpty(): boolean {
    return this.#intervals.length === 0;
  }

  /** Both ends belong to it. */
  add(from: EpochMicros, to: EpochMicros): void {
    this.#intervals.push({ from: Math.min(from, to), to: Math.max(from, to) });
    if (this.#intervals.length <= PARTIAL_INTERVALS_MAX) return;
    // The two oldest become one: rather too many windows are marked than too few.
    const [first, second] = this.#intervals.splice(0, 2);
    const from0 = Math.min(first!.from, second!.from);
    this.#intervals.unshift({ from: from0, to: Math.max(first!.to, second!.to) });
  }

  /** Whether [start, end) touches one. */
  touch(start: EpochMicros, end: EpochMicros): boolean {
    return this.#intervals.some(({ from, to }) => start <= to && from < end);
  }

  /** Forgets what lies wholly before an instant. */
  forgetBefore(time: EpochMicros): void {
    while (this.#intervals.length > 0 && this.#intervals[0]!.to < time) this.#intervals.shift();
  }

  /** What there is to store: both ends of each. */
  stored(): [StoredNumber, StoredNumber][] {
    return this.#intervals.map(({ from, to }) => [storedNumber(from), storedNumber(to)]);
  }

  /** Takes over what `stored` gave. */
  restore(intervals: readonly [StoredNumber, StoredNumber][]): void {
    for (const [from, to] of intervals) {
      this.#intervals.push({ from: Number(from), to: Number(to) });
    }
  }
}
