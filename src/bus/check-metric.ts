import { NAME_BYTES_MAX } from "../core/limits.ts";
import type { CheckResult } from "./publication.ts";

/**
 * Whether a record is a Metric: a name, a finite value, and a timestamp, which is the present when it
 * is missing.
 *
 * @param now Unix seconds.
 */
export function checkMetric(record: unknown, now: number): CheckResult {
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    return { ok: false, reason: "invalid_json", detail: "metric is not an object" };
  }
  // What JSON.parse made: own properties only.
  const { name, value, timestamp } = record as Record<string, unknown>;
  if (typeof name !== "string" || name === "" || name.includes("\u0000") || !name.isWellFormed()) {
    return { ok: false, reason: "invalid_name", detail: "name is not a text that is not empty" };
  }
  if (new TextEncoder().encode(name).length > NAME_BYTES_MAX) {
    const detail = `name has more than ${NAME_BYTES_MAX} bytes of UTF-8`;
    return { ok: false, reason: "invalid_name", detail };
  }
  if (typeof value !== "number" || !Number.isFinite(value)) {
    return { ok: false, reason: "invalid_value", detail: "value is not a finite number" };
  }
  if (timestamp === undefined || timestamp === null) {
    return { ok: true, stored: { ...record, timestamp: now } };
  }
  if (typeof timestamp !== "number" || !Number.isFinite(timestamp)) {
    return { ok: false, reason: "invalid_timestamp", detail: "timestamp is not a finite number" };
  }
  return { ok: true };
}
