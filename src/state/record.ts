import { crc32 } from "node:zlib";

/** Bytes before the lines of a record. */
export const HEADER_BYTES = 32;

const MAGIC = 0x4a4c4741; // "AGLJ" in the file

/**
 * One group of appended lines as it stands in a segment: magic, length of the lines, count of the
 * events, checksum (of all else), sequence of the first event, wall clock in ms; little-endian.
 */
export interface RecordHeader {
  readonly length: number;
  readonly events: number;
  readonly firstSequence: number;
  readonly timeMs: number;
}

/** Fills in the header of the record whose lines stand in `record` already, behind `HEADER_BYTES`. */
export function sealRecord(
  record: Uint8Array,
  header: { readonly events: number; readonly firstSequence: number; readonly timeMs: number },
): void {
  const view = viewOf(record);
  view.setUint32(0, MAGIC, true);
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
  if (view.getUint32(0, true) !== MAGIC) return undefined;
  return {
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
