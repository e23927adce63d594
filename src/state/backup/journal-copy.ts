import { closeSync, fstatSync, openSync, readdirSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { basename } from "node:path";
import { FatalError } from "../../core/errors.ts";
import { PRIVATE } from "../../core/private.ts";
import { HEADER_BYTES, readHeader } from "../record.ts";
import { RecordSeal } from "../record-seal.ts";
import { type RecordFile, RecordWindow } from "../record-window.ts";
import { DamagedError, type Seal } from "../seal.ts";
import { pathOfSegment, sequenceInName } from "../segment.ts";

/** Written at once; others have their turn in between. */
const GATHER_BYTES = 512 * 1024;

/** The journal went on so fast that files between two of ours came and went. */
export class OvertakenError extends Error {
  override readonly name = "OvertakenError";
}

/** What of a journal was copied or looked at: its sequences from `first` up to before `next`. */
export interface JournalSpan {
  readonly first: number;
  readonly next: number;
}

interface HeldFile extends RecordFile {
  readonly first: number;
}

/**
 * The files of a journal that another part of the program, or another process, writes at the same time.
 * Those that are held stay readable when retention removes their names.
 */
export class HeldJournal {
  readonly #folder: string;
  readonly #window: RecordWindow;
  readonly #seal: RecordSeal;
  readonly #held = new Map<number, number>();

  /** @param seal What `check` opens records with; a copy takes them as they are. */
  constructor(folder: string, seal: Seal) {
    this.#folder = folder;
    this.#seal = new RecordSeal(seal);
    this.#window = new RecordWindow(this.#seal);
  }

  /** Holds the files that are there now, besides those that are held already. */
  hold(): void {
    for (const first of sequencesIn(this.#folder)) {
      if (this.#held.has(first)) continue;
      try {
        this.#held.set(first, openSync(pathOfSegment(this.#folder, first), "r"));
      } catch (failure) {
        const { code } = failure as NodeJS.ErrnoException; // what the file system throws
        // Retention was faster.
        if (code !== "ENOENT") throw failure;
      }
    }
  }

  /**
   * Copies all whole records of what is held into a folder that is not there yet. What is being written at
   * the end is left out.
   *
   * @param options.change What is written for a record; left out: the record itself.
   *
   * @throws {OvertakenError} Some files are missing in between. @throws {FatalError} One is damaged.
   */
  async copyTo(
    folder: string,
    {
      signal,
      change,
    }: {
      readonly signal?: AbortSignal | undefined;
      readonly change?: (record: Uint8Array) => Uint8Array;
    } = {},
  ): Promise<{ readonly span: JournalSpan; readonly names: readonly string[] }> {
    await mkdir(folder, { recursive: true, mode: PRIVATE.folder });
    const names: string[] = [];
    const span = await this.#walk(async (first, records) => {
      names.push(basename(pathOfSegment(folder, first)));
      const target = await open(pathOfSegment(folder, first), "wx", PRIVATE.file);
      try {
        let at = 0;
        for (const bytes of gathered(records, change)) {
          signal?.throwIfAborted();
          for (let written = 0; written < bytes.length; ) {
            const left = bytes.length - written;
            const { bytesWritten } = await target.write(bytes, written, left, at + written);
            written += bytesWritten;
          }
          at += bytes.length;
        }
        await target.sync();
      } finally {
        await target.close();
      }
    });
    return { span, names };
  }

  /** Opens every record. @throws {FatalError} One is damaged, or sealed with another key. */
  async check(): Promise<JournalSpan> {
    return await this.#walk(async (first, records) => {
      const path = pathOfSegment(this.#folder, first);
      for (const record of records) {
        this.#seal.check(record, path);
        try {
          this.#seal.linesOf(record);
        } catch (failure) {
          throw failure instanceof DamagedError ? damagedFile(path) : failure;
        }
      }
    });
  }

  close(): void {
    for (const fd of this.#held.values()) closeSync(fd);
    this.#held.clear();
  }

  async #walk(
    visit: (first: number, records: Iterable<Uint8Array>) => Promise<void>,
  ): Promise<JournalSpan> {
    const firsts = [...this.#held.keys()].sort((a, b) => a - b);
    const span = { first: firsts[0] ?? 0, next: firsts[0] ?? 0 };
    for (const first of firsts) {
      if (first !== span.next) throw new OvertakenError();
      const fd = this.#held.get(first)!; // one of its keys
      const path = pathOfSegment(this.#folder, first);
      const file = { path, fd, first, length: fstatSync(fd).size };
      const isLast = first === firsts.at(-1);
      await visit(first, this.#records(file, { isLast, span }));
    }
    return span;
  }

  *#records(
    file: HeldFile,
    { isLast, span }: { readonly isLast: boolean; readonly span: { next: number } },
  ): Iterable<Uint8Array> {
    let position = 0;
    while (position < file.length) {
      const record = this.#window.record(file, position);
      const header = record === undefined ? undefined : readHeader(record);
      if (record === undefined || header === undefined) {
        if (isLast) return;
        throw damagedFile(file.path);
      }
      if (header.firstSequence !== span.next) throw damagedFile(file.path);
      span.next += header.events;
      position += HEADER_BYTES + header.length;
      yield record;
    }
  }
}

/** Records put together: a system call for each small one would take hours. */
function* gathered(
  records: Iterable<Uint8Array>,
  change: (record: Uint8Array) => Uint8Array = (record) => new Uint8Array(record),
): Iterable<Uint8Array> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for (const record of records) {
    // A record is only there until the next one is read.
    const part = change(record);
    parts.push(part);
    length += part.length;
    if (length < GATHER_BYTES) continue;
    yield Buffer.concat(parts);
    parts = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(parts);
}

function sequencesIn(folder: string): number[] {
  try {
    return readdirSync(folder)
      .map(sequenceInName)
      .filter((first) => first !== undefined);
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException; // what the file system throws
    if (code === "ENOENT") return [];
    throw failure;
  }
}

function damagedFile(path: string): FatalError {
  return new FatalError(
    `Journal "${path}" is damaged; restore the state from a backup (aggregator restore)`,
  );
}
