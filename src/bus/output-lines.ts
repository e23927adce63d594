const LINE_FEED = 10;
const RETURN = 13;

interface Part {
  readonly bytes: Uint8Array;
  readonly from: number;
  to: number;
}

/**
 * The lines of a publication that are kept. Those that lie behind each other in a body stay where they
 * are: a body of nothing but events is handed on as it came, without a copy.
 */
export class OutputLines {
  readonly #parts: Part[] = [];

  /** Keeps whole lines that lie in [from, to) of `bytes`, without the carriage returns that end them. */
  addLines(bytes: Uint8Array, from: number, to: number): void {
    let start = from;
    for (;;) {
      const at = bytes.indexOf(RETURN, start);
      if (at < 0 || at >= to) break;
      this.#add(bytes, start, at);
      start = at + 1;
    }
    this.#add(bytes, start, to);
  }

  /** Keeps the line in [from, to) of `bytes`, which may or may not be followed by a line feed. */
  addLine(bytes: Uint8Array, from: number, to: number): void {
    if (bytes[to] === LINE_FEED) {
      this.#add(bytes, from, to + 1);
      return;
    }
    this.#add(bytes, from, to);
    this.addLineFeed();
  }

  /** Ends the line that was kept last, where its body does not. */
  addLineFeed(): void {
    this.#add(FEED, 0, 1);
  }

  /** Keeps a line that is written anew. Returns its bytes, or adds nothing when they are more than `max`. */
  addText(line: string, max: number): number {
    const bytes = encoder.encode(`${line}\n`);
    if (bytes.length - 1 <= max) this.#add(bytes, 0, bytes.length);
    return bytes.length - 1;
  }

  /** All lines, one behind the other. */
  join(): Uint8Array {
    const [first] = this.#parts;
    if (first === undefined) return new Uint8Array(0);
    if (this.#parts.length === 1) return first.bytes.subarray(first.from, first.to);
    const joined = new Uint8Array(this.#parts.reduce((sum, { from, to }) => sum + to - from, 0));
    let at = 0;
    for (const { bytes, from, to } of this.#parts) {
      joined.set(bytes.subarray(from, to), at);
      at += to - from;
    }
    return joined;
  }

  #add(bytes: Uint8Array, from: number, to: number): void {
    if (from === to) return;
    const last = this.#parts.at(-1);
    if (last !== undefined && last.bytes === bytes && last.to === from) last.to = to;
    else this.#parts.push({ bytes, from, to });
  }
}

const encoder = new TextEncoder();
const FEED = new Uint8Array([LINE_FEED]);
