import { quoted } from "./quoted.ts";
import type { ResultRow } from "./result.ts";

/**
 * A row as JSON, without a line feed: fields in the order of the contract, labels by key, optional
 * fields only when they are so. The same row gives the same bytes, whoever writes it.
 *
 * @example
 * ```ts
 * rowToJson(row); // => '{"id":"…","pipeline":"plant-7",…,"value":12.5,"count":3,"revision":0}'
 * ```
 */
export function rowToJson(row: ResultRow): string {
  const detail = row.detail === undefined ? "" : `,"detail":${JSON.stringify(row.detail)}`;
  const partial = row.partial === undefined ? "" : `,"partial":true`;
  const filled = row.filled === undefined ? "" : `,"filled":true`;
  const overflow = row.overflow === undefined ? "" : `,"overflow":true`;
  const withdrawn = row.withdrawn === undefined ? "" : `,"withdrawn":true`;
  // Numbers are finite, and are written as JSON writes them; there is no -0 in a template.
  return (
    `{"id":"${row.id}","pipeline":${quoted(row.pipeline)}` +
    `,"rule":${quoted(row.rule)},"name":${quoted(row.name)}` +
    `,"labels":${labelsToJson(row.labels)},"agg_func":${quoted(row.agg_func)}` +
    `,"window_start":${row.window_start},"window_end":${row.window_end}` +
    `,"value":${row.value},"count":${row.count},"revision":${row.revision}` +
    `${detail}${partial}${filled}${overflow}${withdrawn}}`
  );
}

/**
 * Labels as a JSON object, sorted by key in UTF-16 code units. Written by hand, since an object would
 * put keys that look like whole numbers first.
 */
export function labelsToJson(labels: Readonly<Record<string, string>>): string {
  const keys = Object.keys(labels);
  if (keys.length === 0) return "{}";
  const members = keys.sort().map((key) => `${quoted(key)}:${quoted(labels[key]!)}`);
  return `{${members.join(",")}}`;
}

/** Reads back what {@link rowToJson} wrote. @throws {SyntaxError} It is no JSON. */
export function rowFromJson(json: string): ResultRow {
  const row = JSON.parse(json) as ResultRow; // only `rowToJson` writes it
  const labels = Object.assign(Object.create(null) as Record<string, string>, row.labels);
  return { ...row, labels };
}
