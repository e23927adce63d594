import { hash } from "node:crypto";
import { labelsOf } from "../core/labels.ts";
import { quoted } from "../core/quoted.ts";
import type { ResultRow } from "../core/result.ts";
import { type EpochMicros, secondsOf } from "../core/time.ts";
import type { Writable } from "../core/writable.ts";
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
  const pairs = labels.length === 0 ? "[]" : JSON.stringify(labels);
  const canonical = `[${quoted(pipeline)},${quoted(rule)},${quoted(name)},${pairs},${quoted(agg_func)},${start}]`;
  const hex = hash("sha256", canonical, "hex");
  // Version 8, and the variant of RFC 9562.
  const variant = VARIANTS[HEX.indexOf(hex[16]!) & 3]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const HEX = "0123456789abcdef";
const VARIANTS = "89ab";

const NO_LABELS = Object.freeze(labelsOf([]));

/** Makes what the engine gave a row for the sinks. */
export function rowOf(pipeline: string, row: EngineRow): ResultRow {
  const { rule, name, labels, agg_func, start, end, value, count, revision } = row;
  // What is optional is added only when it is so: rows are many, and seldom have any of it.
  const result: Writable<ResultRow> = {
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
  };
  if (row.detail !== undefined) result.detail = row.detail;
  if (row.partial) result.partial = true;
  if (row.filled) result.filled = true;
  if (row.overflow) result.overflow = true;
  if (row.withdrawn) result.withdrawn = true;
  return result;
}
