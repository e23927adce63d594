import type { Accumulators, FunctionSet } from "./function-set.ts";
import { ObjectSlots } from "./object-slots.ts";

/** The accumulators of sessions: a growing array of cells, whose places are given again. */
export class SessionStore implements Accumulators {
  cells: Float64Array = new Float64Array(1024);
  readonly objects = new ObjectSlots();
  #used = 0;
  /** Places that were given back, by width. */
  readonly #free = new Map<number, number[]>();

  /** Makes the accumulators of no events. */
  add(set: FunctionSet): number {
    const at = this.#free.get(set.width)?.pop() ?? this.#append(set.width);
    this.cells[at] = 0;
    set.init(this, at);
    return at;
  }

  /** Gives a place without making anything of its cells: for what is restored. */
  reserve(set: FunctionSet): number {
    return this.#append(set.width);
  }

  remove(set: FunctionSet, at: number): void {
    set.release(this, at);
    const free = this.#free.get(set.width);
    if (free === undefined) this.#free.set(set.width, [at]);
    else free.push(at);
  }

  #append(width: number): number {
    const at = this.#used;
    this.#used += width;
    if (this.#used > this.cells.length) {
      const cells = new Float64Array(Math.max(this.#used, this.cells.length * 2));
      cells.set(this.cells);
      this.cells = cells;
    }
    return at;
  }
}
