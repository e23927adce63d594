import type { EpochMicros } from "./time.ts";

/**
 * The only way to the time of day and to waiting. The real one lives in `pipeline/`; tests bring a
 * virtual one. Intervals are measured with `monotonicMs`; the wall clock serves event time alone.
 */
export interface Clock {
  /** The wall clock. May jump. */
  now(): EpochMicros;
  /** Milliseconds since an arbitrary start, fraction included. Never goes back, never jumps. */
  monotonicMs(): number;
  /**
   * Resolves after `ms` milliseconds (any length, also beyond the 24.8 days of a timer), or as soon as
   * `signal` aborts; it never rejects. Zero or less resolves in a later turn of the event loop.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
