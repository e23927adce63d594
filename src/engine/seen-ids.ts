import type { DedupeSettings } from "../core/settings.ts";
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
    for (const [oldest, seen] of this.#times) {
      const expired = seen + this.#settings.for <= watermark;
      if (!expired && this.#times.size <= this.#settings.idsMax) break;
      if (!expired) this.evicted++;
      this.#times.delete(oldest);
    }
  }
}
