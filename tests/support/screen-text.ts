/** One order to the screen, or one character. */
const PART = new RegExp(
  String.raw`\u001b\[([?>=]?)([\d;]*)([@-~])|\u001b\][^\u0007]*\u0007|\u001b[()][0-9A-B]|\u001b.|[^]`,
  "gu",
);

const UNFINISHED = new RegExp(String.raw`\u001b(?:\[[?>=]?[\d;]*|\][^\u0007]*|[()])?$`, "u");

/**
 * What a terminal shows after what was written to it: as much of one as our own output needs, so that a test
 * sees what a person does. An order that it does not know is remembered.
 */
export class ScreenText {
  isAlternate = false;
  hasCursor = true;
  wraps = true;
  /** Orders that no program of ours should give. */
  readonly unknown: string[] = [];
  #columns: number;
  #rows: number;
  #lines: string[][] = [[]];
  #saved: string[][] = [[]];
  #unfinished = "";
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
  }

  /** The lines without what is blank at their ends. */
  get lines(): readonly string[] {
    return this.#lines.map((line) =>
      Array.from(line, (cell) => cell ?? " ")
        .join("")
        .trimEnd(),
    );
  }

  get text(): string {
    return this.lines.join("\n").trimEnd();
  }

  resize(columns: number, rows: number): void {
    this.#columns = columns;
    this.#rows = rows;
    this.#lines = this.#lines.slice(0, rows).map((line) => line.slice(0, columns));
  }

  write(written: string): void {
    const all = this.#unfinished + written;
    // An order may come in two pieces.
    this.#unfinished = UNFINISHED.exec(all)?.[0] ?? "";
    const text = all.slice(0, all.length - this.#unfinished.length);
    for (const [part, kind, numbers, order] of text.matchAll(PART)) {
      if (order !== undefined) this.#obey(kind!, numbers!, order);
      else if (part === "\r") this.#column = 0;
      else if (part === "\n") this.#feed();
      else if (part < " ") this.unknown.push(part);
      else this.#put(part);
    }
  }

  #put(character: string): void {
    if (this.#column >= this.#columns) {
      if (!this.wraps) return;
      this.#column = 0;
      this.#feed();
    }
    const line = this.#lines[this.#row]!;
    line[this.#column++] = character;
  }

  #feed(): void {
    this.#row++;
    if (this.isAlternate && this.#row >= this.#rows) {
      this.#lines.shift();
      this.#row--;
    }
    this.#lines[this.#row] ??= [];
  }

  #obey(kind: string, numbers: string, order: string): void {
    if (order === "m") return;
    if (kind === "?" && (order === "h" || order === "l")) {
      this.#mode(numbers, order === "h");
    } else if (order === "H" && numbers === "") {
      this.#row = 0;
      this.#column = 0;
    } else if (order === "K" && numbers === "") {
      this.#lines[this.#row]!.length = Math.min(this.#lines[this.#row]!.length, this.#column);
    } else if (order === "J" && numbers === "") {
      this.#lines[this.#row]!.length = Math.min(this.#lines[this.#row]!.length, this.#column);
      this.#lines.length = this.#row + 1;
    } else {
      this.unknown.push(`${kind}${numbers}${order}`);
    }
  }

  #mode(number: string, on: boolean): void {
    if (number === "25") this.hasCursor = on;
    else if (number === "7") this.wraps = on;
    else if (number === "1049") {
      if (on === this.isAlternate) return;
      this.isAlternate = on;
      if (on) {
        this.#saved = this.#lines;
        this.#lines = [[]];
      } else {
        this.#lines = this.#saved;
      }
      this.#row = this.#lines.length - 1;
      this.#column = this.#lines[this.#row]!.length;
    } else if (number !== "2026") {
      this.unknown.push(`?${number}`);
    }
  }
}
