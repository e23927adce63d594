import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { FatalError } from "../../../src/core/errors.ts";
import type { EventLog } from "../../../src/core/event-log.ts";
import { silentLogger } from "../../../src/core/logger.ts";
import { FolderTarget } from "../../../src/state/backup/folder-target.ts";
import { HeldJournal } from "../../../src/state/backup/journal-copy.ts";
import { locateBackup } from "../../../src/state/backup/locate.ts";
import { MANIFEST_FILE, type Manifest } from "../../../src/state/backup/manifest.ts";
import { restoreBackup } from "../../../src/state/backup/restore.ts";
import { takeBackup } from "../../../src/state/backup/take.ts";
import { verifyBackup } from "../../../src/state/backup/verify.ts";
import { openJournal } from "../../../src/state/journal.ts";
import { keySeal, plainSeal, type Seal } from "../../../src/state/seal.ts";
import type { State } from "../../../src/state/state.ts";
import { contentOf, fillState, openKept, stateFileOf } from "../../support/kept-state.ts";
import { rejectionOf } from "../../support/rejection.ts";
import { forever, realClock } from "../../support/source-reading.ts";

setDefaultTimeout(60_000);

const KEY = keySeal(new Uint8Array(32).fill(7));

let base: string;
let dir: string;
let target: FolderTarget;
const opened: { close(): unknown }[] = [];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "backup-"));
  dir = join(base, "state");
  target = new FolderTarget(join(base, "backups"));
});

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  await rm(base, { recursive: true, force: true });
});

function open(at = dir, seal: Seal = plainSeal): State {
  const state = openKept(at, seal);
  opened.push(state);
  return state;
}

async function openEvents(at = dir, seal: Seal = plainSeal, bytesMax = 1e8): Promise<EventLog> {
  const log = await openJournal({
    folder: join(at, "bus/events"),
    clock: realClock,
    logger: silentLogger,
    bytesMax,
    retentionMs: 1,
    reader: "in-process",
    seal,
  });
  opened.push(log);
  return log;
}

async function append(log: EventLog, count: number): Promise<string> {
  const line = '{"name":"needle","value":1,"timestamp":0}\n';
  return await log.append(new TextEncoder().encode(line.repeat(count)), count);
}

/** A running service: 400 events, all of them in the state. */
async function serve(seal: Seal = plainSeal): Promise<{ state: State; log: EventLog }> {
  const log = await openEvents(dir, seal);
  for (let i = 0; i < 4; i++) await append(log, 120);
  await writeFile(join(dir, "bus/pop-cursor"), "17\n");
  const state = open(dir, seal);
  fillState(state);
  return { state, log };
}

function take(now = new Date(), seal: Seal = plainSeal) {
  return takeBackup({ dir, target, now, seal, journal: "bus/events" });
}

async function verify(seal: Seal = plainSeal, at: FolderTarget = target) {
  return await verifyBackup(at, { backup: await locateBackup(at, "plant-7"), seal });
}

async function restore(to: string, more: { force?: boolean; seal?: Seal; now?: Date } = {}) {
  const { force = false, seal = plainSeal, now = new Date() } = more;
  const backup = await locateBackup(target, "plant-7");
  return await restoreBackup({ target, backup, dir: to, force, now, seal });
}

/** Changes the manifest of a backup. */
async function edit(name: string, change: Partial<Manifest>): Promise<void> {
  const path = join(target.place, name, MANIFEST_FILE);
  const manifest = JSON.parse(await readFile(path, "utf8")) as Manifest; // just written
  await writeFile(path, JSON.stringify({ ...manifest, ...change }));
}

describe("takeBackup()", () => {
  test("copies a state that is in use, with its journal, and changes nothing of it", async () => {
    const { state, log } = await serve();
    const before = contentOf(state);
    const { name, manifest } = await take(new Date("2026-01-31T23:59:59.123Z"));
    expect(name).toBe("plant-7-20260131T235959.123Z");
    expect(manifest).toMatchObject({ pipeline: "plant-7", cursor: "400", seal: "plain" });
    expect(await verify()).toMatchObject({ outboxRows: 130, deadLetters: 8, events: 480 });
    expect(contentOf(state)).toEqual(before);
    expect(await append(log, 1)).toBe("481");
  });

  test("of a state that nobody uses is the same", async () => {
    const { state, log } = await serve();
    state.close();
    await log.close();
    await take();
    expect(await verify()).toMatchObject({ outboxRows: 130, events: 480 });
  });

  test("is whole whenever it is taken of a service that reads and forgets fast", async () => {
    const log = await openEvents(dir, plainSeal, 400_000);
    const state = open();
    // So large that the service reads and forgets much while it is copied.
    const put = Array.from({ length: 8_000 }, (_, i) => ({
      key: `large/${i}`,
      bytes: new Uint8Array(2_000),
    }));
    const nothing = { cursor: undefined, rows: new Map(), refusals: [], refusedAt: 0 };
    state.commit({ ...nothing, pages: { remove: [], put } });
    let stopped = false;
    const serving = (async () => {
      while (!stopped) {
        const cursor = await append(log, 200);
        const pages = { remove: [], put: [{ key: "p", bytes: new TextEncoder().encode(cursor) }] };
        state.commit({ pages, cursor, rows: new Map(), refusals: [], refusedAt: 0 });
        log.release(cursor);
        await Bun.sleep(0);
      }
    })();
    for (let i = 0; i < 8; i++) {
      await take(new Date(Date.UTC(2026, 0, 1) + i));
      expect((await verify()).events).toBeGreaterThan(0);
    }
    stopped = true;
    await serving;
    expect(log.usage().events).toBeLessThan(Number(state.cursor));
  });

  test("holds on to files of the journal that retention removes meanwhile", async () => {
    const log = await openEvents(dir, plainSeal, 400_000);
    let cursor = await append(log, 100);
    const held = new HeldJournal(join(dir, "bus/events"), plainSeal);
    held.hold();
    while (log.usage().events === Number(cursor)) {
      log.release(cursor);
      cursor = await append(log, 100);
      held.hold();
    }
    const { span } = await held.copyTo(join(base, "copy"));
    held.close();
    expect(span).toEqual({ first: 0, next: Number(cursor) });
  });

  test("refuses a state whose cursor is beyond its journal", async () => {
    const { state } = await serve();
    const nothing = { pages: { remove: [], put: [] }, rows: new Map(), refusals: [], refusedAt: 0 };
    state.commit({ ...nothing, cursor: "481" });
    const failure = await rejectionOf(take());
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toStartWith("Journal ends at 480, before the cursor 481");
    expect(await readdir(target.place)).toEqual([]);
  });

  test("shows nothing of what is kept when there is a key", async () => {
    await serve(KEY);
    const { name } = await take(new Date(), KEY);
    const texts: string[] = [];
    for (const path of await readdir(join(target.place, name), { recursive: true })) {
      const file = join(target.place, name, path);
      if ((await stat(file)).isFile()) texts.push(await readFile(file, "latin1"));
    }
    expect(texts.length).toBeGreaterThan(3);
    expect(texts.join("")).not.toContain("needle");
    expect(await verify(KEY)).toMatchObject({ outboxRows: 130 });
    expect((await rejectionOf(verify())).message).toContain("is encrypted, but no key");
    const other = keySeal(new Uint8Array(32).fill(8));
    expect((await rejectionOf(verify(other))).message).toContain("with another key");
  });

  test("of no state is refused", async () => {
    expect((await rejectionOf(take())).message).toStartWith("Cannot find the state ");
  });
});

describe("locateBackup()", () => {
  test("takes the newest whole one of the pipeline, never half a one", async () => {
    await serve();
    const old = await take(new Date(1e12));
    const half = await take(new Date(2e12));
    expect((await locateBackup(target, "plant-7")).name).toBe(half.name);
    await rm(join(target.place, half.name, MANIFEST_FILE));
    expect((await locateBackup(target, "plant-7")).name).toBe(old.name);
    expect((await rejectionOf(locateBackup(target, "plant"))).message).toBe(
      `Cannot find a whole backup of pipeline "plant" in "${target.place}"`,
    );
  });

  test("takes the one that is pointed at, of this pipeline alone", async () => {
    await serve();
    const { name } = await take();
    const one = new FolderTarget(join(target.place, name));
    expect((await locateBackup(one, "plant-7")).manifest.pipeline).toBe("plant-7");
    expect(await verify(plainSeal, one)).toMatchObject({ events: 480 });
    expect((await rejectionOf(locateBackup(one, "other"))).message).toContain(
      'is of pipeline "plant-7", not of "other"',
    );
  });

  test.each([
    [{ format: 2 }, "was made by a newer version (format 2, this one knows 1)"],
    [{ files: undefined }, "its manifest lacks something"],
    [
      { files: [{ path: "../x", size: 1, sha256: "0".repeat(64) }] },
      "its manifest lacks something",
    ],
  ])("refuses a manifest with %j", async (change, why) => {
    await serve();
    const { name } = await take();
    await edit(name, change as unknown as Partial<Manifest>); // wrong on purpose
    const failure = await rejectionOf(locateBackup(target, "plant-7"));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toContain(why);
  });
});

describe("verifyBackup()", () => {
  test("finds every file that is missing, cut or changed", async () => {
    await serve();
    const { name, manifest } = await take();
    const whole = join(base, "whole");
    const folder = join(target.place, name);
    await cp(folder, whole, { recursive: true });
    // One of each kind at least: the state, the journal, the cursor of whoever pops.
    expect(manifest.files.length).toBeGreaterThanOrEqual(3);
    for (const { path, size } of manifest.files) {
      const file = join(folder, path);
      await rm(file);
      expect((await rejectionOf(verify())).message).toContain(`its file ${path} is missing`);
      await cp(join(whole, path), file);
      if (size === 0) continue;
      await truncate(file, size - 1);
      expect((await rejectionOf(verify())).message).toContain(`has ${size - 1} bytes, not ${size}`);
      const bytes = await readFile(join(whole, path));
      bytes[size >> 1]! ^= 1;
      await writeFile(file, bytes);
      expect((await rejectionOf(verify())).message).toContain("is not as it was written");
      await cp(join(whole, path), file);
    }
    await verify();
  });

  test("opens every piece, also when the hashes are right", async () => {
    const { state } = await serve(KEY);
    await take(new Date(), KEY);
    state.close();
    // Whoever made it so that the seal does not open has made the hash anew, too.
    const { name, manifest } = await locateBackup(target, "plant-7");
    const events = manifest.files.find(({ path }) => path.startsWith("bus/events/"))!; // it is there
    const file = join(target.place, name, events.path);
    await rm(file);
    await rm(join(dir, "bus"), { recursive: true });
    const other = await openEvents(dir, plainSeal);
    for (let i = 0; i < 4; i++) await append(other, 120);
    await cp(join(dir, events.path), file);
    const bytes = await readFile(file);
    const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    const files = manifest.files.map((one) =>
      one.path === events.path ? { ...one, size: bytes.length, sha256 } : one,
    );
    await edit(name, { files });
    expect((await rejectionOf(verify(KEY))).message).toContain("is not encrypted");
  });
});

describe("restoreBackup()", () => {
  test("gives the same state in a new lineage, with the outbox counted from 1", async () => {
    const { state, log } = await serve();
    const before = contentOf(state);
    await take();
    const to = join(base, "restored");
    const restored = await restore(to, { now: new Date(1.8e12) });
    expect(restored).toMatchObject({ movedTo: undefined, outboxRows: 130, events: 480 });
    const again = open(to);
    const after = contentOf(again);
    expect(again.epoch).toBe(1);
    expect(after.lineage).toBe(restored.lineage);
    expect(after.lineage).not.toBe(before.lineage);
    expect(after.generation).toBe(1.8e9);
    expect({ ...after, rows: [], lineage: "", generation: 0 }).toEqual({
      ...before,
      rows: [],
      lineage: "",
      generation: 0,
    });
    expect(after.rows.map(({ rows }) => rows)).toEqual(before.rows.map(({ rows }) => rows));
    expect(after.rows.map(({ through }) => through)).toEqual([50, 80]);
    expect(before.rows.map(({ through }) => through)).toEqual([80, 80]);
    // A sink of the new lineage has nothing yet, one of the old one is not asked.
    again.outbox.checkProgress("main", 50);
    again.confirm("main", 50, { refusals: [], refusedAt: 0 });
    expect(again.outbox.peek("main", 10)).toEqual({ rows: [], through: 50 });
    const events = await openEvents(to);
    const read = await events.read({ after: again.cursor, limit: 1000, waitMs: 0 }, forever);
    expect(read.events).toBe(80);
    expect(await readFile(join(to, "bus/pop-cursor"), "utf8")).toBe("17\n");
    expect(await append(log, 1)).toBe("481");
  });

  test("gives no number of a dead letter twice", async () => {
    const { state } = await serve();
    const { seq } = state.deadLetters.list({ after: 0, limit: 100 }).at(-1)!; // there are eight
    // The newest ones go, so that only the counter knows.
    const sql = new DatabaseSync(stateFileOf(dir));
    sql.exec("delete from dead_letters where seq > 3");
    sql.close();
    await take();
    await restore(join(base, "restored"));
    const again = open(join(base, "restored"));
    const nothing = { pages: { remove: [], put: [] }, rows: new Map(), refusedAt: 0 };
    const refusal = { reason: "late", detail: "", event: "", at: "" } as const;
    again.commit({ ...nothing, cursor: undefined, refusals: [refusal] });
    expect(again.deadLetters.list({ after: 3, limit: 100 })).toMatchObject([{ seq: seq + 1 }]);
  });

  test("works with a key, and the restored state needs it", async () => {
    const { state } = await serve(KEY);
    const before = contentOf(state);
    await take(new Date(), KEY);
    const to = join(base, "restored");
    expect((await rejectionOf(restore(to))).message).toContain("no key is configured");
    await restore(to, { seal: KEY });
    expect(contentOf(open(to, KEY)).pages).toEqual(before.pages);
  });

  test("goes to no folder that holds something, unless it may move it aside", async () => {
    const { state, log } = await serve();
    await take();
    const failure = await rejectionOf(restore(dir));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toContain(`Cannot restore into "${dir}": it holds something`);
    expect((await rejectionOf(restore(dir, { force: true }))).message).toContain("holds it");
    state.close();
    expect((await rejectionOf(restore(dir, { force: true }))).message).toContain("holds it");
    await log.close();
    const { movedTo } = await restore(dir, { force: true, now: new Date(1.8e12) });
    expect(movedTo).toBe(`${dir}.before-20270115T080000.000Z`);
    expect(open(movedTo).cursor).toBe("400");
    expect(open().epoch).toBe(1);
    expect(await readdir(base)).not.toContain("state.restoring-20270115T080000.000Z");
  });

  test("that was killed between its two renames is told, and done again", async () => {
    const { state, log } = await serve();
    await take();
    state.close();
    await log.close();
    const left = `${dir}.restoring-20270115T080000.000Z`;
    await cp(dir, left, { recursive: true });
    await rename(dir, `${dir}.before-20270115T080000.000Z`);
    const begin = (): State => openKept(dir);
    expect(begin).toThrow(FatalError);
    expect(begin).toThrow(
      "aggregator restore was interrupted; run it again; what was there before",
    );
    expect(await readdir(base)).not.toContain("state");
    await restore(dir);
    expect(open().cursor).toBe("400");
    expect((await readdir(base)).some((name) => name.includes("restoring"))).toBe(false);
  });

  test("of a damaged backup leaves all as it was", async () => {
    const { state, log } = await serve();
    const { name } = await take();
    state.close();
    await log.close();
    await truncate(stateFileOf(join(target.place, name)), 4096);
    expect((await rejectionOf(restore(dir, { force: true }))).message).toContain("is damaged");
    expect(open().cursor).toBe("400");
    expect((await readdir(base)).sort()).toEqual(["backups", "state"]);
  });

  test("fills an empty folder", async () => {
    await serve();
    await take();
    await mkdir(join(base, "empty"));
    await restore(join(base, "empty"));
    expect(open(join(base, "empty")).cursor).toBe("400");
  });
});
