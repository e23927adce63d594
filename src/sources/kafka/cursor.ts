import { FatalError } from "../../core/errors.ts";
import type { Cursor } from "../../core/source.ts";

/** Where a topic's partition stands in a cursor, a place and a message: `orders/0`. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

/** The cursor of a Kafka source: the next offset of each partition, `{"orders/0":12,"orders/2":7}`. */
export function cursorOf(offsets: Iterable<readonly [key: string, offset: number]>): Cursor {
  return JSON.stringify(Object.fromEntries(offsets));
}

/** @throws {FatalError} It is no cursor of this source. */
export function offsetsIn(cursor: Cursor): ReadonlyMap<string, number> {
  const entries = entriesIn(cursor);
  if (entries?.every(([, offset]) => Number.isSafeInteger(offset) && Number(offset) >= 0)) {
    return new Map(entries.map(([key, offset]) => [key, Number(offset)]));
  }
  throw new FatalError(
    `Cannot go on at cursor ${JSON.stringify(cursor)}: it is none of a Kafka source; ` +
      "begin with an empty state folder when the source was changed",
  );
}

function entriesIn(cursor: Cursor): [string, unknown][] | undefined {
  try {
    const value: unknown = JSON.parse(cursor);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? Object.entries(value) : undefined;
  } catch {
    return undefined;
  }
}
