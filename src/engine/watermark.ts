import { type DurationMicros, type EpochMicros, epochMicros } from "../core/time.ts";

interface Partition {
  /** Largest event time accepted; -Infinity before the first event. */
  newest: number;
  /** When its last event came, on the monotonic clock. */
  arrivedMs: number;
  /** Whether it has been quiet for so long that nobody waits for it. */
  idle: boolean;
}

/**
 * The watermark: no earlier event is expected. Per partition it stays `outOfOrderness` behind the
 * newest event; the whole is the minimum over the partitions that are not idle, and never falls.
 */
export class Watermark {
  value = epochMicros(-Infinity);
  readonly #outOfOrderness: DurationMicros;
  readonly #idleTimeoutMs: number;
  readonly #partitions = new Map<string, Partition>();
  #startedMs: number;

  /** @param options.idleTimeoutMs Infinity: a quiet partition holds the watermark for ever. */
  constructor(options: {
    outOfOrderness: DurationMicros;
    idleTimeoutMs: number;
    /** The monotonic clock now: idle time counts from here at the earliest. */
    nowMs: number;
  }) {
    this.#outOfOrderness = options.outOfOrderness;
    this.#idleTimeoutMs = options.idleTimeoutMs;
    this.#startedMs = options.nowMs;
  }

  /** Makes a partition known, before its first event: from now on the watermark waits for it. */
  open(partition: string): void {
    if (this.#partitions.has(partition)) return;
    this.#partitions.set(partition, { newest: -Infinity, arrivedMs: this.#startedMs, idle: false });
  }

  /** The newest event time of a partition; -Infinity when it has none. */
  newestOf(partition: string): EpochMicros {
    return epochMicros(this.#partitions.get(partition)?.newest ?? -Infinity);
  }

  /** What the other partitions allow the watermark to be. */
  othersOf(partition: string): EpochMicros {
    let lowest = Infinity;
    for (const [name, other] of this.#partitions) {
      if (name === partition || other.idle) continue;
      lowest = Math.min(lowest, other.newest - this.#outOfOrderness);
    }
    return epochMicros(lowest);
  }

  /** The newest event time of `partition` from which on the watermark would be at least `target`. */
  neededFor(target: EpochMicros, others: EpochMicros): EpochMicros {
    return epochMicros(others >= target ? target + this.#outOfOrderness : Infinity);
  }

  /** Events of a partition came, the newest of them at `newest` (or an older one, or none: -Infinity). */
  arrived(partition: string, newest: EpochMicros, nowMs: number): void {
    this.open(partition);
    const entry = this.#partitions.get(partition)!;
    entry.arrivedMs = nowMs;
    entry.idle = false;
    if (newest > entry.newest) entry.newest = newest;
  }

  /** Raises the watermark to what the partitions allow. */
  advance(): EpochMicros {
    const lowest = this.othersOf("");
    // No partition is waited for: the idle rule moves the watermark, not this one.
    if (lowest !== Infinity && lowest > this.value) this.value = lowest;
    return this.value;
  }

  /**
   * The source said that nothing is left to read: partitions that have been quiet for `idleTimeout`
   * are left out. When that is all of them, event time goes on at the pace of the clock.
   *
   * @param limit Where the last window that holds data may be forgotten: no further.
   */
  idle(nowMs: number, limit: EpochMicros): EpochMicros {
    let allIdle = true;
    let furthest = -Infinity;
    for (const entry of this.#partitions.values()) {
      const quietMs = nowMs - Math.max(entry.arrivedMs, this.#startedMs);
      if (quietMs >= this.#idleTimeoutMs) entry.idle = true;
      if (!entry.idle) allIdle = false;
      furthest = Math.max(furthest, entry.newest + Math.floor(quietMs * 1000));
    }
    if (!allIdle) return this.advance();
    const paced = Math.min(furthest - this.#outOfOrderness, limit);
    if (paced > this.value) this.value = epochMicros(paced);
    return this.value;
  }

  /** The source was away: what was quiet meanwhile was not idle. Counts anew from here. */
  restartIdle(nowMs: number): void {
    this.#startedMs = nowMs;
  }

  /** No event will come any more. */
  finish(): EpochMicros {
    this.value = epochMicros(Infinity);
    return this.value;
  }
}
