import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FatalError } from "../../core/errors.ts";
import { DeadLetters } from "../dead-letters.ts";
import { outboxRows, placeOfRow } from "../outbox-rows.ts";
import { DamagedError, type Seal } from "../seal.ts";
import { STATE_FILE } from "../state.ts";
import { StateDatabase } from "../state-database.ts";
import { measureFile } from "./files.ts";
import { HeldJournal, OvertakenError } from "./journal-copy.ts";
import type { LocatedBackup } from "./locate.ts";
import { JOURNAL_FOLDERS, type Manifest } from "./manifest.ts";
import { checkSpan } from "./take.ts";
import type { BackupTarget } from "./target.ts";

/** What was looked at. */
export interface VerifiedBackup {
  readonly files: number;
  readonly bytes: number;
  readonly pages: number;
  readonly outboxRows: number;
  readonly deadLetters: number;
  /** Events in the journal that the pipeline reads. */
  readonly events: number;
}

const LETTERS_AT_ONCE = 1000;

/**
 * Checks a backup where it is, as far as its files can be read there; else a copy of them.
 *
 * @throws {FatalError} As {@link verifyFiles}.
 */
export async function verifyBackup(
  target: BackupTarget,
  { backup, seal }: { readonly backup: LocatedBackup; readonly seal: Seal },
): Promise<VerifiedBackup> {
  const { name, manifest } = backup;
  const there = target.folderOf(name);
  if (there !== undefined) return await verifyFiles(there, { manifest, seal });
  const folder = await mkdtemp(join(tmpdir(), "aggregator-verify-"));
  try {
    await target.fetch(name, { folder, manifest });
    return await verifyFiles(folder, { manifest, seal });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Checks the files of a backup: sizes and hashes, the tree of the state, and that every piece opens.
 *
 * @param folder Holds them; nothing in it is changed.
 * @throws {FatalError} Something is missing, damaged, or sealed with another key.
 */
export async function verifyFiles(
  folder: string,
  { manifest, seal }: { manifest: Manifest; seal: Seal },
): Promise<VerifiedBackup> {
  checkSeal(manifest, seal);
  let bytes = 0;
  for (const { path, size, sha256 } of manifest.files) {
    const found = await measureFile(join(folder, path)).catch(() => undefined);
    if (found === undefined) throw broken(`its file ${path} is missing`);
    if (found.size !== size) throw broken(`its file ${path} has ${found.size} bytes, not ${size}`);
    if (found.sha256 !== sha256) throw broken(`its file ${path} is not as it was written`);
    bytes += size;
  }
  const state = checkState(join(folder, STATE_FILE), { manifest, seal });
  let events = 0;
  for (const below of JOURNAL_FOLDERS) {
    const isRead = below === manifest.journal;
    const cursor = isRead ? manifest.cursor : null;
    const held = await checkJournal(join(folder, below), { seal, cursor });
    if (isRead) events = held;
  }
  return { files: manifest.files.length, bytes, ...state, events };
}

function checkSeal(manifest: Manifest, seal: Seal): void {
  if (manifest.seal === seal.id) return;
  const why =
    seal.id === "plain"
      ? "is encrypted, but no key is configured: name it in state.key"
      : manifest.seal === "plain"
        ? "is not encrypted, but a key is configured: leave it out for this command, and encrypt what is " +
          "restored by aggregator rekey"
        : "is encrypted with another key: name in state.key the one of that time";
  throw new FatalError(`Backup of ${manifest.takenAt} ${why}`);
}

function checkState(
  path: string,
  { manifest, seal }: { manifest: Manifest; seal: Seal },
): Pick<VerifiedBackup, "pages" | "outboxRows" | "deadLetters"> {
  const database = StateDatabase.read(path);
  try {
    const found = database.integrity();
    if (found !== "ok") throw broken(`its state is not whole (${found})`);
    if ((database.meta("cursor") ?? null) !== manifest.cursor) {
      throw broken("its manifest and its state are at different cursors");
    }
    let pages = 0;
    for (const { key, bytes } of database.pages()) {
      seal.open(bytes, `page ${key}`);
      pages++;
    }
    let rows = 0;
    for (const row of outboxRows(database)) {
      seal.open(row.sealed, placeOfRow(row));
      rows++;
    }
    const letters = new DeadLetters(database, seal);
    for (let after = 0; ; ) {
      const some = letters.list({ after, limit: LETTERS_AT_ONCE });
      const last = some.at(-1);
      if (last === undefined) break;
      after = last.seq;
    }
    return { pages, outboxRows: rows, deadLetters: letters.count };
  } catch (failure) {
    throw failure instanceof DamagedError ? broken(`its ${failure.message}`) : failure;
  } finally {
    database.close();
  }
}

/** How many events there are. */
async function checkJournal(
  folder: string,
  { seal, cursor }: { readonly seal: Seal; readonly cursor: string | null },
): Promise<number> {
  const journal = new HeldJournal(folder, seal);
  try {
    journal.hold();
    const span = await journal.check();
    checkSpan(span, cursor ?? undefined);
    return span.next - span.first;
  } catch (failure) {
    throw failure instanceof OvertakenError ? broken("files of its journal are missing") : failure;
  } finally {
    journal.close();
  }
}

function broken(detail: string): FatalError {
  return new FatalError(`Backup is damaged: ${detail}; use another one`);
}
