/** What a key means that moves what is seen of a long text. */
type Move = "up" | "down" | "pageUp" | "pageDown" | "start" | "end";

/** As terminals send them, and as `less` and `vi` know them. */
const MOVES: Readonly<Record<string, Move>> = {
  "\u001b[A": "up",
  "\u001bOA": "up",
  k: "up",
  "\u001b[B": "down",
  "\u001bOB": "down",
  j: "down",
  "\u001b[5~": "pageUp",
  b: "pageUp",
  "\u001b[6~": "pageDown",
  " ": "pageDown",
  "\u001b[H": "start",
  "\u001bOH": "start",
  "\u001b[1~": "start",
  g: "start",
  "\u001b[F": "end",
  "\u001bOF": "end",
  "\u001b[4~": "end",
  G: "end",
};

/** What is seen of lines that do not fit. */
export interface Seen {
  readonly lines: readonly string[];
  /** `lines 1–20 of 88`; empty: all of them are seen. */
  readonly place: string;
}

/** Which part of a text is seen on a screen that is too small for it. It stays where it was as the text changes. */
export class Scroll {
  #top = 0;
  #rows = 1;
  #count = 0;

  /** Takes a key. Returns whether it is one that moves. */
  take(key: string): boolean {
    const move = Object.hasOwn(MOVES, key) ? MOVES[key] : undefined;
    if (move === undefined) return false;
    // A line of the last page stays, so that the eye finds its place.
    const page = Math.max(this.#rows - 1, 1);
    const tops = {
      up: this.#top - 1,
      down: this.#top + 1,
      pageUp: this.#top - page,
      pageDown: this.#top + page,
      start: 0,
      end: this.#count,
    };
    this.#top = this.#bounded(tops[move]);
    return true;
  }

  /** The lines that are seen in so many rows, 1 at the least. */
  show(lines: readonly string[], rows: number): Seen {
    this.#rows = Math.max(rows, 1);
    this.#count = lines.length;
    this.#top = this.#bounded(this.#top);
    const seen = lines.slice(this.#top, this.#top + this.#rows);
    const isAll = seen.length === lines.length;
    const last = this.#top + seen.length;
    return { lines: seen, place: isAll ? "" : `lines ${this.#top + 1}–${last} of ${lines.length}` };
  }

  #bounded(top: number): number {
    return Math.max(Math.min(top, this.#count - this.#rows), 0);
  }
}

const ESCAPE = "\u001b";

/** What follows it when it begins the sequence of an arrow or the like. */
const SEQUENCE = /^(?:\[[0-9;]*[A-Za-z~]|O[A-Z])/;

/** The keys in what a terminal sent at once: several when they come fast. */
export function keysIn(text: string): string[] {
  const [before = "", ...parts] = text.split(ESCAPE);
  const keys = parts.map((part) => {
    const rest = SEQUENCE.exec(part)?.[0] ?? "";
    return [ESCAPE + rest, ...part.slice(rest.length).split("")];
  });
  return [...before.split(""), ...keys.flat()];
}
