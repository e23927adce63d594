import { behindLines, type LineBlock } from "./line-block.ts";

/** Lines that were written together. */
export interface WrittenLines {
  /** Tells them apart from all others: where they stand, or their first sequence. */
  readonly key: number;
  readonly lines: Uint8Array;
  readonly events: number;
}

/** Gives the lines of records to blocks, and remembers where it stopped: who reads in slices goes on there. */
export class RecordLines {
  /** So many lines of the record with that key end at `offset`. */
  #stop = { key: -1, skip: 0, offset: 0 };

  /** Adds lines of a record behind its first `skip` to a block, as many as that has room for. */
  add(block: LineBlock, { key, lines, events }: WrittenLines, skip: number): void {
    const stop = this.#stop;
    const known = stop.key === key && stop.skip <= skip ? stop : { skip: 0, offset: 0 };
    const from = behindLines(lines, { from: known.offset, count: skip - known.skip });
    const before = block.events;
    const offset = block.add(lines, { events: events - skip, from });
    this.#stop = { key, skip: skip + block.events - before, offset };
  }
}
