import { type StoredNumber, storedNumber } from "../core/stored.ts";
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
  /** Of the events that came back from the dead letters; they belong to no partition. */
  readonly #returned = { newest: -Infinity, arrivedMs: -Infinity };
  /** The first event time that came; Infinity before it. */
  #first = Infinity;
  /** Quiet times are counted from here at the earliest. */
  #startedMs: number;
  /** The monotonic clock when it was last told. */
  #nowMs: number;

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
    this.#nowMs = options.nowMs;
  }

  /** Tells the monotonic clock, so that a partition opened from now on is not idle from the start. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  get partitions(): readonly string[] {
    return [...this.#partitions.keys()];
  }

  /** Makes a partition known, before its first event: from now on the watermark waits for it. */
  open(partition: string): void {
    if (this.#partitions.has(partition)) return;
    this.#partitions.set(partition, { newest: -Infinity, arrivedMs: this.#nowMs, idle: false });
  }

  /** The newest event time of all events, with those that came back; -Infinity when there was none. */
  get newest(): EpochMicros {
    const newest = [...this.#partitions.values()].map((one) => one.newest);
    return epochMicros(Math.max(this.#returned.newest, ...newest));
  }

  /** The newest event time of a partition; -Infinity when it has none. */
  newestOf(partition: string | undefined): EpochMicros {
    return epochMicros(this.#find(partition)?.newest ?? -Infinity);
  }

  /** Whether nobody waits for the partition: its next event may raise the watermark, however old it is. */
  isIdle(partition: string | undefined): boolean {
    return this.#find(partition)?.idle === true;
  }

  #find(partition: string | undefined): Partition | undefined {
    return partition === undefined ? undefined : this.#partitions.get(partition);
  }

  /** What the other partitions (all of them, without one named) allow the watermark to be. */
  othersOf(partition?: string): EpochMicros {
    let lowest = Infinity;
    for (const [name, other] of this.#partitions) {
      if (name === partition || other.idle) continue;
      lowest = Math.min(lowest, other.newest - this.#outOfOrderness);
    }
    return epochMicros(lowest);
  }

  /** Up to where events of a partition may raise the watermark; those that came back: nowhere. */
  boundOf(partition: string | undefined): EpochMicros {
    return partition === undefined ? epochMicros(-Infinity) : this.othersOf(partition);
  }

  /** The newest event time of `partition` from which on the watermark would be at least `target`. */
  neededFor(target: EpochMicros, others: EpochMicros): EpochMicros {
    // While a partition has had no event, nothing that another one brings moves the watermark.
    const isHeld = others === -Infinity || others < target;
    return epochMicros(isHeld ? Infinity : target + this.#outOfOrderness);
  }

  /**
   * Events of a partition were accepted, the newest of them at `newest`, or no newer than others before.
   *
   * @param partition Undefined: they came back from the dead letters. These wake no partition and raise
   *   nothing: where the source stands they do not tell. But when all is quiet, they too, event time goes
   *   on from them as from those of a partition, so that their windows close.
   */
  arrived(partition: string | undefined, newest: EpochMicros, nowMs: number): void {
    this.#nowMs = nowMs;
    if (partition === undefined) {
      this.#returned.newest = Math.max(this.#returned.newest, newest);
      this.#returned.arrivedMs = nowMs;
      return;
    }
    this.open(partition);
    const entry = this.#partitions.get(partition)!;
    entry.arrivedMs = nowMs;
    entry.idle = false;
    if (this.#first === Infinity) this.#first = newest;
    if (newest > entry.newest) entry.newest = newest;
  }

  /**
   * The partitions that are further ahead of the watermark than `skew`; before there is one, ahead of the
   * first event. Never the one that holds the watermark back.
   */
  aheadBy(skew: DurationMicros): string[] {
    const base = this.value === -Infinity ? this.#first : this.value + this.#outOfOrderness;
    return [...this.#partitions].flatMap(([name, { newest }]) =>
      newest > base + skew ? [name] : [],
    );
  }

  /** Raises the watermark to what the partitions allow. */
  advance(): EpochMicros {
    const lowest = this.othersOf();
    // No partition is waited for: the idle rule moves the watermark, not this one.
    if (lowest !== Infinity && lowest > this.value) this.value = lowest;
    return this.value;
  }

  /**
   * The source said that nothing is left to read: partitions that have been quiet for `idleTimeout`
   * are left out. When that is all of them, event time goes on at the pace of the clock.
   *
   * @param limit Where the last window that holds data may be forgotten: no further.
   * @param caughtUp The partitions of which nothing is left to read; absent: all of them. The watermark
   *   waits for any other one, however quiet: it has a backlog.
   */
  idle(nowMs: number, limit: EpochMicros, caughtUp?: readonly string[]): EpochMicros {
    this.#nowMs = nowMs;
    let allIdle = true;
    let furthest = -Infinity;
    for (const [name, entry] of this.#partitions) {
      const quietMs = nowMs - Math.max(entry.arrivedMs, this.#startedMs);
      const isQuiet = quietMs >= this.#idleTimeoutMs;
      entry.idle = isQuiet && (caughtUp === undefined || caughtUp.includes(name));
      if (!entry.idle) allIdle = false;
      furthest = Math.max(furthest, entry.newest + Math.floor(quietMs * 1000));
    }
    const quietMs = nowMs - Math.max(this.#returned.arrivedMs, this.#startedMs);
    // More may come back, in any order: what goes by the clock alone must not make it late.
    if (!allIdle || quietMs < this.#idleTimeoutMs) return this.advance();
    furthest = Math.max(furthest, this.#returned.newest + Math.floor(quietMs * 1000));
    const paced = Math.min(furthest - this.#outOfOrderness, limit);
    if (paced > this.value) this.value = epochMicros(paced);
    return this.value;
  }

  /**
   * The source was away: what was quiet meanwhile was not idle, and what was idle before may have a
   * backlog now. Counts anew from here, and waits for every partition again.
   */
  restartIdle(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#startedMs = nowMs;
    for (const entry of this.#partitions.values()) entry.idle = false;
  }

  /** These have a backlog: however quiet they were, the watermark waits for them. */
  wake(partitions: readonly string[]): void {
    for (const partition of partitions) {
      const entry = this.#partitions.get(partition);
      if (entry !== undefined) entry.idle = false;
    }
  }

  /** No event will come any more. */
  finish(): EpochMicros {
    this.value = epochMicros(Infinity);
    return this.value;
  }

  /** What there is to store. When events came is not: quiet time counts from the start of the process. */
  stored(): StoredWatermark {
    const partitions = [...this.#partitions].map(([name, { newest }]) => {
      return { name, newest: storedNumber(newest) };
    });
    const returned = storedNumber(this.#returned.newest);
    return { value: storedNumber(this.value), partitions, returned };
  }

  /** Takes over what `stored` gave. Called once, before any event. */
  restore({ value, partitions, returned }: StoredWatermark): void {
    this.value = epochMicros(Number(value));
    this.#returned.newest = Number(returned ?? -Infinity);
    for (const { name, newest } of partitions) {
      // What was idle when the process ended may have a backlog now.
      const entry = { newest: Number(newest), arrivedMs: this.#startedMs, idle: false };
      this.#partitions.set(name, entry);
    }
  }
}

/** A watermark as it is stored. */
export interface StoredWatermark {
  readonly value: StoredNumber;
  readonly partitions: readonly {
    readonly name: string;
    readonly newest: StoredNumber;
  }[];
  /** The newest event that came back; a state from before there were such has none. */
  readonly returned?: StoredNumber;
}
