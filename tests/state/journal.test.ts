import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { Clock } from "../../src/core/clock.ts";
import { FatalError } from "../../src/core/errors.ts";
import { CursorGoneError, type EventLog, LogFullError } from "../../src/core/event-log.ts";
import { SCAN_SLACK_BYTES } from "../../src/core/limits.ts";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import { epochMicros } from "../../src/core/time.ts";
import { type JournalOptions, openJournal } from "../../src/state/journal.ts";
import { rejectionOf } from "../support/rejection.ts";
import { forever, realClock } from "../support/source-reading.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const root = join(import.meta.dir, "../..");

let base: string;
let folder: string;
const opened: EventLog[] = [];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "journal-"));
  folder = join(base, "journal");
});

afterEach(async () => {
  for (const log of opened.splice(0)) await log.close();
  await rm(base, { recursive: true, force: true });
});

async function open(options: Partial<JournalOptions> = {}): Promise<EventLog> {
  const log = await openJournal({
    folder,
    clock: realClock,
    logger: silentLogger,
    bytesMax: 1e9,
    retentionMs: 86_400_000,
    reader: "none",
    ...options,
  });
  opened.push(log);
  return log;
}

const append = (log: EventLog, ...lines: string[]): Promise<string> =>
  log.append(encoder.encode(lines.map((line) => `${line}\n`).join("")), lines.length);

async function read(log: EventLog, after?: string, limit = 1_000_000) {
  const result = await log.read({ after, limit, waitMs: 0 }, forever);
  const text = decoder.decode(result.bytes.subarray(0, result.length));
  const lines = text === "" ? [] : text.slice(0, -1).split("\n");
  expect(lines.length).toBe(result.events);
  if (result.events > 0) {
    expect(result.bytes.length).toBeGreaterThanOrEqual(result.length + SCAN_SLACK_BYTES);
  }
  return { lines, cursor: result.cursor, pending: result.pending, first: result.firstSequence };
}

/** All lines, in as many reads as it takes. */
async function readAll(log: EventLog, limit = 1_000_000): Promise<string[]> {
  const lines: string[] = [];
  let after: string | undefined;
  for (;;) {
    const result = await read(log, after, limit);
    if (result.lines.length === 0) return lines;
    lines.push(...result.lines);
    after = result.cursor;
  }
}

const segmentsOf = async (dir: string): Promise<string[]> =>
  (await readdir(dir)).filter((name) => name.endsWith(".journal")).sort();

describe("Journal", () => {
  test("gives back what was appended, from any cursor, with what is pending", async () => {
    const log = await open();
    expect(await append(log, "a", "b")).toBe("2");
    expect(await append(log, "c")).toBe("3");
    expect(await read(log)).toEqual({ lines: ["a", "b", "c"], cursor: "3", pending: 0, first: 0 });
    expect(await read(log, "1")).toEqual({ lines: ["b", "c"], cursor: "3", pending: 0, first: 1 });
    expect(await read(log, "1", 1)).toEqual({ lines: ["b"], cursor: "2", pending: 1, first: 1 });
    expect(await read(log, "3")).toEqual({ lines: [], cursor: "3", pending: 0, first: 3 });
    expect(await read(log, "latest")).toEqual({ lines: [], cursor: "3", pending: 0, first: 3 });
    expect(log.usage().events).toBe(3);
  });

  test("refuses what is no cursor of it", async () => {
    const log = await open();
    await append(log, "a");
    for (const cursor of ["2", "-1", "01", "x", "", "1.0"]) {
      expect(await rejectionOf(read(log, cursor))).toBeInstanceOf(RangeError);
    }
  });

  test("refuses lines that are not whole", async () => {
    const log = await open();
    expect((await rejectionOf(log.append(encoder.encode("a"), 1))).message).toContain("whole");
    expect(await log.append(new Uint8Array(0), 0)).toBe("0");
  });

  test("agrees with a list, for any appends, limits, cursors, reopenings, sizes of files and of memory", async () => {
    const appends = fc.array(
      fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 30 }), {
        maxLength: 5,
      }),
      { maxLength: 12 },
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        appends,
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom(0, 1, 20, 100, 1_000_000),
        async (groups, limit, segmentBytes, recentBytes) => {
          const options = { folder: join(base, `run-${run++}`), segmentBytes, recentBytes };
          const model: string[] = [];
          let log = await open(options);
          for (const [i, group] of groups.entries()) {
            model.push(...group);
            expect(await append(log, ...group)).toBe(String(model.length));
            if (i % 4 !== 3) continue;
            await log.close();
            log = await open(options);
          }
          expect(await readAll(log, limit)).toEqual(model);
          for (let after = 0; after <= model.length; after++) {
            const { lines, pending } = await read(log, String(after), limit);
            expect(lines).toEqual(model.slice(after, after + limit));
            expect(pending).toBe(model.length - after - lines.length);
          }
          await log.close();
        },
      ),
      { numRuns: 40 },
    );
  });

  test("gives at least one event whatever its size, and bounds the bytes of a read", async () => {
    const log = await open();
    const long = "x".repeat(900_000);
    await append(log, long, long, "short");
    expect((await read(log)).lines.map((line) => line.length)).toEqual([900_000]);
    expect((await read(log, "1")).lines.map((line) => line.length)).toEqual([900_000, 5]);
    const huge = "y".repeat(3_000_000);
    await append(log, huge);
    expect((await read(log, "3")).lines.map((line) => line.length)).toEqual([3_000_000]);
  });

  test("a reader that waits is woken by an append", async () => {
    const log = await open();
    const waiting = log.read({ after: undefined, limit: 10, waitMs: 60_000 }, forever);
    await append(log, "a");
    const result = await waiting;
    expect([result.events, result.cursor]).toEqual([1, "1"]);
  });

  test("a wait ends empty after its time, and with an abort or the close of the log", async () => {
    const log = await open();
    const empty = await log.read({ after: "latest", limit: 10, waitMs: 5 }, forever);
    expect([empty.events, empty.cursor]).toEqual([0, "0"]);
    const abort = new AbortController();
    const options = { after: undefined, limit: 10, waitMs: 60_000 };
    const aborted = rejectionOf(log.read(options, abort.signal));
    abort.abort(new Error("enough"));
    expect((await aborted).message).toBe("enough");
    const closed = rejectionOf(log.read(options, forever));
    await log.close();
    expect((await closed).message).toContain("closed");
    expect((await rejectionOf(append(log, "a"))).message).toContain("closed");
  });

  test("appends under way together are one record, written once", async () => {
    const log = await open();
    const cursors = await Promise.all(Array.from({ length: 500 }, (_, i) => append(log, `e${i}`)));
    expect(cursors).toEqual(Array.from({ length: 500 }, (_, i) => String(i + 1)));
    const lines = Array.from({ length: 500 }, (_, i) => `e${i}\n`).join("").length;
    expect(log.usage().bytes).toBe(32 + lines);
    expect(await readAll(log, 7)).toEqual(Array.from({ length: 500 }, (_, i) => `e${i}`));
  });

  test("close() waits for what is under way", async () => {
    const log = await open();
    const appends = Array.from({ length: 20 }, (_, i) => append(log, `e${i}`));
    await log.close();
    await Promise.all(appends);
    expect(await readAll(await open())).toHaveLength(20);
  });
});

describe("Journal, retention", () => {
  const line = "x".repeat(67); // 100 bytes a record

  /** A clock whose wall clock the test sets. */
  const clockAt = (time: { ms: number }): Clock => ({
    ...realClock,
    now: () => epochMicros(time.ms * 1000),
  });

  test("without a reader in process the oldest files go by size, and their cursors are gone", async () => {
    const log = await open({ bytesMax: 800, segmentBytes: 200 });
    for (let i = 0; i < 20; i++) await append(log, line);
    expect(log.usage().bytes).toBeLessThanOrEqual(800);
    const gone = await rejectionOf(read(log, "0"));
    expect(gone).toBeInstanceOf(CursorGoneError);
    const { oldest, lost } = gone as CursorGoneError; // just seen
    expect(Number(oldest)).toBe(lost);
    expect((await read(log)).first).toBe(lost);
    expect((await read(log, oldest)).lines).toHaveLength(20 - lost);
    expect(log.usage().events).toBe(20 - lost);
    await log.close();
    // The sequence goes on where it was.
    expect(await append(await open({ bytesMax: 800, segmentBytes: 200 }), line)).toBe("21");
  });

  test("nothing that the reader in process has not released goes: the log is full instead", async () => {
    const log = await open({ bytesMax: 800, segmentBytes: 200, reader: "in-process" });
    for (let i = 0; i < 8; i++) await append(log, line);
    const full = await rejectionOf(append(log, line));
    expect(full).toBeInstanceOf(LogFullError);
    expect((full as LogFullError).retryAfterMs).toBeGreaterThan(0);
    log.release("0");
    expect(await rejectionOf(append(log, line))).toBeInstanceOf(LogFullError);
    expect(await readAll(log)).toHaveLength(8);
    log.release("3");
    expect(await append(log, line)).toBe("9");
    expect((await read(log)).first).toBeGreaterThan(0);
    expect((await read(log)).first).toBeLessThanOrEqual(3);
  });

  test("a log that was released wholly takes events again, though all lies in one file", async () => {
    const log = await open({ bytesMax: 100, reader: "in-process" });
    await append(log, line);
    expect(await rejectionOf(append(log, line))).toBeInstanceOf(LogFullError);
    log.release("1");
    expect(await append(log, line)).toBe("2");
    expect((await read(log)).first).toBe(1);
  });

  test("an append larger than the whole bound is refused, and nothing is removed for it", async () => {
    const log = await open({ bytesMax: 500 });
    await append(log, line);
    expect(await rejectionOf(append(log, "y".repeat(600)))).toBeInstanceOf(LogFullError);
    expect(await append(log, "z")).toBe("2");
  });

  test("what came and went during a wait is gone for a cursor, and passed over without one", async () => {
    const woken = Promise.withResolvers<void>();
    // The sleeper sleeps on when it was woken, as on a busy machine.
    const clock: Clock = { ...realClock, sleep: () => woken.promise };
    const log = await open({ bytesMax: 800, segmentBytes: 200, clock });
    const limit = { limit: 100, waitMs: 1_000 };
    const byCursor = rejectionOf(log.read({ after: "0", ...limit }, forever));
    const oldest = log.read({ after: undefined, ...limit }, forever);
    for (let i = 0; i < 20; i++) await append(log, line);
    woken.resolve();
    expect(await byCursor).toBeInstanceOf(CursorGoneError);
    const { events, firstSequence } = await oldest;
    expect(firstSequence).toBeGreaterThan(0);
    expect(events).toBe(20 - firstSequence);
  });

  test("files go by age, but not before they are released", async () => {
    const time = { ms: 1_700_000_000_000 };
    const options = { clock: clockAt(time), retentionMs: 1_000, reader: "in-process" } as const;
    const log = await open(options);
    await append(log, "old");
    time.ms += 1_001;
    await append(log, "new");
    expect(await readAll(log)).toEqual(["old", "new"]);
    log.release("1");
    await append(log, "newer");
    expect(await readAll(log)).toEqual(["new", "newer"]);
  });
});

describe("Journal, damage", () => {
  const lines = ["first record", "second", "third record, the tail"];

  /** A journal of three records; where each begins. */
  async function three(): Promise<{ path: string; bytes: Buffer; starts: number[] }> {
    const log = await open();
    const starts: number[] = [];
    for (const text of lines) {
      starts.push(log.usage().bytes);
      await append(log, text);
    }
    await log.close();
    const path = join(folder, (await segmentsOf(folder))[0]!);
    return { path, bytes: await readFile(path), starts };
  }

  test("a tail cut at any byte is cut back to the last whole record, and the log goes on", async () => {
    const { path, bytes, starts } = await three();
    const messages: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (message) => messages.push(message) };
    for (let size = starts[2]!; size < bytes.length; size++) {
      await writeFile(path, bytes.subarray(0, size));
      const log = await open({ logger });
      expect(await readAll(log)).toEqual(lines.slice(0, 2));
      expect((await stat(path)).size).toBe(starts[2]!);
      expect(await append(log, "after")).toBe("3");
      expect(await readAll(log)).toEqual([...lines.slice(0, 2), "after"]);
      await log.close();
    }
    // Cut just between two records nothing is torn.
    expect(messages).toHaveLength(bytes.length - starts[2]! - 1);
  });

  test("a tail with any byte damaged, or of zeros, is cut too", async () => {
    const { path, bytes, starts } = await three();
    for (let at = starts[2]!; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 0x5a;
      await writeFile(path, damaged);
      const log = await open();
      expect(await readAll(log)).toEqual(lines.slice(0, 2));
      await log.close();
    }
    await writeFile(path, Buffer.concat([bytes, Buffer.alloc(5_000)]));
    expect(await readAll(await open())).toEqual(lines);
  });

  test("a byte damaged anywhere before is fatal, and nothing is changed", async () => {
    const { path, bytes, starts } = await three();
    for (let at = 0; at < starts[2]!; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 0x5a;
      await writeFile(path, damaged);
      const error = await rejectionOf(open());
      expect(error).toBeInstanceOf(FatalError);
      expect(error.message).toMatch(/damaged at byte \d+; restore .* from a backup/);
      expect(await readFile(path)).toEqual(damaged);
    }
  });

  test("a record that stands twice, a missing file and a torn file that is not the last are fatal", async () => {
    const { path, bytes, starts } = await three();
    await writeFile(path, Buffer.concat([bytes, bytes.subarray(starts[1], starts[2])]));
    expect(await rejectionOf(open())).toBeInstanceOf(FatalError);
    await writeFile(path, bytes);
    let log = await open({ segmentBytes: 1 });
    await append(log, "d");
    await append(log, "e");
    await log.close();
    const [first, second] = await segmentsOf(folder);
    await copyFile(join(folder, second!), join(base, "kept"));
    await rm(join(folder, second!));
    expect((await rejectionOf(open())).message).toContain("should begin with event 3");
    await copyFile(join(base, "kept"), join(folder, second!));
    await writeFile(join(folder, first!), bytes.subarray(0, bytes.length - 1));
    expect(await rejectionOf(open())).toBeInstanceOf(FatalError);
    await writeFile(join(folder, first!), bytes);
    log = await open();
    expect(await readAll(log)).toEqual([...lines, "d", "e"]);
  });

  test("damage that comes while it is open is found by the reader", async () => {
    const { path, bytes, starts } = await three();
    const log = await open({ recentBytes: 0 });
    // Reading far behind makes it forget what it has in memory.
    await append(log, "x".repeat(300_000));
    await read(log, "3");
    const damaged = await readFile(path);
    expect(damaged.subarray(0, bytes.length).equals(bytes)).toBe(true);
    damaged[starts[1]! + 34]! ^= 1;
    await writeFile(path, damaged);
    expect(await rejectionOf(read(log))).toBeInstanceOf(FatalError);
  });
});

describe("Journal, processes", () => {
  /** A process that opens the journal and runs `body` with it. */
  function start(body: string, shell?: string) {
    const script = `
      const { openJournal } = await import("${root}/src/state/journal.ts");
      const { realClock } = await import("${root}/tests/support/source-reading.ts");
      const { silentLogger } = await import("${root}/src/core/logger.ts");
      // Held to the end: a log that nobody refers to may be collected, and its lock goes with it.
      const log = globalThis.log = await openJournal({ folder: process.argv[1], clock: realClock,
        logger: silentLogger, bytesMax: 1e9, retentionMs: 1e9, reader: "none", segmentBytes: 200_000 });
      const event = (i) => new TextEncoder().encode(i + "\\n");
      ${body}`;
    const command = [process.execPath, "-e", script, folder];
    const all =
      shell === undefined ? command : ["sh", "-c", `${shell}; exec "$@"`, "sh", ...command];
    return Bun.spawn(all, { stdout: "pipe", stderr: "inherit" });
  }

  test("what was acknowledged before a SIGKILL is there, in order, and nothing else", async () => {
    let held = 0;
    for (const enough of [1, 300, 3_000]) {
      const child = start(`
        let next = Number((await log.read({ after: "latest", limit: 1, waitMs: 0 },
          new AbortController().signal)).cursor);
        const writer = async () => { for (;;) { const i = next++; await log.append(event(i), 1);
          process.stdout.write(i + "\\n"); } };
        await Promise.all(Array.from({ length: 16 }, writer));`);
      let text = "";
      for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        if (text.split("\n").length > enough) child.kill("SIGKILL");
      }
      await child.exited;
      const acknowledged = text.slice(0, text.lastIndexOf("\n")).split("\n").map(Number);
      const log = await open();
      const lines = await readAll(log);
      expect(lines).toEqual(lines.map((_, i) => String(i)));
      expect(lines.length).toBeGreaterThan(Math.max(held, ...acknowledged));
      held = lines.length - 1;
      await log.close();
    }
  });

  test("a second process is refused with the number of the first; a dead one holds nothing", async () => {
    const child = start(`process.stdout.write("open\\n"); setInterval(() => {}, 1000);`);
    await child.stdout.getReader().read();
    const refused = await rejectionOf(open());
    expect(refused).toBeInstanceOf(FatalError);
    expect(refused.message).toContain(`process ${child.pid} holds it`);
    child.kill("SIGKILL");
    await child.exited;
    const log = await open();
    // Nor may the same process open it twice.
    expect((await rejectionOf(open())).message).toContain(`process ${process.pid} holds it`);
    await log.close();
    await (await open()).close();
  });

  // The size of a file is bounded by the system, as a full disk bounds it: the write stops half way.
  test("a write that fails half way acknowledges nothing and leaves nothing behind", async () => {
    await mkdir(base, { recursive: true });
    const child = start(
      `const big = new Uint8Array(20_001).fill(97); big[20_000] = 10;
       let taken = 0;
       try { for (;;) { await log.append(big, 1); taken++; } } catch (error) {
         await log.append(event(1), 1);
         const read = await log.read({ after: String(taken), limit: 10, waitMs: 0 },
           new AbortController().signal);
         console.log(JSON.stringify({ taken, error: error.name, events: read.events,
           pending: read.pending, bytes: log.usage().bytes }));
         process.exit(0);
       }`,
      `trap "" XFSZ; ulimit -f 128`, // blocks of 512 bytes
    );
    const told = JSON.parse(await new Response(child.stdout).text()) as Record<string, unknown>;
    expect(told).toMatchObject({ error: "TransientError", events: 1, pending: 0 });
    const log = await open();
    expect(log.usage().bytes).toBe(Number(told["bytes"]));
    expect(log.usage().events).toBe(Number(told["taken"]) + 1);
    expect((await readAll(log)).at(-1)).toBe("1");
  });
});
