/** Moments that are remembered: beyond it two that are next to each other become the earlier one. */
const MOMENTS_MAX = 256;

interface Moment {
  /** Sequence of the last row that was stored then. */
  through: number;
  readonly atMs: number;
}

/** How long rows wait in the outbox of one sink: when they were stored, told by the last of each moment. */
export class OutboxAge {
  /** Oldest first. */
  #moments: Moment[] = [];
  #stored = 0;

  /** Rows up to `through` are in the outbox by now. */
  stored(through: number, nowMs: number): void {
    if (through <= this.#stored) return;
    this.#stored = through;
    this.#moments.push({ through, atMs: nowMs });
    if (this.#moments.length <= MOMENTS_MAX) return;
    // Every other one: what waits looks older than it is, never younger.
    this.#moments = this.#moments.flatMap((moment, i, all) => {
      if (i % 2 === 1) return [];
      return [{ atMs: moment.atMs, through: (all[i + 1] ?? moment).through }];
    });
  }

  /** The sink has all rows up to `through`. */
  confirmed(through: number): void {
    const waits = this.#moments.findIndex((moment) => moment.through > through);
    if (waits !== 0) this.#moments = waits === -1 ? [] : this.#moments.slice(waits);
  }

  /** How long the oldest row has waited; 0: none waits. */
  ageMs(nowMs: number): number {
    const [oldest] = this.#moments;
    return oldest === undefined ? 0 : nowMs - oldest.atMs;
  }
}
