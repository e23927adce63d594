import { redact } from "../core/redact.ts";

/** What the terminal needs of a stream; `process.stdout` and `process.stderr` are such. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/**
 * The two outputs of a command: results on stdout, everything said to people on stderr. Nothing that
 * passes here shows a secret that {@link Terminal.hide} was told of. The bulk of rows does not pass
 * here: results carry data, which is nobody's to change.
 */
export class Terminal {
  readonly #stdout: TextStream;
  readonly #stderr: TextStream;
  #secrets: readonly string[] = [];
  /** A line at the bottom that is drawn over and over: a progress bar. Empty: none. */
  #pinned = "";

  constructor(streams: { readonly stdout: TextStream; readonly stderr: TextStream }) {
    this.#stdout = streams.stdout;
    this.#stderr = streams.stderr;
  }

  /** Whether a person is watching stderr: colours and progress are for them alone. */
  get isInteractive(): boolean {
    return this.#stderr.isTTY === true;
  }

  /** Whether stdout shows on a screen. */
  get isPrintedToScreen(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** Columns of the screen behind stderr; 80 where it does not say. */
  get columns(): number {
    return this.#stderr.columns ?? 80;
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
    this.#stdout.write(`${this.redact(text)}\n`);
  }

  /** Writes lines to stderr: what a person should know. */
  say(text: string): void {
    const line = `${this.redact(text)}\n`;
    this.#stderr.write(this.#pinned === "" ? line : `\r\u001b[K${line}${this.#pinned}`);
  }

  /** Draws one line over the last pinned one; empty takes it away. Does nothing unless interactive. */
  pin(line: string): void {
    if (!this.isInteractive || line === this.#pinned) return;
    this.#pinned = this.redact(line);
    this.#stderr.write(`\r\u001b[K${this.#pinned}`);
  }
}
