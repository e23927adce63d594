import process from "node:process";
import * as v from "valibot";
import { FatalError, messageOf, TransientError } from "../core/errors.ts";
import { rowToJson } from "../core/result-json.ts";
import { shownLine } from "../core/shown-text.ts";
import { defineSink, type RowBatch, type SinkWriter, type WriteOutcome } from "../core/sink.ts";

/** What stands in a pipe. */
export const stdout = defineSink({
  name: "stdout",
  summary: "Writes window results as NDJSON to standard output.",
  delivery: "at-least-once",
  options: v.strictObject({}),
  example: {},
  describe: () => "standard output",
  // A reader that pauses is no failure, and a second try would say everything twice.
  callMsMax: () => Infinity,
  open: async () => new StdoutWriter(),
});

class StdoutWriter implements SinkWriter {
  #closed = false;
  // What a write could not do comes to its callback; without a listener it would end the process too.
  readonly #ignore = (): void => {};

  constructor() {
    process.stdout.on("error", this.#ignore);
  }

  async write(batch: RowBatch, signal: AbortSignal): Promise<WriteOutcome> {
    // A name may hold what a terminal takes for an order; as JSON it means the same afterwards.
    const shown = process.stdout.isTTY ? shownLine : (line: string) => line;
    const text = batch.rows.map((row) => `${shown(rowToJson(row))}\n`).join("");
    await new Promise<void>((resolve, reject) => {
      // A reader that does not read holds us up for as long as it likes.
      const stop = (): void =>
        reject(new TransientError("Cannot write to standard output: stopped while it was full"));
      if (signal.aborted) return stop();
      signal.addEventListener("abort", stop, { once: true });
      process.stdout.write(text, (thrown) => {
        signal.removeEventListener("abort", stop);
        if (thrown) reject(failure(thrown));
        else resolve();
      });
    });
    return { refused: [] };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    process.stdout.off("error", this.#ignore);
  }
}

/** Standard output cannot be opened again: whatever ends it, ends the service. */
function failure(thrown: Error): FatalError {
  const gone = "code" in thrown && (thrown.code === "EPIPE" || thrown.code === "EOF");
  const text = gone ? "its reader has gone" : messageOf(thrown);
  return new FatalError(`Cannot write to standard output: ${text}`);
}
