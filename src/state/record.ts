import { crc32 } from "node:zlib";

/** Bytes before the lines of a record. */
export const HEADER_BYTES = 32;

/** "AGLJ" in the file: lines as they are. "AGLS": encrypted ones. */
const MAGIC = { plain: 0x4a4c4741, sealed: 0x534c4741 } as const;

/** What the writer says of a record. */
export interface RecordStart {
  readonly events: number;
  readonly firstSequence: number;
  readonly timeMs: number;
}

/**
 * One group of appended lines as it stands in a segment: magic, length of the body, count of the
 * events, checksum (of all else), sequence of the first event, wall clock in ms; little-endian.
 */
export interface RecordHeader extends RecordStart {
  readonly kind: keyof typeof MAGIC;
  readonly length: number;
}

/** Fills in the header of the record whose body stands in `record` already, behind `HEADER_BYTES`. */
export function sealRecord(record: Uint8Array, header: Omit<RecordHeader, "length">): void {
  const view = viewOf(record);
  view.setUint32(0, MAGIC[header.kind], true);
  view.setUint32(4, record.length - HEADER_BYTES, true);
  view.setUint32(8, header.events, true);
  view.setFloat64(16, header.firstSequence, true);
  view.setFloat64(24, header.timeMs, true);
  view.setUint32(12, checksumOf(record), true);
}

/** The header at the start of `bytes`; undefined when there is none. Its checksum is not looked at. */
export function readHeader(bytes: Uint8Array): RecordHeader | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = viewOf(bytes);
  const magic = view.getUint32(0, true);
  if (magic !== MAGIC.plain && magic !== MAGIC.sealed) return undefined;
  return {
    kind: magic === MAGIC.plain ? "plain" : "sealed",
    length: view.getUint32(4, true),
    events: view.getUint32(8, true),
    firstSequence: view.getFloat64(16, true),
    timeMs: view.getFloat64(24, true),
  };
}

/** Whether a whole record (header and lines) is as it was written. */
export function isSound(record: Uint8Array): boolean {
  return viewOf(record).getUint32(12, true) === checksumOf(record);
}

function checksumOf(record: Uint8Array): number {
  return crc32(record.subarray(16), crc32(record.subarray(0, 12)));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
