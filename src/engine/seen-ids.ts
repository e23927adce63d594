import type { DedupeSettings } from "../core/settings.ts";
import type { PageCollector, StoredPages } from "../core/stored.ts";
import type { EpochMicros } from "../core/time.ts";

/**
 * The ids of accepted events, each remembered until the watermark has passed its event by `for`. The
 * oldest go first when there are too many, which is counted: a copy after that counts again.
 */
export class SeenIds {
  readonly #settings: DedupeSettings;
  /** Id to event time, in the order in which they came. */
  readonly #times = new Map<string, number>();
  /** Ids forgotten because there were too many. */
  evicted = 0;
  /** Ids added since they were stored, and how many were stored before them. */
  #unstored: [string, number][] = [];
  #stored = 0;
  /** Newest event time of each stored page, from the oldest page on. */
  readonly #pageTimes: { readonly page: number; readonly newest: number }[] = [];

  constructor(settings: DedupeSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#times.size;
  }

  has(id: string, watermark: EpochMicros): boolean {
    const time = this.#times.get(id);
    return time !== undefined && time + this.#settings.for > watermark;
  }

  add(id: string, time: EpochMicros, watermark: EpochMicros): void {
    this.#times.delete(id); // an expired one comes back at the end of the order
    this.#times.set(id, time);
    this.#unstored.push([id, time]);
    for (const [oldest, seen] of this.#times) {
      const expired = seen + this.#settings.for <= watermark;
      if (!expired && this.#times.size <= this.#settings.idsMax) break;
      if (!expired) this.evicted++;
      this.#times.delete(oldest);
    }
  }

  /**
   * Gathers what changed since the last call: one page with the new ids, and the removal of pages whose
   * ids are all forgotten by age, or by number.
   */
  changes(watermark: EpochMicros, into: PageCollector): void {
    if (this.#unstored.length > 0) {
      const page = this.#stored;
      const newest = this.#unstored.reduce((max, [, time]) => Math.max(max, time), -Infinity);
      into.json(`ids/${page}`, this.#unstored);
      this.#pageTimes.push({ page, newest });
      this.#stored += this.#unstored.length;
      this.#unstored = [];
    }
    for (;;) {
      const [oldest, next] = this.#pageTimes;
      if (oldest === undefined || next === undefined) break;
      const expired = oldest.newest + this.#settings.for <= watermark;
      // An id that came again after its time is stored twice: twice as many are enough for all that count.
      if (!expired && this.#stored - next.page < 2 * this.#settings.idsMax) break;
      into.remove.push(`ids/${oldest.page}`);
      this.#pageTimes.shift();
    }
  }

  /** Takes over what `changes` gave. Called once, before any event. */
  restore(pages: StoredPages): void {
    const stored = pages.numbersBelow("ids");
    for (const page of stored) {
      const ids = pages.json<[string, number][]>(`ids/${page}`) ?? [];
      for (const [id, time] of ids) {
        this.#times.delete(id);
        this.#times.set(id, time);
      }
      const newest = ids.reduce((max, [, time]) => Math.max(max, time), -Infinity);
      this.#pageTimes.push({ page, newest });
      this.#stored = page + ids.length;
    }
    // A page goes when all its ids may: those of them that were forgotten before are counted already.
    for (const oldest of this.#times.keys()) {
      if (this.#times.size <= this.#settings.idsMax) break;
      this.#times.delete(oldest);
    }
  }
}
