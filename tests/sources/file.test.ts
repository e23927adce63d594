import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import { LINE_BYTES_MAX } from "../../src/core/limits.ts";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import type { SourceReader } from "../../src/core/source.ts";
import { file } from "../../src/sources/file.ts";
import { testSource } from "../contract/sources.ts";
import { rejectionOf } from "../support/rejection.ts";
import { contextOf, forever, readLines, realClock, seen } from "../support/source-reading.ts";

let folder: string;
let path: string;
const readers: SourceReader[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "file-source-"));
  path = join(folder, "events.ndjson");
});

afterEach(async () => {
  for (const reader of readers.splice(0)) await reader.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(
  options: { path?: string; follow?: boolean } = {},
  context = contextOf(),
): Promise<SourceReader> {
  const reader = await file.open({ path, follow: false, ...options }, context, forever);
  readers.push(reader);
  return reader;
}

/** About 700 KB: three chunks. */
const manyLines = Array.from(
  { length: 10_000 },
  (_, i) => `{"name":"n${i}","value":${i},"timestamp":1}`,
);
const many = `${manyLines.join("\n")}\n`;

for (const [kind, bytes] of [
  ["plain", many],
  ["gzip", gzipSync(many)],
  ["gzip of two members", Buffer.concat([gzipSync(many.slice(0, 999)), gzipSync(many.slice(999))])],
] as const) {
  testSource(`file (${kind})`, {
    atEnd: "end",
    prepare: async () => {
      const at = join(await mkdtemp(join(tmpdir(), "file-contract-")), "events");
      await writeFile(at, bytes);
      return {
        lines: manyLines,
        open: (context, signal) => file.open({ path: at, follow: false }, context, signal),
        cleanup: () => rm(join(at, ".."), { recursive: true, force: true }),
      };
    },
  });
}

testSource("file (a pipe, kept open)", {
  atEnd: "empty",
  skip: { resume: { reason: "what went through a pipe is gone", tests: "file (plain)" } },
  prepare: async () => {
    const at = join(await mkdtemp(join(tmpdir(), "file-contract-")), "pipe");
    await Bun.$`mkfifo ${at}`.quiet();
    const writer = writeFile(at, many);
    return {
      lines: manyLines,
      open: (context, signal) => file.open({ path: at, follow: true }, context, signal),
      cleanup: async () => {
        await writer.catch(() => {}); // a reader may have left early
        await rm(join(at, ".."), { recursive: true, force: true });
      },
    };
  },
});

testSource("file (kept open)", {
  atEnd: "empty",
  prepare: async () => {
    const at = join(await mkdtemp(join(tmpdir(), "file-contract-")), "events");
    await writeFile(at, many);
    return {
      lines: manyLines,
      open: (context, signal) => file.open({ path: at, follow: true }, context, signal),
      cleanup: () => rm(join(at, ".."), { recursive: true, force: true }),
    };
  },
});

describe("file, read once", () => {
  test("takes BOM, CRLF, blank lines and a last line without line feed; places are lines of the file", async () => {
    await writeFile(path, "\uFEFFa\r\n\r\nb\n   \nc");
    const [batch, ...more] = await readLines(await open());
    const batches = [batch!, ...more];
    expect(batches.flatMap(({ lines }) => lines)).toEqual(["a\r", "b", "c"]);
    expect(batches.flatMap(({ places }) => places)).toEqual(["line 1", "line 3", "line 5"]);
  });

  for (const packed of [false, true]) {
    test(`refuses a line that is too long and goes on after it (${packed ? "gzip" : "plain"})`, async () => {
      // Longer than the buffer can become, so that no way of cutting holds it whole.
      const long = "x".repeat(3 * LINE_BYTES_MAX);
      const text = `a\n\n${long}\nb\n${long}`;
      await writeFile(path, packed ? gzipSync(text) : text);
      const batches = await readLines(await open());
      expect(batches.flatMap(({ lines }) => lines)).toEqual(["a", "b"]);
      expect(batches.flatMap(({ places }) => places)).toEqual(["line 1", "line 4"]);
      const detail = `event has ${3 * LINE_BYTES_MAX} bytes, more than ${LINE_BYTES_MAX}`;
      expect(batches.flatMap(({ refusals }) => refusals)).toEqual([
        { reason: "too_large", at: "line 3", detail },
        { reason: "too_large", at: "line 5", detail },
      ]);
    });
  }

  test("names the right line after going on at a cursor", async () => {
    await writeFile(path, many);
    const [first, second] = await readLines(await open());
    const again = await readLines(await open({}, contextOf({ cursor: first!.cursor })));
    expect(again[0]!.places[0]).toBe(second!.places[0]);
    expect(again[0]!.places[0]).toBe(`line ${first!.lines.length + 1}`);
  });

  test("an empty file ends at once", async () => {
    await writeFile(path, "");
    expect(seen(await (await open()).read(forever))).toBe("end");
  });

  test("a missing file and a folder are fatal, and say which", async () => {
    expect(await rejectionOf(open({ path: join(folder, "none") }))).toBeInstanceOf(FatalError);
    expect((await rejectionOf(open({ path: folder }))).message).toMatch(/folder/);
  });

  test("a file that is shorter than its cursor is fatal", async () => {
    await writeFile(path, "a\n");
    expect((await rejectionOf(open({}, contextOf({ cursor: "100@1" })))).message).toMatch(
      /only 2 bytes/,
    );
    expect((await rejectionOf(open({}, contextOf({ cursor: "rubbish" })))).message).toMatch(
      /no cursor of a file/,
    );
  });

  test("a reader that is closed before its file was opened leaves no error behind", async () => {
    await writeFile(path, gzipSync("{}\n"));
    const failures: unknown[] = [];
    const listen = (failure: unknown): number => failures.push(failure);
    process.on("uncaughtException", listen);
    try {
      const reader = await open();
      rmSync(path);
      await reader.close();
      await realClock.sleep(20);
      expect(failures).toEqual([]);
    } finally {
      process.off("uncaughtException", listen);
    }
  });

  test("a damaged gzip file is fatal after the events before the damage", async () => {
    await writeFile(path, gzipSync(many).subarray(0, 20_000));
    const reader = await open();
    let lines = 0;
    const readAll = async (): Promise<void> => {
      for (;;) {
        const batch = seen(await reader.read(forever));
        if (typeof batch === "string") return;
        lines += batch.lines.length;
      }
    };
    expect((await rejectionOf(readAll())).message).toMatch(/Cannot unpack/);
    expect(lines).toBeGreaterThan(0);
  });
});

describe("file, kept open", () => {
  const recorder = (): { logger: Logger; messages: string[] } => {
    const messages: string[] = [];
    const note = (message: string): void => void messages.push(message);
    return { logger: { ...silentLogger, info: note, warn: note, error: note }, messages };
  };

  /** The next lines: a batch may only move the cursor. */
  async function next(reader: SourceReader) {
    for (;;) {
      const batch = seen(await reader.read(forever));
      if (typeof batch === "string") throw new Error(`unexpected ${batch}`);
      if (batch.lines.length > 0) return batch;
    }
  }

  test("gives what is added, a line when it is whole", async () => {
    await writeFile(path, "a\n{half");
    const reader = await open({ follow: true }, contextOf({ waitMsMax: 5_000 }));
    expect((await next(reader)).lines).toEqual(["a"]);
    const waiting = next(reader);
    await appendFile(path, " done}\n");
    const batch = await waiting;
    expect(batch.lines).toEqual(["{half done}"]);
    expect(batch.places).toEqual(["line 2"]);
  });

  test("goes over to the new file after a rotation, with the last line of the old one", async () => {
    const { logger, messages } = recorder();
    await writeFile(path, "a\n");
    const reader = await open({ follow: true }, contextOf({ waitMsMax: 5_000, logger }));
    expect((await next(reader)).lines).toEqual(["a"]);
    await appendFile(path, "b\nc");
    await rename(path, `${path}.1`);
    await writeFile(path, "d\n");
    expect((await next(reader)).lines).toEqual(["b"]);
    const last = await next(reader);
    expect([last.lines, last.places]).toEqual([["c"], ["line 3"]]);
    const first = await next(reader);
    expect([first.lines, first.places]).toEqual([["d"], ["line 1"]]);
    expect(messages).toEqual(["The file was rotated: reading goes on in the new one."]);
    // The cursor of the last batch of the old file leads into the new one.
    const again = await open({ follow: true }, contextOf({ cursor: last.cursor, logger }));
    const batch = await next(again);
    expect([batch.lines, batch.gap]).toEqual([["d"], undefined]);
  });

  test("begins again at the start of a file that was truncated", async () => {
    const { logger, messages } = recorder();
    await writeFile(path, "a\nbb\n");
    const reader = await open({ follow: true }, contextOf({ waitMsMax: 5_000, logger }));
    expect((await next(reader)).lines).toEqual(["a", "bb"]);
    const waiting = next(reader);
    await truncate(path);
    await appendFile(path, "c\n");
    const batch = await waiting;
    expect([batch.lines, batch.places]).toEqual([["c"], ["line 1"]]);
    expect(messages).toEqual(["The file was truncated: reading begins again at its start."]);
  });

  test("says that events may be lost when the file was replaced while nobody read it", async () => {
    const { logger, messages } = recorder();
    await writeFile(path, "a\nb\n");
    const reader = await open({ follow: true });
    const { cursor } = await next(reader);
    await rename(path, `${path}.1`);
    await writeFile(path, "c\n");
    const again = await open({ follow: true }, contextOf({ cursor, logger }));
    const batch = await next(again);
    expect(batch.lines).toEqual(["c"]);
    expect(batch.gap).toContain("was replaced");
    expect(messages).toHaveLength(1);
  });

  test("a missing file is waited for, a gzip file is refused", async () => {
    expect(await rejectionOf(open({ follow: true }))).toBeInstanceOf(TransientError);
    await writeFile(path, gzipSync("a\n"));
    expect(await rejectionOf(open({ follow: true }))).toBeInstanceOf(FatalError);
  });
});
