import { fdatasyncSync, fstatSync, ftruncateSync } from "node:fs";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { FatalError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { PRIVATE } from "../core/private.ts";
import type { LineBlock } from "./line-block.ts";
import { HEADER_BYTES, type RecordHeader, readHeader } from "./record.ts";
import { RecordLines } from "./record-lines.ts";
import type { RecordFile, RecordWindow } from "./record-window.ts";
import { DamagedError } from "./seal.ts";
import { syncFolder } from "./sync-folder.ts";

/** One entry of the index for so many bytes: 64 MiB have a thousand entries. */
const INDEX_EVERY_BYTES = 64 * 1024;

const NAME = /^(\d{16})\.journal$/;

/** The first sequence in the name of a segment's file; undefined for other files. */
export function sequenceInName(name: string): number | undefined {
  const match = NAME.exec(name);
  return match === null ? undefined : Number(match[1]);
}

export function pathOfSegment(folder: string, first: number): string {
  return join(folder, `${String(first).padStart(16, "0")}.journal`);
}

/** One file of the journal: records one behind the other. */
export class Segment implements RecordFile {
  readonly path: string;
  readonly firstSequence: number;
  /** Sequence behind its last event. */
  nextSequence: number;
  /** Bytes that are on disk and count. */
  length = 0;
  /** Wall clock of its first and its last record; undefined while it is empty. */
  firstTimeMs: number | undefined;
  lastTimeMs: number | undefined;
  readonly #file: FileHandle;
  readonly #window: RecordWindow;
  /** Sparse: sequence and position of a record every so often. */
  readonly #indexSequences: number[] = [];
  readonly #indexPositions: number[] = [];
  readonly #reader = new RecordLines();

  private constructor(
    path: string,
    options: { first: number; file: FileHandle; window: RecordWindow },
  ) {
    this.path = path;
    this.firstSequence = options.first;
    this.nextSequence = options.first;
    this.#file = options.file;
    this.#window = options.window;
  }

  get fd(): number {
    return this.#file.fd;
  }

  /** Makes the file that begins with the event of sequence `first`; its name is on disk then. */
  static async create(
    folder: string,
    options: { first: number; window: RecordWindow },
  ): Promise<Segment> {
    const { first, window } = options;
    const path = pathOfSegment(folder, first);
    const file = await open(path, "w+", PRIVATE.file);
    syncFolder(folder);
    return new Segment(path, { first, file, window });
  }

  /**
   * Opens a file and checks every record in it. Of the last file of a journal a torn tail is cut: what
   * was under way when the process or the machine died, and was acknowledged to nobody.
   *
   * @throws {FatalError} Anything else is wrong with it.
   */
  static async load(
    folder: string,
    options: { first: number; window: RecordWindow; last: boolean; logger: Logger },
  ): Promise<Segment> {
    const path = pathOfSegment(folder, options.first);
    const file = await open(path, "r+");
    const segment = new Segment(path, { ...options, file });
    try {
      segment.#check(options);
    } catch (thrown) {
      await file.close();
      throw thrown;
    }
    return segment;
  }

  #check(options: { readonly last: boolean; readonly logger: Logger }): void {
    const size = fstatSync(this.fd).size;
    let position = 0;
    this.length = size;
    while (position < size) {
      const record = this.#window.record(this, position);
      const header = record === undefined ? undefined : readHeader(record);
      if (record === undefined || header === undefined) break;
      this.#window.seal.check(record, this.path);
      // A sound record in the wrong place was never torn.
      if (header.firstSequence !== this.nextSequence) throw damaged(this.path, position);
      this.#note(position, header);
      position += HEADER_BYTES + header.length;
    }
    this.length = position;
    if (position === size) return;
    if (!options.last || this.#soundRecordBehind(position, size))
      throw damaged(this.path, position);
    options.logger.warn("The journal ended in the middle of a record, which was cut off.", {
      path: this.path,
      position,
      bytes: size - position,
    });
    ftruncateSync(this.fd, position);
    fdatasyncSync(this.fd);
    this.#window.forget();
  }

  /** Whether a later record is whole: then the damage is no torn tail, for each is synced before the next. */
  #soundRecordBehind(position: number, size: number): boolean {
    const whole: RecordFile = { path: this.path, fd: this.fd, length: size };
    for (let at = position + 1; at + HEADER_BYTES <= size; at++) {
      const record = this.#window.record(whole, at);
      if (record === undefined) continue;
      const sequence = readHeader(record)?.firstSequence ?? -1;
      if (sequence > this.nextSequence) return true;
    }
    return false;
  }

  /**
   * Writes a sealed record behind the last and syncs it. When that fails, nothing of it stays.
   *
   * @throws The error of the file system. {@link FatalError}: the file is in an unknown state.
   */
  async append(record: Uint8Array): Promise<void> {
    try {
      for (let written = 0; written < record.length; ) {
        const left = record.length - written;
        const at = this.length + written;
        written += (await this.#file.write(record, written, left, at)).bytesWritten;
      }
      await this.#file.datasync();
    } catch (thrown) {
      await this.#cutBack(thrown);
      throw thrown;
    }
    const header = readHeader(record)!; // it was sealed
    this.#note(this.length, header);
    this.length += record.length;
  }

  async #cutBack(reason: unknown): Promise<void> {
    try {
      await this.#file.truncate(this.length);
      await this.#file.datasync();
    } catch {
      throw new FatalError(
        `Cannot cut back the journal "${this.path}" to byte ${this.length} after a failed write; ` +
          "mend the disk and start again: the next start cuts it",
        { cause: reason },
      );
    }
  }

  /** Copies lines from `sequence` on into `block`, as many as it has room for. */
  read(sequence: number, block: LineBlock): void {
    let position = this.#positionBefore(sequence);
    while (position < this.length && !block.full) {
      const { header, lines } = this.#linesAt(position);
      const skip = Math.max(0, sequence - header.firstSequence);
      if (skip < header.events) {
        this.#reader.add(block, { key: position, lines, events: header.events }, skip);
      }
      position += HEADER_BYTES + header.length;
    }
  }

  #linesAt(position: number): { readonly header: RecordHeader; readonly lines: Uint8Array } {
    try {
      const found = this.#window.lines(this, position);
      if (found !== undefined) return found;
    } catch (failure) {
      if (!(failure instanceof DamagedError)) throw failure;
    }
    throw damaged(this.path, position);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async remove(): Promise<void> {
    this.#window.forget();
    await this.#file.close();
    await unlink(this.path);
  }

  #note(
    position: number,
    header: { readonly firstSequence: number; readonly events: number; readonly timeMs: number },
  ): void {
    const last = this.#indexPositions.at(-1);
    if (last === undefined || position - last >= INDEX_EVERY_BYTES) {
      this.#indexSequences.push(header.firstSequence);
      this.#indexPositions.push(position);
    }
    this.nextSequence = header.firstSequence + header.events;
    this.firstTimeMs ??= header.timeMs;
    this.lastTimeMs = header.timeMs;
  }

  /** Where the last indexed record begins whose first event is not behind `sequence`. */
  #positionBefore(sequence: number): number {
    let low = 0;
    let high = this.#indexSequences.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#indexSequences[middle]! <= sequence) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.#indexPositions[low - 1]!;
  }
}

function damaged(path: string, position: number): FatalError {
  return new FatalError(
    `Cannot read the journal: "${path}" is damaged at byte ${position}; ` +
      "restore the folder from a backup, or move the whole folder away to begin with an empty one",
  );
}
