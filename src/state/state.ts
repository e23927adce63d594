import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { FatalError } from "../core/errors.ts";
import type { Refusal } from "../core/event.ts";
import type { Page, PageChanges } from "../core/page.ts";
import { PRIVATE } from "../core/private.ts";
import type { ResultRow } from "../core/result.ts";
import type { Cursor } from "../core/source.ts";
import { DeadLetters, type PurgeQuery } from "./dead-letters.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import { Outbox } from "./outbox.ts";
import { DamagedError, plainSeal, type Seal } from "./seal.ts";
import { StateDatabase } from "./state-database.ts";
import { checkUnfinished, STATE_FILE } from "./state-file.ts";

export { STATE_FILE } from "./state-file.ts";

export interface StateOptions {
  /** Folder of the state; made when it is missing. */
  readonly dir: string;
  readonly pipeline: string;
  readonly share: string;
  /** Names of the sinks that rows are kept for. */
  readonly sinks: readonly string[];
  /** Unix seconds now: when this state begins, if it is a new one. */
  readonly now: number;
  readonly seal?: Seal;
  /** Bytes of rows that may wait for a sink. */
  readonly outboxBytesMax?: number;
}

/** Below it stand pages that are not the engine's. */
const NOTES = "notes/";

/** What one checkpoint moves forward together. */
export interface Checkpoint {
  readonly pages: PageChanges;
  /** Where the source goes on; undefined: as before. */
  readonly cursor: Cursor | undefined;
  /** By sink: the rows that fired for it, in their order. */
  readonly rows: ReadonlyMap<string, readonly ResultRow[]>;
  readonly refusals: readonly Refusal[];
  /** Unix seconds at which these were refused. */
  readonly refusedAt: number;
  /** Numbers of the dead letters that were taken back, and whose effect is in all this: they go. */
  readonly taken?: readonly number[];
  /** The input ended here, and these are the rows of the windows that were still open. */
  readonly isLast?: boolean;
}

/**
 * Everything that outlives the process: one SQLite file (WAL, `synchronous = full`) that this process
 * holds alone. A checkpoint is one transaction; what is not in one never happened.
 */
export class State {
  /** Made with the state: what sinks know it by. */
  readonly lineage: string;
  /** Its folder. */
  readonly dir: string;
  /** Counts the starts, from 1. */
  readonly epoch: number;
  /** Unix seconds at which it began. */
  readonly generation: number;
  readonly deadLetters: DeadLetters;
  readonly outbox: Outbox;
  readonly #database: StateDatabase;
  readonly #lock: FolderLock;
  readonly #seal: Seal;
  #cursor: Cursor | undefined;
  #pausedSince: number | undefined;

  /**
   * Opens the state of a folder, or begins a new one where there is none.
   *
   * @throws {FatalError} Another process holds it, it belongs to another pipeline, it was written by a newer
   *   version or with another key, or it is damaged. The message says what to do.
   */
  static open(options: StateOptions): State {
    // Before the folder is made: the next restore goes into a place that is free.
    checkUnfinished(options.dir);
    mkdirSync(options.dir, { recursive: true, mode: PRIVATE.folder });
    const lock = lockFolder(options.dir);
    try {
      return new State(options, lock);
    } catch (failure) {
      lock.release();
      throw failure;
    }
  }

  private constructor(options: StateOptions, lock: FolderLock) {
    const { dir, pipeline, share, now, sinks } = options;
    this.#lock = lock;
    this.dir = dir;
    this.#seal = options.seal ?? plainSeal;
    const path = join(dir, STATE_FILE);
    const identity = { pipeline, share, seal: this.#seal.id };
    const begun = { ...identity, lineage: randomUUID(), generation: String(now), epoch: "0" };
    this.#database = StateDatabase.open(path, begun);
    const database = this.#database;
    try {
      checkIdentity(database, identity, path);
      this.lineage = database.meta("lineage")!;
      this.generation = Number(database.meta("generation"));
      this.epoch = Number(database.meta("epoch")) + 1;
      this.#cursor = database.meta("cursor");
      this.#pausedSince = secondsOrNone(database.meta("paused_since"));
      this.deadLetters = new DeadLetters(database, this.#seal);
      this.outbox = database.transaction(() => {
        database.setMeta("epoch", String(this.epoch));
        return new Outbox(database, {
          sinks,
          seal: this.#seal,
          bytesMax: options.outboxBytesMax,
        });
      });
    } catch (failure) {
      database.close();
      throw failure instanceof DamagedError ? damaged(path, failure) : failure;
    }
  }

  /** Where the source goes on; undefined: at its start. */
  get cursor(): Cursor | undefined {
    return this.#cursor;
  }

  /** Where the input ended, if the rows of that end are given out; undefined: they are not. */
  get endedAt(): Cursor | undefined {
    return this.#database.meta("ended_at");
  }

  /** Unix seconds since when an operator wants nothing to be read; undefined: it is read. */
  get pausedSince(): number | undefined {
    return this.#pausedSince;
  }

  /**
   * Keeps that nothing is to be read any more, or that it is again.
   *
   * @param since Unix seconds; undefined: it is read again.
   * @throws {TransientError} The disk is full: nothing happened.
   */
  setPaused(since: number | undefined): void {
    const database = this.#database;
    database.transaction(() => database.setMeta("paused_since", String(since ?? "")));
    this.#pausedSince = since;
  }

  /** The pages of the last checkpoint. @throws {FatalError} One of them is damaged. */
  *pages(): Iterable<Page> {
    try {
      for (const { key, bytes } of this.#database.pages()) {
        if (!key.startsWith(NOTES)) yield { key, bytes: this.#seal.open(bytes, `page ${key}`) };
      }
    } catch (failure) {
      throw failure instanceof DamagedError ? damaged(this.#database.path, failure) : failure;
    }
  }

  /**
   * Moves everything forward: all of it is on disk when this returns, or nothing is.
   *
   * @throws {TransientError} The disk is full: nothing happened, the same checkpoint may be tried again.
   */
  commit(checkpoint: Checkpoint): void {
    const { pages, cursor, rows, refusals, refusedAt, taken = [], isLast = false } = checkpoint;
    const database = this.#database;
    this.#together(() => {
      for (const prefix of pages.remove) database.removePages(prefix);
      for (const { key, bytes } of pages.put) {
        database.putPage(key, this.#seal.seal(bytes, `page ${key}`));
      }
      if (cursor !== undefined) database.setMeta("cursor", cursor);
      if (isLast) database.setMeta("ended_at", cursor ?? "");
      for (const [sink, fired] of rows) this.outbox.store(sink, fired);
      this.deadLetters.remove(taken);
      this.deadLetters.store(refusals, refusedAt);
    });
    if (cursor !== undefined) this.#cursor = cursor;
  }

  /**
   * A sink has all its rows up to `through` for good, but for those in `refusals`, which become dead
   * letters.
   *
   * @throws {TransientError} The disk is full: nothing happened.
   */
  confirm(
    sink: string,
    through: number,
    { refusals, refusedAt }: { readonly refusals: readonly Refusal[]; readonly refusedAt: number },
  ): void {
    this.#together(() => {
      this.outbox.remove(sink, through);
      this.deadLetters.store(refusals, refusedAt);
    });
  }

  /**
   * Removes dead letters for good. Returns how many.
   *
   * @throws {TransientError} The disk is full: nothing happened.
   */
  purge(query: PurgeQuery): number {
    let purged = 0;
    this.#together(() => {
      purged = this.deadLetters.purge(query);
    });
    return purged;
  }

  /**
   * What somebody beside the pipeline keeps here under a name; undefined: nothing.
   *
   * @throws {FatalError} It is damaged.
   */
  note(name: string): Uint8Array | undefined {
    const key = NOTES + name;
    const sealed = this.#database.page(key);
    if (sealed === undefined) return undefined;
    try {
      return this.#seal.open(sealed, `page ${key}`);
    } catch (failure) {
      throw failure instanceof DamagedError ? damaged(this.#database.path, failure) : failure;
    }
  }

  /** Keeps it, in place of what was kept. @throws {TransientError} The disk is full: nothing happened. */
  keepNote(name: string, bytes: Uint8Array): void {
    const key = NOTES + name;
    const sealed = this.#seal.seal(bytes, `page ${key}`);
    this.#database.transaction(() => this.#database.putPage(key, sealed));
  }

  /** One transaction over the parts that count what they hold. */
  #together(work: () => void): void {
    let committed = false;
    try {
      this.#database.transaction(work);
      committed = true;
    } finally {
      this.outbox.settle(committed);
      this.deadLetters.settle(committed);
    }
  }

  /**
   * From now on rows are kept for these sinks. Called while nothing is read or delivered.
   *
   * @throws {TransientError} The disk is full: nothing happened.
   */
  serve(sinks: readonly string[], outboxBytesMax: number | undefined): void {
    this.#database.transaction(() => this.outbox.serve(sinks, outboxBytesMax))();
  }

  /** Bytes of the file on disk. */
  get bytes(): number {
    return this.#database.bytes;
  }

  /** Frees everything. May be called twice. */
  close(): void {
    this.#database.close();
    this.#lock.release();
  }
}

function secondsOrNone(text: string | undefined): number | undefined {
  return text === undefined || text === "" ? undefined : Number(text);
}

function checkIdentity(
  database: StateDatabase,
  identity: { readonly pipeline: string; readonly share: string; readonly seal: string },
  path: string,
): void {
  const { pipeline, share, seal } = identity;
  const stored = database.meta("pipeline");
  if (stored !== pipeline) {
    throw new FatalError(
      `State "${path}" belongs to pipeline "${stored}", not to "${pipeline}": ` +
        "name another folder in state.dir, or give the pipeline its old name",
    );
  }
  if (database.meta("share") !== share) {
    throw new FatalError(
      `State "${path}" belongs to share ${database.meta("share")}, not to ${share}: ` +
        "give every share a folder of its own in state.dir",
    );
  }
  const storedSeal = database.meta("seal");
  if (storedSeal !== seal) {
    const isPlain = storedSeal === "plain";
    const why = isPlain
      ? "is not encrypted, but a key is configured: encrypt it by aggregator rekey"
      : seal === "plain"
        ? "is encrypted, but no key is configured: name it in state.key"
        : "is encrypted with another key: name the right one in state.key";
    throw new FatalError(`State "${path}" ${why}`);
  }
}

function damaged(path: string, failure: DamagedError): FatalError {
  return new FatalError(
    `State "${path}": ${failure.message}. Restore it from a backup (aggregator restore), or name an ` +
      "empty folder in state.dir and read the source again from its start",
    { cause: failure },
  );
}
