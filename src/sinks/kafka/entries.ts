import type { Message } from "kafkajs";
import type { ResultRow } from "../../core/result.ts";
import { rowToJson } from "../../core/result-json.ts";
import { partitionOf } from "../support/series-partition.ts";

/**
 * A batch of records for one partition is limited by the brokers (`message.max.bytes`, 1 MB unless they
 * say otherwise): well below it. What is still too large is halved.
 */
const SEND_BYTES_MAX = 512 * 1024;

/** Key, headers and frame of a record. */
const RECORD_OVERHEAD_BYTES = 160;

/** A record and the index of its row in the batch. */
export interface Entry {
  readonly index: number;
  readonly message: Message;
  readonly bytes: number;
}

/** The records of a batch, cut into requests, in its order. */
export function requestsOf(
  rows: readonly ResultRow[],
  topic: { readonly partitions: number; readonly generation: number },
): Entry[][] {
  const requests: Entry[][] = [];
  let bytes = Infinity;
  for (const [index, row] of rows.entries()) {
    const entry = entryOf(row, { ...topic, index });
    if (bytes + entry.bytes > SEND_BYTES_MAX) {
      requests.push([]);
      bytes = 0;
    }
    requests.at(-1)!.push(entry);
    bytes += entry.bytes;
  }
  return requests;
}

function entryOf(
  row: ResultRow,
  { partitions, generation, index }: { partitions: number; generation: number; index: number },
): Entry {
  const value = row.withdrawn ? null : Buffer.from(rowToJson(row));
  return {
    index,
    bytes: (value?.length ?? 0) + RECORD_OVERHEAD_BYTES,
    message: {
      key: row.id,
      value,
      partition: partitionOf(row, partitions),
      headers: { revision: String(row.revision), generation: String(generation) },
    },
  };
}
