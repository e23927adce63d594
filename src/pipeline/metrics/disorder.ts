import { Buckets } from "../../core/buckets.ts";
import type { EventColumns } from "../../core/columns.ts";
import type { Arrival } from "../../engine/engine.ts";
import { METRICS } from "./catalog.ts";

const { bounds } = METRICS.aggregator_event_disorder_seconds;

/** An event so far ahead of the clock says nothing of those behind it. */
const AHEAD_MICROS_MAX = 60e6;

/** Events of one batch that are looked at: each of them stands for as many as there are between them. */
const LOOKS_MAX = 256;

/**
 * How far events are behind the newest one before them, of the same partition: what `outOfOrderness` has to
 * cover. Of small batches every event is looked at, of large ones every so many; the newest is that of all.
 * Nothing is allocated, and an event costs a comparison.
 */
export class Disorder {
  readonly buckets = new Buckets(bounds);
  /** By partition, as many as the source has. */
  readonly #newest = new Map<string, number>();

  /** Counts the events of a batch. Those that come back from the dead letters belong to no partition. */
  add({ time, length }: EventColumns, { partition, now }: Arrival): void {
    if (partition === undefined || length === 0) return;
    const { buckets } = this;
    const limit = now + AHEAD_MICROS_MAX;
    const stride = Math.ceil(length / LOOKS_MAX);
    let newest = this.#newest.get(partition) ?? -Infinity;
    for (let from = 0; from < length; from += stride) {
      const last = Math.min(from + stride, length) - 1;
      newest = newestOf(time, { from, to: last, newest, limit });
      const at = time[last]!;
      buckets.observe(at < newest ? (newest - at) / 1e6 : 0, last + 1 - from);
      if (at > newest && at <= limit) newest = at;
    }
    this.#newest.set(partition, newest);
  }
}

/** The newest of the times in [`from`, `to`) and of what was before, but for those beyond the limit. */
function newestOf(
  time: Float64Array,
  { from, to, newest, limit }: { from: number; to: number; newest: number; limit: number },
): number {
  let top = newest;
  for (let i = from; i < to; i++) top = Math.max(top, time[i]!);
  if (top <= limit) return top;
  top = newest;
  for (let i = from; i < to; i++) if (time[i]! > top && time[i]! <= limit) top = time[i]!;
  return top;
}
