import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FatalError } from "../core/errors.ts";
import { PRIVATE } from "../core/private.ts";
import { syncFile } from "./backup/files.ts";
import { HeldJournal } from "./backup/journal-copy.ts";
import { JOURNAL_FOLDERS } from "./backup/manifest.ts";
import { lockAll } from "./backup/restore.ts";
import { outboxRows, placeOfRow } from "./outbox-rows.ts";
import { HEADER_BYTES, readHeader } from "./record.ts";
import { RecordSeal } from "./record-seal.ts";
import { DamagedError, type Seal } from "./seal.ts";
import { STATE_FILE } from "./state.ts";
import { StateDatabase } from "./state-database.ts";
import { damage } from "./state-failure.ts";
import { REKEYED_FOLDER } from "./state-file.ts";
import { syncFolder } from "./sync-folder.ts";

export interface RekeyOptions {
  /** Folder of the state, which nobody runs. */
  readonly dir: string;
  readonly from: Seal;
  readonly to: Seal;
  /** Told what is done, part by part. */
  readonly onPart: (part: string) => void;
}

/** Not whole yet: whatever is in it is made anew. */
const UNFINISHED_FOLDER = "rekeyed.part";

/**
 * Seals everything that is kept with another key, or with none. The new files are made beside the old ones,
 * then the folder of all of them gets its name in one step; from then on they go to their places, which a
 * second call finishes when the first was killed. Whatever happens, one of the two keys opens everything
 * after a second call.
 *
 * @returns `"nothing"`: it was sealed so before.
 * @throws {FatalError} It is in use, damaged, or sealed with neither key.
 */
export async function rekey(options: RekeyOptions): Promise<"done" | "finished" | "nothing"> {
  const { dir, onPart } = options;
  if (!existsSync(join(dir, STATE_FILE))) throw new FatalError(`Cannot find a state in "${dir}"`);
  const locks = lockAll(dir);
  try {
    if (existsSync(join(dir, REKEYED_FOLDER))) {
      onPart("what was begun before");
      await moveIntoPlace(dir);
      return "finished";
    }
    if (!checkOld(options)) return "nothing";
    const folder = join(dir, UNFINISHED_FOLDER);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: PRIVATE.folder });
    onPart("the state");
    await resealState(folder, options);
    for (const below of JOURNAL_FOLDERS) {
      if (!existsSync(join(dir, below))) continue;
      onPart(below);
      await resealJournal(folder, { ...options, below });
    }
    syncFolder(folder);
    await rename(folder, join(dir, REKEYED_FOLDER));
    syncFolder(dir);
    await moveIntoPlace(dir);
    return "done";
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** False: it is sealed as wanted. Leaves no log beside the file that could be read into another one. */
function checkOld({ dir, from, to }: RekeyOptions): boolean {
  const database = StateDatabase.open(join(dir, STATE_FILE), {});
  try {
    const stored = database.meta("seal");
    if (stored === to.id) return false;
    if (stored === from.id) return true;
    const how = stored === "plain" ? "is not encrypted" : "is encrypted with another key";
    throw new FatalError(
      `State "${database.path}" ${how}: name in state.key the key that it has now, or none`,
    );
  } finally {
    database.close();
  }
}

async function resealState(folder: string, { dir, from, to }: RekeyOptions): Promise<void> {
  const path = join(folder, STATE_FILE);
  const old = StateDatabase.read(join(dir, STATE_FILE));
  try {
    await old.snapshot(() => old.copyTo(path));
  } finally {
    old.close();
  }
  const database = StateDatabase.open(path, {});
  try {
    const reseal = (sealed: unknown, place: string): Uint8Array =>
      to.seal(from.open(sealed as Uint8Array, place), place); // blobs, by the schema
    database.transaction(() => {
      for (const row of database.all("select key from pages")) {
        const key = String(row["key"]);
        const [page] = database.all("select bytes from pages where key = ?", key);
        database.putPage(key, reseal(page?.["bytes"], `page ${key}`));
      }
      const row = database.statement("update outbox set row = ? where sink = ? and sequence = ?");
      for (const { sink, sequence, sealed } of outboxRows(database)) {
        row.run(reseal(sealed, placeOfRow({ sink, sequence })), sink, sequence);
      }
      const letter = database.statement("update dead_letters set body = ? where seq = ?");
      for (const { seq } of database.all("select seq from dead_letters")) {
        const [one] = database.all("select reason, at, body from dead_letters where seq = ?", seq!);
        const place = `dead letter ${String(one?.["reason"])} ${String(one?.["at"])}`;
        letter.run(reseal(one?.["body"], place), seq!);
      }
      database.setMeta("seal", to.id);
    });
    // What was overwritten stays in the file until it is written anew.
    database.compact();
  } catch (failure) {
    throw failure instanceof DamagedError
      ? damage(join(dir, STATE_FILE), failure.message, failure)
      : failure;
  } finally {
    database.close();
  }
  await syncFile(path);
}

async function resealJournal(
  folder: string,
  { dir, below, from, to }: RekeyOptions & { readonly below: string },
): Promise<void> {
  const source = join(dir, below);
  const [opening, sealing] = [new RecordSeal(from), new RecordSeal(to)];
  const journal = new HeldJournal(source, from);
  try {
    journal.hold();
    await journal.copyTo(join(folder, below), {
      change(record) {
        opening.check(record, source);
        const lines = opening.linesOf(record);
        const plain = new Uint8Array(HEADER_BYTES + lines.length);
        plain.set(lines, HEADER_BYTES);
        return sealing.pack(plain, readHeader(record)!); // it is sound
      },
    });
  } catch (failure) {
    throw failure instanceof DamagedError ? damage(source, failure.message, failure) : failure;
  } finally {
    journal.close();
  }
}

/** Each file over the one of its name: again and again comes to the same. */
async function moveIntoPlace(dir: string): Promise<void> {
  const from = join(dir, REKEYED_FOLDER);
  // All that was in it is in the new file; beside that one it would be read into it.
  for (const log of ["-wal", "-shm"]) await rm(join(dir, STATE_FILE + log), { force: true });
  const files = await readdir(from, { recursive: true, withFileTypes: true });
  for (const file of files) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    const to = join(dir, path.slice(from.length + 1));
    await rename(path, to);
    syncFolder(dirname(to));
  }
  await rm(from, { recursive: true });
  syncFolder(dir);
}
