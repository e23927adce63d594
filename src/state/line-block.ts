import { READ_CHUNK_BYTES, SCAN_SLACK_BYTES } from "../core/limits.ts";

const LINE_FEED = 10;

/** Lines that one read of the journal gathers: bounded by events and by bytes, but at least one line. */
export class LineBlock {
  bytes: Uint8Array;
  length = 0;
  events = 0;
  readonly #eventsMax: number;
  readonly #bytesMax: number;
  #full = false;

  /** @param options.into Memory that is used when it is enough. */
  constructor(options: { eventsMax: number; bytesMax: number; into?: Uint8Array | undefined }) {
    this.bytes = options.into ?? new Uint8Array(0);
    this.#eventsMax = options.eventsMax;
    this.#bytesMax = options.bytesMax;
  }

  get full(): boolean {
    return this.#full || this.events >= this.#eventsMax;
  }

  /** Adds what fits of the `events` lines that begin at `from`; gives the offset behind the last. */
  add(lines: Uint8Array, part: { readonly events: number; readonly from: number }): number {
    const { events, from } = part;
    const fits =
      events <= this.#eventsMax - this.events &&
      lines.length - from <= this.#bytesMax - this.length;
    if (fits) {
      this.#copy(lines.subarray(from), events);
      return lines.length;
    }
    let to = from;
    let count = 0;
    while (count < Math.min(events, this.#eventsMax - this.events)) {
      const next = behindLines(lines, { from: to, count: 1 });
      // One line is given whatever its size, or a reader could not go on.
      if (this.length + next - from > this.#bytesMax && this.events + count > 0) break;
      to = next;
      count++;
    }
    this.#copy(lines.subarray(from, to), count);
    this.#full = true;
    return to;
  }

  #copy(lines: Uint8Array, events: number): void {
    const needed = this.length + lines.length + SCAN_SLACK_BYTES;
    if (needed > this.bytes.length) {
      const size = Math.max(
        needed,
        // Few steps: each copies all, into memory that has to be cleared first.
        this.bytes.length * 4,
        Math.min(this.#bytesMax, READ_CHUNK_BYTES),
      );
      const larger = new Uint8Array(size);
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(lines, this.length);
    this.length += lines.length;
    this.events += events;
  }
}

/** The offset behind the next `count` lines. */
export function behindLines(
  lines: Uint8Array,
  part: { readonly from: number; readonly count: number },
): number {
  let at = part.from;
  for (let i = 0; i < part.count; i++) at = lines.indexOf(LINE_FEED, at) + 1;
  return at;
}
