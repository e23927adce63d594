import type { LineBlock } from "./line-block.ts";
import { RecordLines } from "./record-lines.ts";

/** Pieces kept: a piece of its own for each event that came alone has its price too. */
const PIECES_MAX = 4096;

interface Piece {
  readonly firstSequence: number;
  readonly events: number;
  readonly lines: Uint8Array;
}

/**
 * The lines that were appended last, as they were handed over: who reads right behind the writer gets them
 * from here, and not back from the disk. They are on disk all the same.
 */
export class RecentLines {
  /** Without a gap between them; those before `#head` are gone. */
  #pieces: Piece[] = [];
  #head = 0;
  #bytes = 0;
  readonly #bytesMax: number;
  readonly #reader = new RecordLines();

  /** @param bytesMax Of the lines that are kept. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Adds what comes next. @param piece.lines Nobody else's from now on: they are freed in the end. */
  add(piece: Piece): void {
    const { lines } = piece;
    // A part of something larger would keep the whole of it. (What `slice` of a Buffer gives is no copy.)
    const isPart = lines.buffer.byteLength > 2 * lines.length;
    this.#pieces.push(isPart ? { ...piece, lines: new Uint8Array(lines) } : piece);
    this.#bytes += lines.length;
    while (this.#bytes > this.#bytesMax || this.#pieces.length - this.#head > PIECES_MAX) {
      const { lines: oldest } = this.#pieces[this.#head]!;
      this.#bytes -= oldest.length;
      this.#pieces[this.#head++] = GONE;
      giveBack(oldest);
    }
    if (this.#head < PIECES_MAX) return;
    this.#pieces = this.#pieces.slice(this.#head);
    this.#head = 0;
  }

  /** Whether all from `sequence` on is here. */
  has(sequence: number): boolean {
    const oldest = this.#pieces[this.#head];
    return oldest !== undefined && sequence >= oldest.firstSequence;
  }

  /** Copies lines from `sequence` on into `block`, as many as it has room for. It must `has` them. */
  read(sequence: number, block: LineBlock): void {
    for (let at = this.#pieceOf(sequence); at < this.#pieces.length && !block.full; at++) {
      const { firstSequence: key, events, lines } = this.#pieces[at]!;
      const skip = Math.max(0, sequence - key);
      if (skip >= events) return; // the end
      this.#reader.add(block, { key, lines, events }, skip);
    }
  }

  /** The last piece that begins at `sequence` or before. */
  #pieceOf(sequence: number): number {
    let low = this.#head;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#pieces[middle]!.firstSequence <= sequence) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

const GONE: Piece = { firstSequence: -1, events: 0, lines: new Uint8Array(0) };

/**
 * Frees memory that is the log's alone. The collector would come to it much later: until then every body
 * takes new memory, which the system has to clear first, and that costs more than to check the events.
 */
function giveBack(lines: Uint8Array): void {
  const { buffer } = lines;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === lines.length) buffer.transfer(0);
}
