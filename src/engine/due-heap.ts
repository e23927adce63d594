/** Items by the time at which something is due: a binary heap. An item may be in it more than once. */
export class DueHeap<Item> {
  readonly #dues: number[] = [];
  readonly #items: Item[] = [];

  get size(): number {
    return this.#dues.length;
  }

  /** When the first is due; Infinity when there is none. */
  get next(): number {
    return this.#dues[0] ?? Infinity;
  }

  push(due: number, item: Item): void {
    let at = this.#dues.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#dues[parent]! <= due) break;
      this.#dues[at] = this.#dues[parent]!;
      this.#items[at] = this.#items[parent]!;
      at = parent;
    }
    this.#dues[at] = due;
    this.#items[at] = item;
  }

  /** Takes the first out; there has to be one. */
  pop(): Item {
    const first = this.#items[0]!;
    const due = this.#dues.pop()!;
    const item = this.#items.pop()!;
    const { length } = this.#dues;
    if (length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && this.#dues[child + 1]! < this.#dues[child]!) child++;
      if (this.#dues[child]! >= due) break;
      this.#dues[at] = this.#dues[child]!;
      this.#items[at] = this.#items[child]!;
      at = child;
    }
    this.#dues[at] = due;
    this.#items[at] = item;
    return first;
  }
}
