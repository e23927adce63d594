import type { ResultRow } from "../../core/result.ts";
import { labelsToJson } from "../../core/result-json.ts";

/**
 * The partition of a row: the same for all rows of a series, on every machine and in every version, so
 * that they stay in order.
 */
export function partitionOf(row: ResultRow, partitions: number): number {
  if (partitions === 1) return 0;
  // A list of texts in JSON: no two series have one text.
  const texts = `${JSON.stringify([row.rule, row.name, row.agg_func])}${labelsToJson(row.labels)}`;
  return hashOf(texts) % partitions;
}

/** FNV-1a over UTF-16 code units, mixed at the end: its low bits alone would be uneven. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
