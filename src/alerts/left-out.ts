/** What there was no room for, when that was so last: not a sum over all looks, in which each would count often. */
export class LeftOut {
  #count = 0;
  #at = -Infinity;

  get count(): number {
    return this.#count;
  }

  /** One more. @param at Of the look; those of one look have the same. */
  add(at: number): void {
    if (at > this.#at) this.#count = 0;
    this.#at = Math.max(this.#at, at);
    this.#count++;
  }
}
