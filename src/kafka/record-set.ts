import { decompress } from "./codecs.ts";

/** The layout of a batch of records, format 2; numbers are big-endian. */
const LENGTH_AT = 8;
const MAGIC_AT = 16;
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_DELTA_AT = 23;
const PRODUCER_AT = 43;
const COUNT_AT = 57;
const RECORDS_AT = 61;

/** The length counts from behind itself. */
const LENGTH_ENDS_AT = 12;

const CODEC_BITS = 0x07;
const TRANSACTIONAL_BIT = 0x10;
const CONTROL_BIT = 0x20;

/** The type in the key of a control record that ends an aborted transaction. */
const ABORT_TYPE = 0;

/** One batch of a producer; nobody has sane batches beyond it, and memory has to end somewhere. */
const BATCH_BYTES_MAX = 256 * 1024 * 1024;

/** A transaction that was aborted: the producer's records from an offset on, to its mark of the end. */
export interface AbortedTransaction {
  readonly producer: bigint;
  readonly firstOffset: number;
}

/** Takes the records of a set one by one; says whether it takes more. */
export interface RecordTaker {
  readonly isFull: boolean;
  /** The value lies in [`from`, `to`) of `bytes`, which are valid during the call only; -1, -1: null. */
  take(offset: number, bytes: Uint8Array, from: number, to: number): void;
}

/** The batch under way. */
interface OpenBatch {
  readonly records: VarintReader;
  readonly baseOffset: number;
  readonly endOffset: number;
  left: number;
}

/**
 * The records of one partition as a broker sent them: batches of the format that Kafka has written since
 * 0.11, compressed as the producer chose. They are decoded no sooner than they are taken, so that what
 * waits stays small. What was aborted, and what controls transactions, is passed over.
 */
export class RecordSet {
  /** Offset behind the last whole batch: where the next set begins. */
  readonly end: number;
  readonly byteLength: number;
  /** Offset behind what was taken. */
  next: number;
  readonly #bytes: Buffer;
  readonly #from: number;
  /** Not yet begun, by their first offset. */
  readonly #aborted: AbortedTransaction[];
  /** Producers within an aborted transaction. */
  readonly #aborting = new Set<bigint>();
  #at = 0;
  #batch: OpenBatch | undefined;

  /**
   * @param options.from Records below are passed over: a batch may begin before what was asked for.
   * @throws If a batch is of an older format.
   */
  constructor(
    bytes: Buffer,
    options: { readonly from: number; readonly aborted: readonly AbortedTransaction[] },
  ) {
    this.#bytes = bytes;
    this.#from = options.from;
    this.next = options.from;
    this.#aborted = options.aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
    this.end = this.#endOfSet();
    this.byteLength = bytes.length;
  }

  get isDone(): boolean {
    return this.next >= this.end;
  }

  /**
   * Hands records over until the taker is full or there are none left.
   *
   * @throws If a batch cannot be decoded; `next` tells where.
   */
  take(taker: RecordTaker): void {
    while (!taker.isFull && this.next < this.end) {
      this.#batch ??= this.#open();
      if (this.#batch === undefined) continue;
      this.#takeFrom(this.#batch, taker);
      if (this.#batch.left > 0) return;
      this.next = this.#batch.endOffset;
      this.#batch = undefined;
    }
  }

  /** Where the batch at `at` ends in the bytes; undefined: it is cut off, as the last one may be. */
  #endOfBatch(at: number): number | undefined {
    if (at + RECORDS_AT > this.#bytes.length) return undefined;
    const end = at + LENGTH_ENDS_AT + this.#bytes.readInt32BE(at + LENGTH_AT);
    return end < at + RECORDS_AT || end > this.#bytes.length ? undefined : end;
  }

  #endOfSet(): number {
    let end = this.#from;
    for (let at = 0, next = this.#endOfBatch(0); next !== undefined; ) {
      const magic = this.#bytes[at + MAGIC_AT]!;
      if (magic !== 2) throw new Error(`records are of format ${magic}, older than Kafka 0.11`);
      end = Math.max(end, this.#endOffsetAt(at));
      at = next;
      next = this.#endOfBatch(at);
    }
    return end;
  }

  #endOffsetAt(at: number): number {
    return this.#baseOffsetAt(at) + this.#bytes.readInt32BE(at + LAST_OFFSET_DELTA_AT) + 1;
  }

  #baseOffsetAt(at: number): number {
    // Offsets are 64 bits wide and begin at 0: no topic ever comes to 2^53.
    return Number(this.#bytes.readBigInt64BE(at));
  }

  /** Opens the batch at hand; undefined: nothing of it is to be read. */
  #open(): OpenBatch | undefined {
    const at = this.#at;
    const bytes = this.#bytes;
    const endOffset = this.#endOffsetAt(at);
    const end = this.#endOfBatch(at)!; // `end` was found behind it
    const attributes = bytes.readInt16BE(at + ATTRIBUTES_AT);
    this.#at = end;
    const records = bytes.subarray(at + RECORDS_AT, end);
    if (this.#isPassedOver(at, { attributes, endOffset, records })) {
      this.next = Math.max(this.next, endOffset);
      return undefined;
    }
    const decoded = decompress(attributes & CODEC_BITS, records, BATCH_BYTES_MAX);
    return {
      records: new VarintReader(decoded),
      baseOffset: this.#baseOffsetAt(at),
      endOffset,
      left: bytes.readInt32BE(at + COUNT_AT),
    };
  }

  #isPassedOver(
    at: number,
    batch: { readonly attributes: number; readonly endOffset: number; readonly records: Buffer },
  ): boolean {
    const { attributes, endOffset, records } = batch;
    const producer = this.#bytes.readBigInt64BE(at + PRODUCER_AT);
    while (this.#aborted.length > 0 && this.#aborted[0]!.firstOffset < endOffset) {
      this.#aborting.add(this.#aborted.shift()!.producer);
    }
    if ((attributes & CONTROL_BIT) !== 0) {
      if (isAbort(records)) this.#aborting.delete(producer);
      return true;
    }
    const isAborted = (attributes & TRANSACTIONAL_BIT) !== 0 && this.#aborting.has(producer);
    return isAborted || endOffset <= this.#from;
  }

  #takeFrom(batch: OpenBatch, taker: RecordTaker): void {
    const { records, baseOffset } = batch;
    while (batch.left > 0 && !taker.isFull) {
      const length = records.varint();
      const end = records.at + length;
      records.at++; // attributes, of which there are none
      records.skipVarint(); // time
      const offset = baseOffset + records.varint();
      const keyBytes = records.varint();
      records.at += Math.max(0, keyBytes);
      const valueBytes = records.varint();
      const from = records.at;
      if (end > records.bytes.length || from + valueBytes > end) {
        throw new Error("a record reaches beyond its batch");
      }
      if (offset >= this.#from) {
        if (valueBytes < 0) taker.take(offset, records.bytes, -1, -1);
        else taker.take(offset, records.bytes, from, from + valueBytes);
        this.next = offset + 1;
      }
      // Headers follow, which say nothing to us.
      records.at = end;
      batch.left--;
    }
  }
}

/** Whether the control records are the mark of an aborted transaction: their key is version and type. */
function isAbort(bytes: Buffer): boolean {
  const records = new VarintReader(bytes);
  records.varint(); // length
  records.at++;
  records.skipVarint();
  records.varint(); // offset
  return records.varint() >= 4 && bytes.readInt16BE(records.at + 2) === ABORT_TYPE;
}

/** Reads numbers of 7 bits a byte, of which every other one is negative. */
class VarintReader {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  varint(): number {
    let byte = this.bytes[this.at++]!;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80 && shift < 35; shift += 7) {
      byte = this.bytes[this.at++]!;
      value |= (byte & 0x7f) << shift;
    }
    return (value >>> 1) ^ -(value & 1);
  }

  skipVarint(): void {
    while (this.bytes[this.at]! >= 0x80) this.at++;
    this.at++;
  }
}
