import { mkdirSync } from "node:fs";
import { chmod, copyFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { FatalError, messageOf, TransientError } from "../../core/errors.ts";
import { PRIVATE } from "../../core/private.ts";
import type { Seal } from "../seal.ts";
import { STATE_FILE } from "../state.ts";
import { StateDatabase } from "../state-database.ts";
import { measureFile, syncFile } from "./files.ts";
import { HeldJournal, type JournalSpan, OvertakenError } from "./journal-copy.ts";
import {
  BACKUP_FORMAT,
  type BackupFile,
  backupName,
  JOURNAL_FOLDERS,
  type JournalFolder,
  type Manifest,
} from "./manifest.ts";
import type { BackupTarget } from "./target.ts";

/** Where `GET event` of our own bus goes on. */
const POP_CURSOR_FILE = "bus/pop-cursor";

/** Where a backup is made that goes elsewhere. */
const SPOOL_FOLDER = "backup-spool";

const TRIES = 3;

export interface TakeOptions {
  /** Folder of the state; its service may be running. */
  readonly dir: string;
  readonly target: BackupTarget;
  readonly now: Date;
  readonly seal: Seal;
  /** The journal that the cursor of the state is one of; null: none of ours. */
  readonly journal: JournalFolder | null;
  /** Gives it up, and leaves nothing of it. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes a backup of a state, also while another process runs it. Nothing of the state is changed or held
 * up.
 *
 * The state is copied as it is at one moment, and the journal after it, so that no event is missing between
 * the two. The files of the journal are held open around that moment, so that retention cannot take away
 * what the copied state still needs.
 *
 * @returns The name of the backup, with its manifest.
 * @throws {FatalError} There is no state, or it is damaged. @throws {TransientError} The target is away.
 */
export async function takeBackup(
  options: TakeOptions,
): Promise<{ readonly name: string; readonly manifest: Manifest }> {
  const { dir, target, now } = options;
  const identity = identityOf(dir);
  const name = backupName(identity.pipeline, now);
  const spool = join(dir, SPOOL_FOLDER);
  // What a process left that was killed meanwhile.
  await rm(spool, { recursive: true, force: true });
  const folder = target.staging(name, spool);
  try {
    const files = await stage(folder, options);
    const cursor = files.cursor ?? null;
    const manifest: Manifest = {
      format: BACKUP_FORMAT,
      ...identity,
      takenAt: now.toISOString(),
      cursor,
      journal: options.journal,
      files: files.list,
    };
    await target.publish(name, { folder, manifest, signal: options.signal });
    await rm(spool, { recursive: true, force: true });
    return { name, manifest };
  } catch (failure) {
    await rm(folder, { recursive: true, force: true }).catch(() => {});
    options.signal?.throwIfAborted();
    throw explained(failure, target);
  }
}

async function stage(
  folder: string,
  options: TakeOptions,
): Promise<{ readonly list: BackupFile[]; readonly cursor: string | undefined }> {
  for (let tries = 1; ; tries++) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: PRIVATE.folder });
    try {
      return await copyAll(folder, options);
    } catch (failure) {
      if (!(failure instanceof OvertakenError)) throw failure;
      if (tries < TRIES) continue;
      throw new TransientError(
        "Cannot copy the journal: its files go faster than they are copied; give it more room in bus.maxBytes",
      );
    }
  }
}

async function copyAll(
  folder: string,
  { dir, seal, journal: counted, signal }: TakeOptions,
): Promise<{ readonly list: BackupFile[]; readonly cursor: string | undefined }> {
  const paths = [STATE_FILE];
  // Before its journal: a cursor may lag behind, never be ahead.
  const popped = join(folder, POP_CURSOR_FILE);
  if (await copyIfThere(join(dir, POP_CURSOR_FILE), popped)) paths.push(POP_CURSOR_FILE);
  const journals = JOURNAL_FOLDERS.map((below) => new HeldJournal(join(dir, below), seal));
  let cursor: string | undefined;
  try {
    const hold = (): void => {
      for (const journal of journals) journal.hold();
    };
    // Around the moment of the state: what its cursor needs is then held, however long the copy takes.
    hold();
    cursor = await copyState(join(dir, STATE_FILE), {
      to: join(folder, STATE_FILE),
      onMoment: hold,
    });
    for (const [i, journal] of journals.entries()) {
      const below = JOURNAL_FOLDERS[i]!; // one for each
      const copied = await journal.copyTo(join(folder, below), { signal });
      if (below === counted) checkSpan(copied.span, cursor);
      paths.push(...copied.names.map((name) => `${below}/${name}`));
    }
  } finally {
    for (const journal of journals) journal.close();
  }
  const list: BackupFile[] = [];
  for (const path of paths) list.push({ path, ...(await measureFile(join(folder, path), signal)) });
  return { list, cursor };
}

/** The state goes on from its cursor: the journal must hold what comes behind it. */
export function checkSpan({ first, next }: JournalSpan, cursor: string | undefined): void {
  if (cursor === undefined) return;
  const at = Number(cursor);
  if (at < first) throw new OvertakenError();
  if (at > next) {
    throw new FatalError(
      `Journal ends at ${next}, before the cursor ${cursor} of the state: one of them is not of this ` +
        "pipeline, or was put back alone",
    );
  }
}

/** Copies the state as it is at one moment; gives its cursor then. */
async function copyState(
  from: string,
  { to, onMoment }: { readonly to: string; readonly onMoment: () => void },
): Promise<string | undefined> {
  const source = StateDatabase.read(from);
  try {
    await source.snapshot(async () => {
      onMoment();
      await source.copyTo(to);
    });
  } finally {
    source.close();
  }
  await syncFile(to);
  const read = StateDatabase.read(to);
  try {
    return read.meta("cursor");
  } finally {
    read.close();
  }
}

function identityOf(dir: string): Pick<Manifest, "pipeline" | "share" | "lineage" | "seal"> {
  const state = StateDatabase.read(join(dir, STATE_FILE));
  try {
    const meta = Object.fromEntries(state.allMeta());
    const { pipeline = "", share = "", lineage = "", seal = "" } = meta;
    return { pipeline, share, lineage, seal };
  } finally {
    state.close();
  }
}

async function copyIfThere(from: string, to: string): Promise<boolean> {
  mkdirSync(join(to, ".."), { recursive: true, mode: PRIVATE.folder });
  try {
    await copyFile(from, to);
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException; // what the file system throws
    if (code === "ENOENT") return false;
    throw failure;
  }
  await chmod(to, PRIVATE.file);
  await syncFile(to);
  return true;
}

function explained(failure: unknown, target: BackupTarget): unknown {
  if (failure instanceof FatalError || failure instanceof TransientError) return failure;
  return new TransientError(`Cannot make a backup in "${target.place}": ${messageOf(failure)}`, {
    cause: failure,
  });
}
