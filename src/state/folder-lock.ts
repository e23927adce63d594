import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { FatalError, messageOf } from "../core/errors.ts";
import { PRIVATE } from "../core/private.ts";

export interface FolderLock {
  /** May be called twice. */
  release(): void;
}

/** A connection that nobody refers to may be collected, and its lock would go in silence. */
const held = new Set<DatabaseSync>();

/**
 * Takes a folder for this process alone. The lock is one of the operating system (SQLite takes it on
 * every platform): it ends with the process, however that ends, so a number of a dead process that is
 * given to another one cannot keep the folder shut.
 *
 * @param folder Must exist.
 * @throws {FatalError} Another process holds it, or this one already does; the message says which.
 */
export function lockFolder(folder: string): FolderLock {
  const owner = join(folder, "owner");
  const path = join(folder, "lock");
  const database = new DatabaseSync(path);
  try {
    database.exec("pragma locking_mode = exclusive; pragma journal_mode = memory; begin exclusive");
  } catch (thrown) {
    database.close();
    if (!/locked|busy/.test(messageOf(thrown))) {
      throw new FatalError(`Cannot lock the folder "${folder}": ${messageOf(thrown)}`, {
        cause: thrown,
      });
    }
    throw new FatalError(
      `Cannot use the folder "${folder}": process ${holder(owner)} holds it; ` +
        "stop that process, or name another folder",
    );
  }
  // By its name: to open a file that we hold and to close it again would end the lock.
  chmodSync(path, PRIVATE.file);
  writeFileSync(owner, `${process.pid}\n`, { mode: PRIVATE.file });
  chmodSync(owner, PRIVATE.file);
  held.add(database);
  return {
    release() {
      if (held.delete(database)) database.close();
    },
  };
}

function holder(owner: string): string {
  try {
    return readFileSync(owner, "utf8").trim();
  } catch {
    // Between its taking the lock and its writing the number.
    return "of unknown number";
  }
}
