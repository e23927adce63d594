import { redact } from "../core/redact.ts";
import { shownText } from "../core/shown-text.ts";

/** What the terminal needs of a stream; `process.stdout` and `process.stderr` are such. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

export interface TerminalOptions {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** `never`: the environment asks for none. Absent: on a screen. */
  readonly colours?: "never" | undefined;
}

/**
 * The two outputs of a command: results on stdout, everything said to people on stderr. Nothing that
 * passes here shows a secret that {@link Terminal.hide} was told of, nor gives the screen an order: names
 * and messages come from strangers. The bulk of rows does not pass here: results carry data, which is
 * nobody's to change.
 */
export class Terminal {
  readonly #stdout: TextStream;
  readonly #stderr: TextStream;
  #colours: boolean;
  #secrets: readonly string[] = [];
  /** A line at the bottom that is drawn over and over: a progress bar. Empty: none. */
  #pinned = "";

  constructor({ stdout, stderr, colours }: TerminalOptions) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#colours = colours !== "never";
  }

  /** Whether a person is watching stderr: progress is for them alone. */
  get isInteractive(): boolean {
    return this.#stderr.isTTY === true;
  }

  /** Whether stdout shows on a screen. */
  get isPrintedToScreen(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** Whether what is printed may have colours. */
  get printsColours(): boolean {
    return this.#colours && this.isPrintedToScreen;
  }

  /** Whether what is said may have colours. */
  get saysColours(): boolean {
    return this.#colours && this.isInteractive;
  }

  /** Columns of the screen behind stderr; 80 where it does not say. */
  get columns(): number {
    return this.#stderr.columns ?? 80;
  }

  /** Columns and rows of the screen behind stdout; 80 and 24 where it does not say. */
  get printedSize(): { readonly columns: number; readonly rows: number } {
    // A terminal that was never told its size says 0.
    return { columns: this.#stdout.columns || 80, rows: this.#stdout.rows || 24 };
  }

  /** From now on there are no colours. */
  withoutColours(): void {
    this.#colours = false;
  }

  /** From now on these values are masked in everything that is printed or said. */
  hide(secrets: readonly string[]): void {
    this.#secrets = [...new Set([...this.#secrets, ...secrets])];
  }

  /** The text as it may be shown. */
  redact(text: string): string {
    return redact(text, this.#secrets);
  }

  /** Writes lines to stdout: what a command was asked for. */
  print(text: string): void {
    this.printStyled(shownText(text));
  }

  /** The same for a text with colours of our own: what of it is a stranger's went through `shownLine`. */
  printStyled(text: string): void {
    this.#stdout.write(`${this.redact(text)}\n`);
  }

  /** Writes lines to stderr: what a person should know. */
  say(text: string): void {
    this.sayStyled(shownText(text));
  }

  /** The same for a text with colours of our own: what of it is a stranger's went through `shownLine`. */
  sayStyled(text: string): void {
    const line = `${this.redact(text)}\n`;
    this.#stderr.write(this.#pinned === "" ? line : `\r\u001b[K${line}${this.#pinned}`);
  }

  /** Draws one line over the last pinned one; empty takes it away. Does nothing unless interactive. */
  pin(line: string): void {
    const shown = shownText(line);
    if (!this.isInteractive || shown === this.#pinned) return;
    this.#pinned = this.redact(shown);
    this.#stderr.write(`\r\u001b[K${this.#pinned}`);
  }

  /** Gives the screen behind stdout an order, or draws on it, as it stands. */
  draw(text: string): void {
    this.#stdout.write(this.redact(text));
  }
}
