import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { FatalError, messageOf } from "../../core/errors.ts";
import { READ_CHUNK_BYTES } from "../../core/limits.ts";
import type { SourceContext, SourceReader } from "../../core/source.ts";
import { offsetOf, StreamReader } from "./stream-reader.ts";

/** Reads a file that has no random access: a gzip file (the cursor counts unpacked bytes), or a pipe. */
export function unpackedFile(options: {
  readonly path: string;
  readonly follow: boolean;
  readonly gzip: boolean;
  readonly context: SourceContext;
}): SourceReader {
  const { path, follow, gzip, context } = options;
  const raw = createReadStream(path, { highWaterMark: READ_CHUNK_BYTES });
  const stream = gzip
    ? pipeline(raw, createGunzip({ chunkSize: READ_CHUNK_BYTES }), () => {}) // read() hears it too
    : raw;
  return new StreamReader({
    chunks: stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>, // no encoding: bytes
    // What went through a pipe is gone; its cursor only counts.
    skip: gzip ? offsetOf(context.cursor) : 0,
    atEnd: follow ? "empty" : "end",
    context,
    fail: (thrown) =>
      new FatalError(`Cannot ${gzip ? "unpack" : "read"} "${path}": ${messageOf(thrown)}`, {
        cause: thrown,
      }),
    release() {
      stream.destroy();
      raw.destroy();
    },
  });
}
