import type { DurationMicros } from "./time.ts";

/** Adjacent windows of one length, aligned to the epoch: [k·size + offset, (k+1)·size + offset). */
export interface TumblingWindow {
  readonly kind: "tumbling";
  readonly size: DurationMicros;
  readonly offset: DurationMicros;
}

/** A closed union: the engine sizes its ring by it. A new kind is engine work. */
export type WindowRule = TumblingWindow;
