import { randomUUID } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FatalError } from "../../core/errors.ts";
import { PRIVATE } from "../../core/private.ts";
import { type FolderLock, lockFolder } from "../folder-lock.ts";
import { placeOfRow, renumberOutbox } from "../outbox-rows.ts";
import type { Seal } from "../seal.ts";
import { STATE_FILE } from "../state.ts";
import { StateDatabase } from "../state-database.ts";
import { BEFORE, besideOf, RESTORING } from "../state-file.ts";
import { syncFolder } from "../sync-folder.ts";
import type { LocatedBackup } from "./locate.ts";
import { JOURNAL_FOLDERS } from "./manifest.ts";
import type { BackupTarget } from "./target.ts";
import { type VerifiedBackup, verifyFiles } from "./verify.ts";

export interface RestoreOptions {
  readonly target: BackupTarget;
  readonly backup: LocatedBackup;
  /** Absolute: the folder that becomes the state. */
  readonly dir: string;
  /** What is there already is moved aside. */
  readonly force: boolean;
  readonly now: Date;
  readonly seal: Seal;
}

export interface Restored extends VerifiedBackup {
  /** Where the old folder is; undefined: there was none. */
  readonly movedTo: string | undefined;
  readonly lineage: string;
}

/**
 * Makes the folder of a state out of a backup. The restored state is a new lineage: what sinks know of the
 * old one does not count, so every row comes again under its old id and nothing is swallowed.
 *
 * The folder is made beside the place where it belongs, checked, and renamed at the end.
 *
 * @throws {FatalError} The place is taken, in use, or the backup is damaged.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { target, backup, dir, now, seal } = options;
  const stamp = now.toISOString().replace(/[-:]/g, "");
  const isTaken = existsSync(dir) && readdirSync(dir).length > 0;
  if (isTaken && !options.force) {
    throw new FatalError(
      `Cannot restore into "${dir}": it holds something; name another folder with --to, or move it ` +
        "aside with --force",
    );
  }
  const locks = isTaken ? lockAll(dir) : [];
  const folder = dir + RESTORING + stamp;
  try {
    await mkdir(folder, { recursive: true, mode: PRIVATE.folder });
    const { name, manifest } = backup;
    await target.fetch(name, { folder, manifest });
    const verified = await verifyFiles(folder, { manifest, seal });
    const lineage = renew(join(folder, STATE_FILE), { now, seal });
    syncFolder(folder);
    const movedTo = isTaken ? dir + BEFORE + stamp : undefined;
    if (movedTo !== undefined) await rename(dir, movedTo);
    else if (existsSync(dir)) await rmdir(dir);
    await rename(folder, dir);
    syncFolder(dirname(dir));
    // What a restore left that was killed: there is a whole one now.
    for (const left of besideOf(dir, RESTORING)) await rm(left, { recursive: true, force: true });
    return { ...verified, movedTo, lineage };
  } catch (failure) {
    await rm(folder, { recursive: true, force: true });
    throw failure;
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** Nobody runs the old state, or its bus, while it is moved. */
export function lockAll(dir: string): FolderLock[] {
  const locks: FolderLock[] = [];
  try {
    for (const folder of ["", ...JOURNAL_FOLDERS].map((below) => join(dir, below))) {
      if (existsSync(folder)) locks.push(lockFolder(folder));
    }
    return locks;
  } catch (failure) {
    for (const lock of locks) lock.release();
    throw failure;
  }
}

/** Begins a new lineage, in which the rows that still wait are counted from 1. */
function renew(path: string, { now, seal }: { now: Date; seal: Seal }): string {
  const database = StateDatabase.open(path, {});
  try {
    const lineage = randomUUID();
    database.transaction(() => {
      database.setMeta("lineage", lineage);
      database.setMeta("epoch", "0");
      // Later than all that was written before, also where the clock was set back.
      const generation = Math.max(now.getTime() / 1000, Number(database.meta("generation")) + 1);
      database.setMeta("generation", String(generation));
      renumberOutbox(database, (row, place) =>
        seal.seal(seal.open(row.sealed, placeOfRow(row)), place),
      );
    });
    return lineage;
  } finally {
    database.close();
  }
}
