import type { RefusalReason } from "../core/event.ts";
import { type DurationMicros, type EpochMicros, secondsOf } from "../core/time.ts";

/** An event of the columns that the engine did not take, and why. */
export interface EngineRefusal {
  readonly index: number;
  readonly reason: RefusalReason;
  readonly detail: string;
  /** Event time minus what it should have been, in seconds: how late, or how far ahead. */
  readonly bySeconds: number;
}

export function futureRefusal(index: number, time: number, now: EpochMicros): EngineRefusal {
  const bySeconds = (time - now) / 1e6;
  const detail = `timestamp is ${bySeconds.toFixed(3)} s ahead of the clock, more than maxFuture`;
  return { index, reason: "future", detail, bySeconds };
}

/** @param lateness What each rule says of the event; one may have refused it for its series alone. */
export function lateRefusal(
  index: number,
  lateness: readonly { readonly windowEnd: EpochMicros; readonly allowed: DurationMicros }[],
  watermark: EpochMicros,
): EngineRefusal {
  const closed = lateness.filter(({ windowEnd, allowed }) => windowEnd + allowed <= watermark);
  if (closed.length === 0) {
    const detail = "late: its window is over, or was given up";
    return { index, reason: "late", detail, bySeconds: 0 };
  }
  // The rule that would have waited longest tells how late it was.
  const last = closed.reduce((a, b) => (b.windowEnd + b.allowed > a.windowEnd + a.allowed ? b : a));
  const bySeconds = (watermark - last.windowEnd - last.allowed) / 1e6;
  const end = secondsOf(last.windowEnd);
  const detail = `late by ${bySeconds.toFixed(3)} s: its window ended at ${end}, the watermark is at ${secondsOf(watermark)}`;
  return { index, reason: "late", detail, bySeconds };
}
