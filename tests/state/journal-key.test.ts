import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FatalError } from "../../src/core/errors.ts";
import type { EventLog } from "../../src/core/event-log.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { openJournal } from "../../src/state/journal.ts";
import { keySeal, plainSeal, type Seal } from "../../src/state/seal.ts";
import { rejectionOf } from "../support/rejection.ts";
import { forever, realClock } from "../support/source-reading.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const sealA = keySeal(new Uint8Array(32).fill(1));
const sealB = keySeal(new Uint8Array(32).fill(2));

let folder: string;
const opened: EventLog[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "journal-key-"));
});

afterEach(async () => {
  for (const log of opened.splice(0)) await log.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(seal: Seal, segmentBytes = 1e6): Promise<EventLog> {
  const log = await openJournal({
    folder,
    clock: realClock,
    logger: silentLogger,
    bytesMax: 1e9,
    retentionMs: 86_400_000,
    reader: "none",
    segmentBytes,
    seal,
  });
  opened.push(log);
  return log;
}

async function append(log: EventLog, ...lines: string[]): Promise<void> {
  await log.append(encoder.encode(lines.map((line) => `${line}\n`).join("")), lines.length);
}

async function readAll(log: EventLog, limit: number): Promise<string[]> {
  const lines: string[] = [];
  let after: string | undefined;
  for (;;) {
    const read = await log.read({ after, limit, waitMs: 0 }, forever);
    if (read.events === 0) return lines;
    lines.push(...decoder.decode(read.bytes.subarray(0, read.length)).trimEnd().split("\n"));
    after = read.cursor;
  }
}

async function filesOf(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith(".journal")).sort();
}

async function textOfFiles(): Promise<string> {
  const files = (await filesOf()).map((name) => readFile(join(folder, name), "latin1"));
  return (await Promise.all(files)).join("");
}

describe("Journal with a key", () => {
  test("gives back what was appended, in slices of any size and after opening again", async () => {
    let log = await open(sealA, 300);
    const lines = Array.from({ length: 40 }, (_, i) => `secret-${i}`);
    for (let i = 0; i < lines.length; i += 5) await append(log, ...lines.slice(i, i + 5));
    for (const limit of [1, 3, 1000]) expect(await readAll(log, limit)).toEqual(lines);
    expect((await filesOf()).length).toBeGreaterThan(2);
    await log.close();
    log = await open(sealA, 300);
    expect(await readAll(log, 7)).toEqual(lines);
    await append(log, "later");
    expect((await readAll(log, 1000)).at(-1)).toBe("later");
  });

  test("leaves nothing of the lines in its files", async () => {
    await append(await open(sealA), "needle");
    expect(await textOfFiles()).not.toContain("needle");
    await rm(folder, { recursive: true });
    // That the search would find it.
    await append(await open(plainSeal), "needle");
    expect(await textOfFiles()).toContain("needle");
  });

  test.each([
    ["another key", sealA, sealB, "is encrypted with another key: name the right one in state.key"],
    ["no key", sealA, plainSeal, "is encrypted, but no key is configured: name it in state.key"],
    ["a key for a plain one", plainSeal, sealA, "is not encrypted, but a key is configured"],
  ])("refuses %s, and changes nothing", async (_, written, wrong, why) => {
    const log = await open(written);
    await append(log, "a");
    await log.close();
    const before = await textOfFiles();
    const failure = await rejectionOf(open(wrong));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toContain(why);
    expect(await textOfFiles()).toBe(before);
    expect(await readAll(await open(written), 10)).toEqual(["a"]);
  });

  test("refuses a journal in which one file is sealed otherwise", async () => {
    const log = await open(sealA);
    await append(log, "a");
    await log.close();
    const [name = ""] = await filesOf();
    const first = await readFile(join(folder, name));
    await rm(folder, { recursive: true });
    const other = await open(sealB);
    await append(other, "a");
    await append(other, "b");
    await other.close();
    const second = await readFile(join(folder, name));
    await writeFile(join(folder, name), Buffer.concat([first, second.subarray(first.length)]));
    expect((await rejectionOf(open(sealA))).message).toContain("with another key");
    expect((await rejectionOf(open(sealB))).message).toContain("with another key");
  });
});
