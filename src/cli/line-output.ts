import { closeSync, openSync, writeSync } from "node:fs";
import type { Writable } from "node:stream";

/** Gathered before one write: a system call a line would cost more than making the line. */
const GATHER_CHARS = 64 * 1024;

/** Lines of text to a file or a stream, with back pressure. */
export class LineOutput {
  readonly #write: (text: string) => Promise<void>;
  readonly #end: () => void;
  #gathered: string[] = [];
  #chars = 0;
  #closed = false;

  private constructor(write: (text: string) => Promise<void>, end: () => void) {
    this.#write = write;
    this.#end = end;
  }

  /** @throws The file cannot be made. */
  static toFile(path: string): LineOutput {
    const fd = openSync(path, "w");
    return new LineOutput(
      async (text) => {
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      },
      () => closeSync(fd),
    );
  }

  static toStream(stream: Writable): LineOutput {
    return new LineOutput(
      (text) =>
        new Promise((resolve, reject) => {
          stream.write(text, (failure) => (failure ? reject(failure) : resolve()));
        }),
      () => {},
    );
  }

  /** Adds a line; it may stay in memory until `flush`. */
  add(line: string): void {
    this.#gathered.push(line);
    this.#chars += line.length;
  }

  /** Writes when enough is gathered, or all that there is when `all` is set. */
  async flush(how: "enough" | "all" = "enough"): Promise<void> {
    if (this.#gathered.length === 0 || (how === "enough" && this.#chars < GATHER_CHARS)) return;
    const text = `${this.#gathered.join("\n")}\n`;
    this.#gathered = [];
    this.#chars = 0;
    await this.#write(text);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.flush("all");
    this.#end();
  }
}
