import { join } from "node:path";
import { FatalError } from "../core/errors.ts";
import type { Page } from "../core/page.ts";
import { DeadLetters, type PurgeQuery } from "./dead-letters.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import { DamagedError, type Seal } from "./seal.ts";
import { STATE_FILE } from "./state.ts";
import { StateDatabase } from "./state-database.ts";
import { damage } from "./state-failure.ts";

export interface StoredStateOptions {
  readonly dir: string;
  readonly pipeline: string;
  readonly seal: Seal;
}

/** A state as it stands on disk, for the commands that look at it or change a little of it. */
export class StoredState {
  readonly deadLetters: DeadLetters;
  readonly #database: StateDatabase;
  readonly #lock: FolderLock | undefined;
  readonly #seal: Seal;

  /**
   * Opens it for reading: the last checkpoint, also while the service runs.
   *
   * @throws {FatalError} There is none, it is damaged, of another pipeline or sealed with another key.
   */
  static read(options: StoredStateOptions): StoredState {
    return new StoredState(StateDatabase.read(join(options.dir, STATE_FILE)), undefined, options);
  }

  /** Opens it for changes, for this process alone. @throws {FatalError} As `read`; or it is in use. */
  static take(options: StoredStateOptions): StoredState {
    StoredState.read(options).close();
    const lock = lockFolder(options.dir);
    try {
      return new StoredState(StateDatabase.open(join(options.dir, STATE_FILE), {}), lock, options);
    } catch (failure) {
      lock.release();
      throw failure;
    }
  }

  private constructor(
    database: StateDatabase,
    lock: FolderLock | undefined,
    { pipeline, seal }: StoredStateOptions,
  ) {
    this.#database = database;
    this.#lock = lock;
    this.#seal = seal;
    try {
      checkOwner(database, { pipeline, seal });
      this.deadLetters = new DeadLetters(database, seal);
    } catch (failure) {
      database.close();
      throw failure;
    }
  }

  /** The pages whose keys are wanted. @throws {FatalError} One is damaged. */
  pages(isWanted: (key: string) => boolean): Page[] {
    const keys = this.#database.all("select key from pages").map((row) => String(row["key"]));
    return keys.filter(isWanted).flatMap((key) => {
      const [row] = this.#database.all("select bytes from pages where key = ?", key);
      // A service that runs may have removed it meanwhile.
      if (row === undefined) return [];
      const sealed = row["bytes"] as Uint8Array; // a blob, by the schema
      return [{ key, bytes: this.#open(sealed, `page ${key}`) }];
    });
  }

  /** Every page, as one checkpoint left them. @throws {FatalError} One is damaged. */
  allPages(): Promise<Page[]> {
    return this.#database.snapshot(async () => this.pages(() => true));
  }

  /** Removes dead letters up to `through`; of one reason, or of any. Returns how many. */
  purge(query: PurgeQuery): number {
    return this.#database.transaction(() => this.deadLetters.purge(query));
  }

  /** May be called twice. */
  close(): void {
    this.#database.close();
    this.#lock?.release();
  }

  #open(sealed: Uint8Array, place: string): Uint8Array {
    try {
      return this.#seal.open(sealed, place);
    } catch (failure) {
      throw failure instanceof DamagedError
        ? damage(this.#database.path, failure.message, failure)
        : failure;
    }
  }
}

function checkOwner(
  database: StateDatabase,
  { pipeline, seal }: { readonly pipeline: string; readonly seal: Seal },
): void {
  const owner = database.meta("pipeline");
  if (owner !== pipeline) {
    throw new FatalError(
      `State "${database.path}" belongs to pipeline "${owner}", not to "${pipeline}": name its ` +
        "configuration with -c",
    );
  }
  const stored = database.meta("seal");
  if (stored === seal.id) return;
  const why =
    stored === "plain"
      ? "is not encrypted, but a key is configured: encrypt it by aggregator rekey"
      : seal.id === "plain"
        ? "is encrypted, but no key is configured: name it in state.key"
        : "is encrypted with another key: name the right one in state.key";
  throw new FatalError(`State "${database.path}" ${why}`);
}
