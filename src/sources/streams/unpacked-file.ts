import { createReadStream } from "node:fs";
import { FatalError, messageOf } from "../../core/errors.ts";
import { READ_CHUNK_BYTES } from "../../core/limits.ts";
import type { SourceContext, SourceReader } from "../../core/source.ts";
import { offsetOf, StreamReader } from "./stream-reader.ts";
import { UnpackError, unpacked } from "./unpacked.ts";

/** Reads a file that has no random access: a gzip file (the cursor counts unpacked bytes), or a pipe. */
export function unpackedFile(options: {
  readonly path: string;
  readonly follow: boolean;
  readonly kind: "gzip" | "pipe";
  readonly context: SourceContext;
}): SourceReader {
  const { path, follow, kind, context } = options;
  const raw = createReadStream(path, { highWaterMark: READ_CHUNK_BYTES });
  // The reader is told by its own iterator; a stream that nobody reads yet would end the process.
  raw.on("error", () => {});
  return new StreamReader({
    chunks: unpacked(raw[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>), // no encoding: bytes
    // What went through a pipe is gone; its cursor only counts.
    skip: kind === "gzip" ? offsetOf(context.cursor) : 0,
    atEnd: follow ? "empty" : "end",
    context,
    fail(thrown) {
      const action = thrown instanceof UnpackError ? "unpack" : "read";
      return new FatalError(`Cannot ${action} "${path}": ${messageOf(thrown)}`, { cause: thrown });
    },
    release: () => raw.destroy(),
  });
}
