import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { silentLogger } from "../../src/core/logger.ts";
import { FolderTarget } from "../../src/state/backup/folder-target.ts";
import { locateBackup } from "../../src/state/backup/locate.ts";
import { restoreBackup } from "../../src/state/backup/restore.ts";
import { takeBackup } from "../../src/state/backup/take.ts";
import { openJournal } from "../../src/state/journal.ts";
import { plainSeal } from "../../src/state/seal.ts";
import { State } from "../../src/state/state.ts";
import { realClock } from "../support/source-reading.ts";

let base: string;
let umask: number;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "private-"));
  // As most users have it, whoever runs the tests.
  umask = process.umask(0o022);
});

afterEach(() => {
  process.umask(umask);
  rmSync(base, { recursive: true, force: true });
});

/** Everything below a folder, and itself, is for its user alone. Gives the names. */
function expectPrivate(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const name of ["", ...names]) {
    const stats = statSync(join(folder, name));
    const mode = (stats.mode & 0o777).toString(8);
    expect([name, mode]).toEqual([name, stats.isDirectory() ? "700" : "600"]);
  }
  return names;
}

async function openAll(dir: string) {
  const state = State.open({ dir, pipeline: "p", share: "0/1", sinks: [], now: 1 });
  const log = await openJournal({
    folder: join(dir, "bus/events"),
    clock: realClock,
    logger: silentLogger,
    bytesMax: 1e6,
    retentionMs: 0,
    reader: "none",
  });
  return { state, log };
}

test("what is made to hold events and rows is for nobody else", async () => {
  const dir = join(base, "state");
  const { state, log } = await openAll(dir);
  try {
    const names = expectPrivate(dir);
    expect(names).toContain("state.sqlite-wal");
    expect(names).toContain("lock");
    expect(names).toContain("owner");
    expect(names.some((name) => name.endsWith(".journal"))).toBe(true);
  } finally {
    await log.close();
    state.close();
  }
});

test("a lock of before, which others could read, is closed to them", async () => {
  const dir = join(base, "state");
  mkdirSync(dir, { mode: 0o700 });
  for (const name of ["lock", "owner"]) await writeFile(join(dir, name), "");
  const { state, log } = await openAll(dir);
  expectPrivate(dir);
  await log.close();
  state.close();
});

test("a backup is for nobody else, nor is what is restored of it", async () => {
  const dir = join(base, "state");
  const { state, log } = await openAll(dir);
  await writeFile(join(dir, "bus/pop-cursor"), "0\n");
  const target = new FolderTarget(join(base, "backups"));
  const now = new Date(1e12);
  const taking = { dir, target, now, seal: plainSeal, journal: "bus/events" } as const;
  const { name } = await takeBackup(taking);
  await log.close();
  state.close();
  expect(expectPrivate(target.place)).toContain(`${name}/bus/pop-cursor`);
  // As one was made before.
  chmodSync(join(target.place, name, "state.sqlite"), 0o644);
  const backup = await locateBackup(target, "p");
  const to = join(base, "restored");
  await restoreBackup({ target, backup, dir: to, force: false, now, seal: plainSeal });
  expect(expectPrivate(to)).toContain("state.sqlite");
});
