import type { AbortedTransaction } from "./record-set.ts";

/** What a broker said of one partition. */
export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  /** 0: all is well; otherwise as the protocol numbers them. */
  readonly errorCode: number;
  /** Offset behind the last record that is safe on enough brokers, also of a transaction that is open. */
  readonly end: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly records: Buffer;
}

export interface FetchAnswer {
  readonly partitions: readonly FetchedPartition[];
  /** How long the broker wants no requests from us; the client sees to it. */
  readonly clientSideThrottleTime: number;
}

/**
 * Takes the answer to a fetch apart, versions 4 to 11. The client's own decoder makes an object of every
 * record, knows no bound, and fails as a whole when one partition fails.
 */
export function decodeFetchAnswer(bytes: Buffer, version: number): FetchAnswer {
  const reader = new AnswerReader(bytes);
  const throttleMs = reader.int32();
  if (version >= 7) reader.at += 2 + 4; // error and number of a session, of which we have none
  const partitions: FetchedPartition[] = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.text();
    for (let count = reader.int32(); count > 0; count--) {
      partitions.push(partitionOf(reader, { topic, version }));
    }
  }
  return { partitions, clientSideThrottleTime: version >= 8 ? throttleMs : 0 };
}

function partitionOf(
  reader: AnswerReader,
  { topic, version }: { topic: string; version: number },
): FetchedPartition {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const end = reader.int64();
  reader.at += 8; // end of what is committed
  if (version >= 5) reader.at += 8; // start of the log
  const aborted: AbortedTransaction[] = [];
  for (let count = reader.int32(); count > 0; count--) {
    const producer = reader.bigint64();
    aborted.push({ producer, firstOffset: reader.int64() });
  }
  if (version >= 11) reader.at += 4; // a nearer copy of the partition
  return { topic, partition, errorCode, end, aborted, records: reader.block() };
}

class AnswerReader {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int16(): number {
    this.at += 2;
    return this.#bytes.readInt16BE(this.at - 2);
  }

  int32(): number {
    this.at += 4;
    return this.#bytes.readInt32BE(this.at - 4);
  }

  bigint64(): bigint {
    this.at += 8;
    return this.#bytes.readBigInt64BE(this.at - 8);
  }

  int64(): number {
    return Number(this.bigint64());
  }

  text(): string {
    const length = this.int16();
    this.at += length;
    return this.#bytes.toString("utf8", this.at - length, this.at);
  }

  block(): Buffer {
    const length = Math.max(0, this.int32());
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }
}
