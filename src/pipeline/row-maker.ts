import { createHash } from "node:crypto";
import type { ResultRow } from "../core/result.ts";
import { type EpochMicros, secondsOf } from "../core/time.ts";
import type { EngineRow } from "../engine/engine-row.ts";

/** What a row id is made of. */
export interface RowIdentity {
  readonly pipeline: string;
  readonly rule: string;
  readonly name: string;
  /** Sorted by label. */
  readonly labels: readonly (readonly [string, string])[];
  readonly agg_func: string;
  readonly start: EpochMicros;
}

/**
 * The id of a row: a UUIDv8 (RFC 9562, section 5.8) of the first 128 bits of SHA-256 over the JSON
 * array `[pipeline, rule, name, labels, agg_func, start]`, `start` in microseconds. The same row has
 * the same id, whoever computes it, and when.
 */
export function rowId(identity: RowIdentity): string {
  const { pipeline, rule, name, labels, agg_func, start } = identity;
  const canonical = JSON.stringify([pipeline, rule, name, labels, agg_func, start]);
  const hash = createHash("sha256").update(canonical).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80; // version 8
  hash[8] = (hash[8]! & 0x3f) | 0x80; // variant of RFC 9562
  const hex = hash.toString("hex", 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze(
  Object.create(null) as Record<string, string>,
);

/** Without a prototype, so that `__proto__` is a label like any other. */
export function labelsOf(
  pairs: readonly (readonly [string, string])[],
): Readonly<Record<string, string>> {
  const labels = Object.create(null) as Record<string, string>;
  for (const [label, value] of pairs) labels[label] = value;
  return labels;
}

/** Makes what the engine gave a row for the sinks. */
export function rowOf(pipeline: string, row: EngineRow): ResultRow {
  const { rule, name, labels, agg_func, start, end, value, count, revision } = row;
  return {
    id: rowId({ pipeline, rule, name, labels, agg_func, start }),
    pipeline,
    rule,
    name,
    labels: labels.length === 0 ? NO_LABELS : labelsOf(labels),
    agg_func,
    window_start: secondsOf(start),
    window_end: secondsOf(end),
    value,
    count,
    revision,
    ...(row.partial ? { partial: true as const } : {}),
    ...(row.detail === undefined ? {} : { detail: row.detail }),
    ...(row.filled ? { filled: true as const } : {}),
    ...(row.overflow ? { overflow: true as const } : {}),
    ...(row.withdrawn ? { withdrawn: true as const } : {}),
  };
}
