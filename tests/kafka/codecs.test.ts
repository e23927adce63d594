import { describe, expect, test } from "bun:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { lz4Compress, snappyCompress } from "@platformatic/wasm-utils/bundled";
import { decompress } from "../../src/kafka/codecs.ts";

const MAX = 10_000_000;

const texts: readonly Buffer[] = [
  Buffer.from("x"),
  Buffer.from("abc".repeat(100_000)),
  Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * i * 31) >>> 5)),
];

/** As Java's producers write it: a header, then chunks with their lengths. */
function xerial(bytes: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from("82534e41505059000000000100000001", "hex")];
  for (let at = 0; at < bytes.length; at += 32_768) {
    const chunk = snappyCompress(bytes.subarray(at, at + 32_768));
    const length = Buffer.alloc(4);
    length.writeInt32BE(chunk.length);
    parts.push(length, chunk);
  }
  return Buffer.concat(parts);
}

function lengthOrError(codec: number, bytes: Buffer): number | "error" {
  try {
    return decompress(codec, bytes, MAX).length;
  } catch {
    return "error";
  }
}

const codecs: readonly (readonly [string, number, (bytes: Buffer) => Buffer])[] = [
  ["gzip", 1, (bytes) => gzipSync(bytes)],
  ["snappy", 2, snappyCompress],
  ["snappy of Java", 2, xerial],
  ["lz4", 3, lz4Compress],
  ["zstd", 4, (bytes) => zstdCompressSync(bytes)],
];

describe.each(codecs)("decompress() %s", (_name, codec, compress) => {
  test("gives what was compressed, again and again", () => {
    for (const text of [...texts, ...texts]) {
      expect(decompress(codec, compress(text), MAX).equals(text)).toBe(true);
    }
  });

  test("refuses what becomes too large", () => {
    const bytes = compress(texts[1]!);
    expect(() => decompress(codec, bytes, 299_999)).toThrow();
    expect(decompress(codec, bytes, 300_000)).toHaveLength(300_000);
  });

  test("makes nothing of what is cut off, and goes on after it", () => {
    const bytes = compress(texts[2]!);
    // What zstd makes of it on some runtimes is nothing: then the records are found to be missing.
    expect(lengthOrError(codec, bytes.subarray(0, bytes.length >> 1))).toBeOneOf([0, "error"]);
    expect(decompress(codec, bytes, MAX).equals(texts[2]!)).toBe(true);
  });
});

test("decompress() leaves what is not compressed, and refuses what it does not know", () => {
  expect(decompress(0, texts[0]!, 0)).toBe(texts[0]!);
  expect(() => decompress(5, texts[0]!, MAX)).toThrow("codec 5 is not known");
});
