/** How a batch of records differs from a plain one. */
export interface BatchParts {
  readonly offset: number;
  /** null: a tombstone. */
  readonly values: readonly (string | null)[];
  /** Offsets that it covers, where some were compacted away. */
  readonly span?: number;
  readonly producer?: number;
  readonly transactional?: boolean;
  /** Marks the end of the producer's transaction, in place of values. */
  readonly mark?: "abort" | "commit";
  readonly codec?: number;
  readonly compress?: (bytes: Buffer) => Buffer;
  readonly magic?: number;
}

/** A batch of records as a broker sends it, format 2. Keys and headers are there, to be passed over. */
export function recordBatch(parts: BatchParts): Buffer {
  const { offset, producer = -1, mark, codec = 0, magic = 2 } = parts;
  const records =
    mark === undefined
      ? parts.values.map((value, i) => record(i, Buffer.from("key"), value))
      : [record(0, Buffer.from([0, 0, 0, mark === "abort" ? 0 : 1]), "")];
  const body = Buffer.concat(records);
  const packed = parts.compress?.(body) ?? body;
  const transactional = parts.transactional === true || mark !== undefined;
  const header = Buffer.alloc(61);
  header.writeBigInt64BE(BigInt(offset), 0);
  header.writeInt32BE(header.length - 12 + packed.length, 8);
  header.writeInt8(magic, 16);
  header.writeInt16BE(codec + (transactional ? 0x10 : 0) + (mark === undefined ? 0 : 0x20), 21);
  header.writeInt32BE((parts.span ?? records.length) - 1, 23);
  header.writeBigInt64BE(BigInt(producer), 43);
  header.writeInt32BE(records.length, 57);
  return Buffer.concat([header, packed]);
}

function record(delta: number, key: Buffer, value: string | null): Buffer {
  const text = value === null ? undefined : Buffer.from(value);
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(1_000_000 * delta), // time
    varint(delta),
    varint(key.length),
    key,
    varint(text?.length ?? -1),
    text ?? Buffer.alloc(0),
    varint(1),
    varint(1),
    Buffer.from("h"),
    varint(-1),
  ]);
  return Buffer.concat([varint(body.length), body]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; left > 0x7f; left >>>= 7) bytes.push((left & 0x7f) | 0x80);
  bytes.push(left);
  return Buffer.from(bytes);
}
