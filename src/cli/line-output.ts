import { closeSync, openSync, writeSync } from "node:fs";
import type { Writable } from "node:stream";
import { FatalError, messageOf } from "../core/errors.ts";
import { shownLine } from "../core/shown-text.ts";

/** Gathered before one write: a system call a line would cost more than making the line. */
const GATHER_CHARS = 64 * 1024;

/** Whoever read our output has enough of it, as in `aggregator replay … | head -1`. */
export class ReaderGoneError extends Error {
  override readonly name = "ReaderGoneError";
}

/** Lines of text to a file or a stream, with back pressure. */
export class LineOutput {
  readonly #write: (text: string) => Promise<void>;
  readonly #end: () => void;
  readonly #shown: (line: string) => string;
  #gathered = "";
  #closed = false;

  private constructor(
    write: (text: string) => Promise<void>,
    end: () => void,
    shown: (line: string) => string = (line) => line,
  ) {
    this.#write = write;
    this.#end = end;
    this.#shown = shown;
  }

  /** @throws {FatalError} The file cannot be made. */
  static toFile(path: string): LineOutput {
    const orSay = <Result>(act: () => Result): Result => {
      try {
        return act();
      } catch (thrown) {
        throw new FatalError(`Cannot write "${path}": ${messageOf(thrown)}`, { cause: thrown });
      }
    };
    const fd = orSay(() => openSync(path, "w"));
    return new LineOutput(
      async (text) => {
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; ) at += orSay(() => writeSync(fd, bytes, at));
      },
      () => orSay(() => closeSync(fd)),
    );
  }

  /**
   * On a screen lines give it no orders, whatever they hold; anywhere else they are written as they are.
   *
   * @param name What it is, for messages: `standard output`.
   */
  static toStream(stream: Writable & { readonly isTTY?: boolean }, name: string): LineOutput {
    return new LineOutput(
      (text) =>
        new Promise((resolve, reject) => {
          stream.write(text, (thrown) => (thrown ? reject(failureOf(thrown, name)) : resolve()));
        }),
      () => {},
      stream.isTTY === true ? shownLine : undefined,
    );
  }

  /** Adds a line; it may stay in memory until `flush`. */
  add(line: string): void {
    this.#gathered += this.#shown(line);
    this.#gathered += "\n";
  }

  /**
   * Writes when enough is gathered, or all that there is when `all` is set.
   *
   * @throws {FatalError} It cannot be written. @throws {ReaderGoneError} Nobody reads the stream any more.
   */
  async flush(how: "enough" | "all" = "enough"): Promise<void> {
    if (this.#gathered.length < (how === "enough" ? GATHER_CHARS : 1)) return;
    const text = this.#gathered;
    this.#gathered = "";
    await this.#write(text);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.flush("all");
    this.#end();
  }
}

function failureOf(thrown: Error, name: string): Error {
  if ("code" in thrown && (thrown.code === "EPIPE" || thrown.code === "EOF")) {
    return new ReaderGoneError(`The reader of ${name} has gone`, { cause: thrown });
  }
  return new FatalError(`Cannot write to ${name}: ${messageOf(thrown)}`, { cause: thrown });
}
