import { Buckets } from "../../core/buckets.ts";
import type { EventColumns } from "../../core/columns.ts";
import type { ArrivalAfter, ColumnsObserver } from "../processor.ts";
import { METRICS } from "./catalog.ts";

const { bounds } = METRICS.aggregator_event_disorder_seconds;

/** An event so far ahead of the clock says nothing of those behind it. */
const AHEAD_MICROS_MAX = 60e6;

/** Batches up to so many bytes, some 64 events, are all looked at. */
const SMALL_BATCH_BYTES = 8192;

/** Of larger ones at most one in this time: whatever the rate of events, it takes as little of the thread. */
const LOOK_EVERY_MS = 100;

/**
 * How far events are behind the newest one before them, of the same partition: what `outOfOrderness` has to
 * cover. Of large batches one is looked at now and then, and counts for those between.
 */
export class Disorder implements ColumnsObserver {
  readonly buckets = new Buckets(bounds);
  #nextLookMs = -Infinity;
  #isLarge = false;
  /** Events that were not looked at, and that nothing counts for yet. */
  #unseen = 0;

  wants(bytes: number, nowMs: number): boolean {
    this.#isLarge = bytes > SMALL_BATCH_BYTES;
    if (!this.#isLarge) return true;
    if (nowMs < this.#nextLookMs) return false;
    this.#nextLookMs = nowMs + LOOK_EVERY_MS;
    return true;
  }

  passed(events: number): void {
    this.#unseen += events;
  }

  /** Counts events. Those that come back from the dead letters belong to no partition. */
  add({ time, length }: EventColumns, { partition, now, newest: before }: ArrivalAfter): void {
    if (partition === undefined || length === 0) return;
    let times = 1;
    if (this.#isLarge) {
      const others = Math.floor(this.#unseen / length);
      this.#unseen -= others * length;
      times += others;
    }
    const { buckets } = this;
    const limit = now + AHEAD_MICROS_MAX;
    let newest: number = before;
    let inOrder = 0;
    for (let i = 0; i < length; i++) {
      const at = time[i]!;
      if (at < newest) buckets.observe((newest - at) / 1e6, times);
      else {
        inOrder++;
        if (at <= limit) newest = at;
      }
    }
    // The first bucket is that of the events in order: its bound is 0.
    buckets.counts[0]! += inOrder * times;
  }
}
