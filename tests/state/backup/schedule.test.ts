import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../../src/core/logger.ts";
import { FolderTarget } from "../../../src/state/backup/folder-target.ts";
import { ScheduledBackups, type ScheduleOptions } from "../../../src/state/backup/schedule.ts";
import { plainSeal } from "../../../src/state/seal.ts";
import type { State } from "../../../src/state/state.ts";
import { openKept } from "../../support/kept-state.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

let base: string;
let state: State;
let clock: VirtualClock;
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "schedule-"));
  state = openKept(join(base, "state"));
  clock = new VirtualClock(Date.UTC(2026, 0, 1, 0, 30) / 1000);
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await running;
  state.close();
  await rm(base, { recursive: true });
});

function start(more: Partial<ScheduleOptions> = {}): ScheduledBackups {
  const backups = new ScheduledBackups({
    pipeline: "plant-7",
    dir: join(base, "state"),
    target: new FolderTarget(join(base, "backups")),
    schedule: { kind: "every", everyMs: 3_600_000 },
    keep: 3,
    seal: plainSeal,
    journal: null,
    clock,
    logger: silentLogger,
    ...more,
  });
  running = backups.run(stop.signal);
  return backups;
}

/** Waits, in real time, until it sleeps again: what it does on the disk takes that. */
async function asleep(): Promise<void> {
  while (clock.sleeping === 0) await Bun.sleep(1);
}

async function hours(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await asleep();
    await clock.advance(3_600_000);
  }
  await asleep();
}

async function times(): Promise<string[]> {
  return (await readdir(join(base, "backups"))).sort().map((name) => name.replace("20260101T", ""));
}

describe("ScheduledBackups", () => {
  test("makes one at once and one every hour, and keeps the newest", async () => {
    const backups = start();
    await asleep();
    expect(await times()).toEqual(["plant-7-003000.000Z"]);
    await hours(4);
    expect(await times()).toEqual([
      "plant-7-023000.000Z",
      "plant-7-033000.000Z",
      "plant-7-043000.000Z",
    ]);
    expect(backups.problem).toBeUndefined();
    expect(backups.lastAt?.toISOString()).toBe("2026-01-01T04:30:00.000Z");
  });

  test("goes on from the last one after a restart", async () => {
    start();
    await asleep();
    stop.abort();
    await running;
    await clock.advance(1_800_000);
    stop = new AbortController();
    start();
    await asleep();
    expect(await times()).toHaveLength(1);
    await clock.advance(1_800_000);
    await asleep();
    expect(await times()).toEqual(["plant-7-003000.000Z", "plant-7-013000.000Z"]);
  });

  test("goes by the calendar", async () => {
    start({ schedule: { kind: "cron", text: "0 3 * * *" } });
    await hours(1);
    await clock.advance(5_400_000);
    await asleep();
    expect(await times()).toEqual(["plant-7-030000.000Z"]);
  });

  test("removes nothing of others, and no half ones that may be under way", async () => {
    const others = [
      "plant-20200101T000000.000Z",
      "plant-20200101T000001.000Z",
      "plant-7-20251231T230000.000Z",
      "plant-7-notes",
    ];
    for (const name of others) await mkdir(join(base, "backups", name), { recursive: true });
    await writeFile(join(base, "backups/plant-20200101T000000.000Z/manifest.json"), "{}");
    start({ keep: 1 });
    await hours(2);
    expect((await readdir(join(base, "backups"))).sort()).toEqual(
      [...others, "plant-7-20260101T023000.000Z"].sort(),
    );
    // A day later nobody can be making it any more.
    await hours(22);
    expect((await readdir(join(base, "backups"))).sort()).toEqual(
      [
        ...others.filter((name) => !name.includes("-20251231T")),
        "plant-7-20260102T003000.000Z",
      ].sort(),
    );
  });

  test("removes what it left itself when it was killed in the middle", async () => {
    const target = new FolderTarget(join(base, "backups"));
    // The process dies before the manifest is written, and none of its clean-up is done.
    const dying = new FolderTarget(target.place);
    const dead = Promise.withResolvers<void>();
    dying.publish = () => {
      dead.resolve();
      return new Promise(() => {});
    };
    start({ target: dying });
    await dead.promise;
    const [half] = await target.halves();
    expect(half).toBe("plant-7-20260101T003000.000Z");
    await clock.advance(60_000);
    const backups = start({ target });
    await asleep();
    expect(backups.problem).toBeUndefined();
    expect(await times()).toEqual(["plant-7-003100.000Z"]);
    expect(await readdir(join(base, "state"))).not.toContain("backup-under-way");
  });

  test("tells of a failure, tries again in a minute, and forgets it", async () => {
    await writeFile(join(base, "backups"), "a file in the way");
    const backups = start();
    await asleep();
    expect(backups.problem).toStartWith(`Cannot make a backup in "${join(base, "backups")}": `);
    await rm(join(base, "backups"));
    await clock.advance(60_000);
    await asleep();
    expect(backups.problem).toBeUndefined();
    expect(await times()).toEqual(["plant-7-003100.000Z"]);
  });
});
