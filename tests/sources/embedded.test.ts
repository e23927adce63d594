import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FatalError } from "../../src/core/errors.ts";
import { type EventLog, LogFullError } from "../../src/core/event-log.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { embedded } from "../../src/sources/embedded.ts";
import { openJournal } from "../../src/state/journal.ts";
import { testSource } from "../contract/sources.ts";
import { rejectionOf } from "../support/rejection.ts";
import { contextOf, forever, realClock, seen } from "../support/source-reading.ts";

const lines = Array.from({ length: 20_000 }, (_, i) => `{"name":"n","value":${i},"timestamp":1}`);

async function journal(folder: string, bytesMax = 1e9): Promise<EventLog> {
  return await openJournal({
    folder,
    clock: realClock,
    logger: silentLogger,
    bytesMax,
    retentionMs: 1e9,
    reader: "in-process",
  });
}

const append = (log: EventLog, all: readonly string[]): Promise<string> =>
  log.append(new TextEncoder().encode(all.map((line) => `${line}\n`).join("")), all.length);

testSource("embedded", {
  atEnd: "empty",
  prepare: async () => {
    const folder = await mkdtemp(join(tmpdir(), "embedded-"));
    const log = await journal(folder);
    await append(log, lines);
    return {
      lines,
      open: (context, signal) => embedded.open({}, { ...context, log }, signal),
      cleanup: async () => {
        await log.close();
        await rm(folder, { recursive: true });
      },
    };
  },
});

describe("embedded", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "embedded-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("names an event by its cursor and says what is pending", async () => {
    const log = await journal(folder);
    await append(log, ["a", "b", "c"]);
    const reader = await embedded.open({}, contextOf({ log, cursor: "1" }), forever);
    const read = await reader.read(forever);
    expect(seen(read)).toMatchObject({ lines: ["b", "c"], places: ["cursor 1", "cursor 2"] });
    expect(read.kind === "batch" && read.batch.pending).toBe(0);
    await log.close();
  });

  test("acknowledging lets the journal forget", async () => {
    const log = await journal(folder, 200);
    const event = "x".repeat(100);
    const reader = await embedded.open({}, contextOf({ log }), forever);
    await append(log, [event]);
    expect(await rejectionOf(append(log, [event]))).toBeInstanceOf(LogFullError);
    const batch = seen(await reader.read(forever));
    await reader.ack(typeof batch === "string" ? batch : batch.cursor, forever);
    expect(await append(log, [event])).toBe("2");
    await log.close();
  });

  test("a reader that begins at a cursor has committed what lies before", async () => {
    const log = await journal(folder, 200);
    await append(log, ["x".repeat(100)]);
    const context = contextOf({ log, cursor: "1", waitMsMax: 1 });
    const reader = await embedded.open({}, context, forever);
    expect(seen(await reader.read(forever))).toBe("empty");
    expect(await append(log, ["x".repeat(100)])).toBe("2");
    await log.close();
  });

  test("goes on from the oldest event, with a gap, when its own is gone", async () => {
    const log = await journal(folder, 200);
    const event = "x".repeat(100);
    await append(log, [event]);
    log.release("1");
    await append(log, [event]);
    const errors: string[] = [];
    const logger = { ...silentLogger, error: (message: string) => errors.push(message) };
    const reader = await embedded.open({}, contextOf({ log, cursor: "0", logger }), forever);
    const read = await reader.read(forever);
    expect(read.kind === "batch" && read.batch.gap?.events).toBe(1);
    expect(seen(read)).toMatchObject({ lines: [event], cursor: "2" });
    expect(errors).toHaveLength(1);
    await log.close();
  });

  test("says once that it begins late, when the first event is no longer kept", async () => {
    const log = await journal(folder, 200);
    const event = "x".repeat(100);
    await append(log, [event]);
    const early = await embedded.open({}, contextOf({ log }), forever);
    const first = await early.read(forever);
    expect(first.kind === "batch" && first.batch.startsLate).toBe(false);
    log.release("1");
    await append(log, [event]);
    const late = await embedded.open({}, contextOf({ log }), forever);
    const read = await late.read(forever);
    expect(read.kind === "batch" && read.batch.startsLate).toBe(true);
    log.release("2");
    await append(log, [event]);
    const next = await late.read(forever);
    expect(next.kind === "batch" && next.batch.startsLate).toBe(false);
    await log.close();
  });

  test("a cursor of another journal, and no journal at all, are fatal", async () => {
    const log = await journal(folder);
    const reader = await embedded.open({}, contextOf({ log, cursor: "7" }), forever);
    const error = await rejectionOf(reader.read(forever));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toContain("do not belong together");
    expect(await rejectionOf(embedded.open({}, contextOf(), forever))).toBeInstanceOf(FatalError);
    await log.close();
  });
});
