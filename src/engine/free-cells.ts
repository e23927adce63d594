import { PAGE_CELLS } from "../core/stored.ts";

/** Cells of a rule that no series has, to be given again. */
export class FreeCells {
  /**
   * Offsets that were given back, by width. They go to series of the same width only: their first cell is
   * clear in every pane, the others are not.
   */
  readonly #given = new Map<number, number[]>();
  /** Stretches that are clear in every pane, by their length: they may be cut. None crosses a page. */
  readonly #clear: number[][] = [];

  /** Gives back the cells of a series. */
  give(width: number, offset: number): void {
    const given = this.#given.get(width);
    if (given === undefined) this.#given.set(width, [offset]);
    else given.push(offset);
  }

  /** Cells for a series; undefined when there are none. */
  take(width: number): number | undefined {
    const given = this.#given.get(width)?.pop();
    if (given !== undefined) return given;
    for (let length = width; length < this.#clear.length; length++) {
      const offset = this.#clear[length]!.pop();
      if (offset === undefined) continue;
      if (length > width) this.#clear[length - width]!.push(offset + width);
      this.#dropEmpty();
      return offset;
    }
    return undefined;
  }

  /** Takes over what is free after a restart, when the panes hold nothing but the series in use. */
  fillFrom(isUsed: Uint8Array): void {
    let from = 0;
    for (let i = 0; i <= isUsed.length; i++) {
      const ends = i === isUsed.length || isUsed[i] === 1;
      if (ends || i % PAGE_CELLS === 0) this.#addClear(from, i - from);
      if (ends) from = i + 1;
      else if (i % PAGE_CELLS === 0) from = i;
    }
    this.#dropEmpty();
  }

  #addClear(offset: number, length: number): void {
    if (length <= 0) return;
    while (this.#clear.length <= length) this.#clear.push([]);
    this.#clear[length]!.push(offset);
  }

  /** Nobody looks for cells among lengths that there are not. */
  #dropEmpty(): void {
    while (this.#clear.at(-1)?.length === 0) this.#clear.pop();
  }
}
