import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { messageOf } from "../../core/errors.ts";
import { READ_CHUNK_BYTES } from "../../core/limits.ts";

/** What a stream of gzip holds cannot be had: it is damaged, cut short, or cannot be read. */
export class UnpackError extends Error {
  override readonly name = "UnpackError";
}

/** The two bytes that every gzip member begins with; no JSON does. */
const MAGIC = [0x1f, 0x8b] as const;

/**
 * What a stream holds: its chunks as they are, or unpacked when they begin as gzip does. Nothing is read
 * before the first chunk is asked for.
 *
 * @throws {UnpackError} From `next()`. What plain chunks throw, comes as it is.
 */
export async function* unpacked(chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const head: Uint8Array[] = [];
  let begun: "plain" | "gzip" | "open" = "open";
  while (begun === "open") {
    const next = await chunks.next();
    if (next.done === true) break;
    head.push(next.value);
    begun = kindOf(head);
  }
  const all = joined(head, chunks);
  yield* begun === "gzip" ? gunzipped(all) : all;
}

/** "open": another byte is needed to know. */
function kindOf(head: readonly Uint8Array[]): "plain" | "gzip" | "open" {
  const bytes = head.flatMap((chunk) => [...chunk.subarray(0, MAGIC.length)]);
  if (!bytes.slice(0, MAGIC.length).every((byte, at) => byte === MAGIC[at])) return "plain";
  return bytes.length < MAGIC.length ? "open" : "gzip";
}

async function* joined(
  head: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* head;
  for (;;) {
    const next = await rest.next();
    if (next.done === true) return;
    yield next.value;
  }
}

async function* gunzipped(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: READ_CHUNK_BYTES });
  const done = pipeline(Readable.from(packed), gunzip);
  // The reader of what comes out hears of every failure, too.
  done.catch(() => {});
  try {
    // No encoding is set: bytes.
    yield* gunzip as AsyncIterable<Uint8Array>;
  } catch (thrown) {
    throw new UnpackError(messageOf(thrown), { cause: thrown });
  }
}
