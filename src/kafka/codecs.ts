import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { lz4Decompress, snappyDecompress } from "@platformatic/wasm-utils/bundled";

/** What Java's producers put before their snappy: chunks follow, each with its length. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);

/** The magic, then two versions. */
const XERIAL_HEADER_BYTES = 16;

const CODECS: Readonly<Record<number, (bytes: Buffer, bytesMax: number) => Buffer>> = {
  1: (bytes, bytesMax) => gunzipSync(bytes, { maxOutputLength: bytesMax }),
  2: unsnappy,
  3: (bytes) => lz4Decompress(bytes),
  4: (bytes, bytesMax) => zstdDecompressSync(bytes, { maxOutputLength: bytesMax }),
};

/**
 * Decompresses the records of a batch; without any add-on, so that the executable stays one file.
 *
 * @param codec As the protocol numbers them: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
 * @param bytesMax What the result may have at most: a few bytes may claim to be gigabytes.
 * @throws If the bytes are damaged or too many.
 */
export function decompress(codec: number, bytes: Buffer, bytesMax: number): Buffer {
  if (codec === 0) return bytes;
  const decode = CODECS[codec];
  if (decode === undefined) throw new Error(`codec ${codec} is not known`);
  const result = decode(bytes, bytesMax);
  if (result.length > bytesMax) throw tooMany(bytesMax);
  return result;
}

function unsnappy(bytes: Buffer, bytesMax: number): Buffer {
  if (!bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) {
    return unsnappyBlock(bytes, bytesMax);
  }
  const chunks: Buffer[] = [];
  let left = bytesMax;
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
    const length = bytes.readInt32BE(at);
    if (length <= 0 || at + 4 + length > bytes.length) throw new Error("snappy chunk is cut off");
    const chunk = unsnappyBlock(bytes.subarray(at + 4, at + 4 + length), left);
    left -= chunk.length;
    chunks.push(chunk);
    at += 4 + length;
  }
  return Buffer.concat(chunks);
}

/** The length of what comes out stands before it, seven bits a byte. */
function unsnappyBlock(bytes: Buffer, bytesMax: number): Buffer {
  let length = 0;
  let scale = 1;
  for (const byte of bytes.subarray(0, 5)) {
    length += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) break;
  }
  if (length > bytesMax) throw tooMany(bytesMax);
  return length === 0 ? Buffer.alloc(0) : snappyDecompress(bytes);
}

function tooMany(bytesMax: number): Error {
  return new Error(`records have more than ${bytesMax} bytes when decompressed`);
}
