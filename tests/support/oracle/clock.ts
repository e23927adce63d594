interface Partition {
  newest: number;
  arrivedMs: number;
  isIdle: boolean;
}

/** The watermark, partition by partition. */
export class OracleClock {
  watermark = -Infinity;
  readonly #partitions = new Map<string, Partition>();
  readonly #outOfOrderness: number;
  readonly #idleTimeoutMs: number;
  #startedMs: number;

  constructor(options: { outOfOrderness: number; idleTimeoutMs: number; nowMs: number }) {
    this.#outOfOrderness = options.outOfOrderness;
    this.#idleTimeoutMs = options.idleTimeoutMs;
    this.#startedMs = options.nowMs;
  }

  open(partition: string, nowMs: number): void {
    if (this.#partitions.has(partition)) return;
    this.#partitions.set(partition, { newest: -Infinity, arrivedMs: nowMs, isIdle: false });
  }

  arrived(partition: string, time: number, nowMs: number): void {
    this.open(partition, nowMs);
    const entry = this.#partitions.get(partition)!;
    entry.newest = Math.max(entry.newest, time);
    entry.arrivedMs = nowMs;
    entry.isIdle = false;
    this.#advance();
  }

  #advance(): void {
    const awaited = [...this.#partitions.values()].filter(({ isIdle }) => !isIdle);
    if (awaited.length === 0) return;
    const oldest = Math.min(...awaited.map(({ newest }) => newest));
    this.watermark = Math.max(this.watermark, oldest - this.#outOfOrderness);
  }

  /** @returns Where the clock would carry the watermark; undefined: a partition is waited for. */
  idle(nowMs: number): number | undefined {
    const all = [...this.#partitions.values()];
    const quietOf = (one: Partition): number => nowMs - Math.max(one.arrivedMs, this.#startedMs);
    for (const one of all) if (quietOf(one) >= this.#idleTimeoutMs) one.isIdle = true;
    this.#advance();
    if (all.length === 0 || all.some(({ isIdle }) => !isIdle)) return undefined;
    const paced = Math.max(...all.map((one) => one.newest + Math.floor(quietOf(one) * 1_000)));
    return paced - this.#outOfOrderness;
  }

  /** The source was away, or the process was. */
  restart(nowMs: number): void {
    this.#startedMs = nowMs;
    for (const one of this.#partitions.values()) one.isIdle = false;
  }
}
