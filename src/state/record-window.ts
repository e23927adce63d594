import { readSync } from "node:fs";
import { READ_CHUNK_BYTES } from "../core/limits.ts";
import { HEADER_BYTES, isSound, type RecordHeader, readHeader } from "./record.ts";
import { type RecordSeal, SEALED_EXTRA_BYTES_MAX } from "./record-seal.ts";

/** Lines of one record: longer ones are no record of ours. */
export const RECORD_BYTES_MAX = 32 * 1024 * 1024;

/** A file of records: its bytes before `length` never change while it is open. */
export interface RecordFile {
  readonly path: string;
  readonly fd: number;
  readonly length: number;
}

/**
 * The part of a segment that was read last, so that many small records cost one system call, and a
 * record that is read in slices is read and checked once. Reading is synchronous: what is asked for
 * lies in the cache of the operating system as a rule.
 */
export class RecordWindow {
  #file: RecordFile | undefined;
  #start = 0;
  #length = 0;
  #bytes = new Uint8Array(READ_CHUNK_BYTES);
  /** Where the record begins that was checked last. */
  #checked = -1;
  /** The lines that were opened last: who reads them in slices has them decrypted once. */
  #opened: { file: RecordFile; position: number; lines: Uint8Array } | undefined;
  /** What the lines of a record are opened with. */
  readonly seal: RecordSeal;

  constructor(seal: RecordSeal) {
    this.seal = seal;
  }

  /**
   * The whole record at `position`, checked. Valid until the next call. Undefined: what stands there is
   * no sound record.
   */
  record(file: RecordFile, position: number): Uint8Array | undefined {
    const header = readHeader(this.#read(file, { position, length: HEADER_BYTES }));
    if (header === undefined || header.length > RECORD_BYTES_MAX + SEALED_EXTRA_BYTES_MAX)
      return undefined;
    const length = HEADER_BYTES + header.length;
    const record = this.#read(file, { position, length });
    if (record.length < length) return undefined;
    if (this.#checked === position) return record;
    if (!isSound(record)) return undefined;
    this.#checked = position;
    return record;
  }

  /**
   * The lines of the record at `position`, with its header. Valid until the next call. Undefined: what
   * stands there is no sound record.
   *
   * @throws {DamagedError} It is sound, but its lines do not open.
   */
  lines(
    file: RecordFile,
    position: number,
  ): { readonly header: RecordHeader; readonly lines: Uint8Array } | undefined {
    const record = this.record(file, position);
    const header = record === undefined ? undefined : readHeader(record);
    if (record === undefined || header === undefined) return undefined;
    if (header.kind === "plain") return { header, lines: this.seal.linesOf(record) };
    if (this.#opened?.file !== file || this.#opened.position !== position) {
      this.#opened = { file, position, lines: this.seal.linesOf(record) };
    }
    return { header, lines: this.#opened.lines };
  }

  /** The bytes at `position`: fewer than `length` at the end of the file. */
  #read(
    file: RecordFile,
    part: { readonly position: number; readonly length: number },
  ): Uint8Array {
    const { position } = part;
    const length = Math.min(part.length, file.length - position);
    const inside =
      this.#file === file &&
      position >= this.#start &&
      position + length <= this.#start + this.#length;
    if (!inside) this.#fill(file, { position, length });
    const from = position - this.#start;
    return this.#bytes.subarray(from, from + Math.min(length, this.#length - from));
  }

  #fill(file: RecordFile, part: { readonly position: number; readonly length: number }): void {
    const { position, length } = part;
    if (length > this.#bytes.length || this.#bytes.length > 4 * READ_CHUNK_BYTES) {
      // One huge record must not hold its memory for ever.
      this.#bytes = new Uint8Array(Math.max(length, READ_CHUNK_BYTES));
    }
    this.#file = file;
    this.#start = position;
    this.#checked = -1;
    const wanted = Math.min(this.#bytes.length, file.length - position);
    this.#length = 0;
    while (this.#length < wanted) {
      const left = wanted - this.#length;
      const read = readSync(file.fd, this.#bytes, this.#length, left, position + this.#length);
      if (read === 0) break;
      this.#length += read;
    }
  }

  /** The file goes away, or its tail was cut. */
  forget(): void {
    this.#file = undefined;
    this.#checked = -1;
    this.#opened = undefined;
  }
}
