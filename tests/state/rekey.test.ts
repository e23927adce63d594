import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { FatalError } from "../../src/core/errors.ts";
import type { EventLog } from "../../src/core/event-log.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { openJournal } from "../../src/state/journal.ts";
import { rekey } from "../../src/state/rekey.ts";
import { keySeal, plainSeal, type Seal } from "../../src/state/seal.ts";
import { contentOf, fillState, openKept } from "../support/kept-state.ts";
import { rejectionOf } from "../support/rejection.ts";
import { forever, realClock } from "../support/source-reading.ts";

const sealA = keySeal(new Uint8Array(32).fill(1));
const sealB = keySeal(new Uint8Array(32).fill(2));
const JOURNALS = ["bus/events", "bus/metrics", "journal"];

let base: string;
let dir: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "rekey-"));
  dir = join(base, "state");
});

afterEach(() => rm(base, { recursive: true, force: true }));

function openLog(below: string, seal: Seal, at = dir): Promise<EventLog> {
  return openJournal({
    folder: join(at, below),
    clock: realClock,
    logger: silentLogger,
    bytesMax: 1e6,
    retentionMs: 1e9,
    reader: "none",
    segmentBytes: 500,
    seal,
  });
}

async function make(seal: Seal) {
  const state = openKept(dir, seal);
  fillState(state);
  state.close();
  for (const below of JOURNALS) {
    const log = await openLog(below, seal);
    for (let i = 0; i < 20; i++) {
      await log.append(new TextEncoder().encode(`needle ${below} ${i}\n`.repeat(3)), 3);
    }
    await log.close();
  }
  return await look(seal);
}

/** Everything that is kept, read with a key. */
async function look(seal: Seal, at = dir) {
  const state = openKept(at, seal);
  const content = contentOf(state);
  state.close();
  const journals: string[] = [];
  for (const below of JOURNALS) {
    const log = await openLog(below, seal, at);
    const read = await log.read({ after: undefined, limit: 1000, waitMs: 0 }, forever);
    journals.push(new TextDecoder().decode(read.bytes.subarray(0, read.length)));
    await log.close();
  }
  return { content, journals };
}

function change(from: Seal, to: Seal, at = dir) {
  const parts: string[] = [];
  return rekey({ dir: at, from, to, onPart: (part) => parts.push(part) });
}

async function filesBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  const isFile = await Promise.all(
    names.map(async (one) => (await stat(join(folder, one))).isFile()),
  );
  return names.filter((_, i) => isFile[i]).sort();
}

async function holdsNeedle(): Promise<boolean> {
  const files = await filesBelow(dir);
  const texts = await Promise.all(files.map((file) => readFile(join(dir, file), "latin1")));
  return texts.some((text) => text.includes("needle"));
}

describe("rekey()", () => {
  test("goes from none to a key, to another one, and back", async () => {
    const before = await make(plainSeal);
    expect(await holdsNeedle()).toBe(true);
    expect(await change(plainSeal, sealA)).toBe("done");
    expect(await look(sealA)).toEqual(before);
    expect(await holdsNeedle()).toBe(false);
    expect(await change(sealA, sealB)).toBe("done");
    expect(await look(sealB)).toEqual(before);
    expect(() => openKept(dir, sealA)).toThrow("is encrypted with another key");
    expect((await rejectionOf(openLog("journal", sealA))).message).toContain("another key");
    expect(await change(sealB, plainSeal)).toBe("done");
    expect(await look(plainSeal)).toEqual(before);
  });

  test("done twice changes nothing", async () => {
    const before = await make(sealA);
    await change(sealA, sealB);
    const files = await filesBelow(dir);
    expect(await change(sealA, sealB)).toBe("nothing");
    expect(await filesBelow(dir)).toEqual(files);
    expect(await look(sealB)).toEqual(before);
  });

  test("that was killed before all was made begins anew", async () => {
    const before = await make(sealA);
    await mkdir(join(dir, "rekeyed.part/bus"), { recursive: true });
    await writeFile(join(dir, "rekeyed.part/state.sqlite"), "half");
    expect((await look(sealA)).journals).toEqual(before.journals);
    expect(await change(sealA, sealB)).toBe("done");
    expect(await look(sealB)).toEqual(before);
    expect(await readdir(dir)).not.toContain("rekeyed.part");
  });

  test("that was killed while files went to their places is finished by the next", async () => {
    const before = await make(sealA);
    await cp(dir, join(base, "old"), { recursive: true });
    await change(sealA, sealB);
    const made = (await filesBelow(dir)).filter((file) => !/(?:lock|owner)$/.test(file));
    expect(made.length).toBeGreaterThan(6);
    for (let moved = 0; moved <= made.length; moved += 3) {
      const at = join(base, `killed-${moved}`);
      await cp(join(base, "old"), at, { recursive: true });
      for (const [i, file] of made.entries()) {
        const to = join(at, "rekeyed", file);
        await mkdir(dirname(to), { recursive: true });
        await cp(join(dir, file), to);
        if (i < moved) await rename(to, join(at, file));
      }
      for (const seal of [sealA, sealB]) {
        expect(() => openKept(at, seal)).toThrow("aggregator rekey was interrupted; run it again");
      }
      expect(await change(sealA, sealB, at)).toBe("finished");
      expect(await look(sealB, at)).toEqual(before);
    }
  });

  test("needs the key that it has, and changes nothing without it", async () => {
    const before = await make(sealA);
    const failure = await rejectionOf(change(plainSeal, sealB));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toContain("is encrypted with another key: name in state.key the key");
    expect(await look(sealA)).toEqual(before);
  });

  test("leaves a state that is in use alone", async () => {
    await make(sealA);
    const state = openKept(dir, sealA);
    expect((await rejectionOf(change(sealA, sealB))).message).toContain("holds it");
    state.close();
    const log = await openLog("bus/events", sealA);
    expect((await rejectionOf(change(sealA, sealB))).message).toContain("holds it");
    await log.close();
    expect((await rejectionOf(change(sealA, sealB, join(base, "no")))).message).toContain(
      "Cannot find a state",
    );
  });
});
