import type { Clock } from "../core/clock.ts";

/** The wall clock and the steady one may drift apart by so much before it counts as set. */
const JUMP_MICROS = 2_000_000;

/** Notices when the wall clock is set, or the machine slept: the steady clock goes on as it did. */
export class WallClock {
  readonly #clock: Clock;
  /** The wall clock minus the steady one, in microseconds. */
  #offset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = this.#offsetNow();
  }

  /** By how many microseconds it was set since the last call; 0: it was not. */
  setBy(): number {
    const offset = this.#offsetNow();
    const by = offset - this.#offset;
    // The two drift apart by some microseconds all the time.
    this.#offset = offset;
    return Math.abs(by) > JUMP_MICROS ? Math.round(by) : 0;
  }

  #offsetNow(): number {
    return this.#clock.now() - this.#clock.monotonicMs() * 1000;
  }
}
