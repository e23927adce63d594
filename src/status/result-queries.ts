import { RESULTS_PAGE_MAX } from "../core/limits.ts";
import { nearest } from "../core/nearest.ts";
import { labelsToJson } from "../core/result-json.ts";
import type { ResultQuery, SeriesQuery } from "../pipeline/view.ts";

const RESULTS_DEFAULT = 1_000;
const SERIES_DEFAULT = 50;
const SERIES_MAX = 1_000;

/** Longer than any name, and short enough to be searched for. */
const SEARCH_LENGTH_MAX = 600;

type Read<Query> = { readonly query: Query } | { readonly error: string };

/** Reads `rule`, `name`, `agg_func`, `labels`, `from`, `to` and `limit`. */
export function readResultQuery(url: string): Read<ResultQuery> {
  const query = new URL(url).searchParams;
  const known = ["rule", "name", "agg_func", "labels", "from", "to", "limit"];
  const unknown = unknownIn(query, known);
  if (unknown !== undefined) return { error: unknown };
  const limit = readLimit(query, RESULTS_DEFAULT, RESULTS_PAGE_MAX);
  if (typeof limit === "string") return { error: limit };
  const times: { from?: number; to?: number } = {};
  for (const key of ["from", "to"] as const) {
    const text = query.get(key);
    if (text === null) continue;
    if (!/^-?\d{1,12}(?:\.\d{1,9})?$/.test(text)) {
      return { error: `${key} ${quoted(text)}: must be a time in Unix seconds` };
    }
    times[key] = Number(text);
  }
  const labels = readLabels(query.get("labels"));
  if (typeof labels === "object") return labels;
  const texts = Object.fromEntries(
    ["rule", "name", "agg_func"].flatMap((key) => {
      const text = query.get(key);
      return text === null ? [] : [[key, text]];
    }),
  );
  return { query: { ...texts, ...(labels === undefined ? {} : { labels }), ...times, limit } };
}

/** Reads `search` and `limit`. */
export function readSeriesQuery(url: string): Read<SeriesQuery> {
  const query = new URL(url).searchParams;
  const unknown = unknownIn(query, ["search", "limit"]);
  if (unknown !== undefined) return { error: unknown };
  const limit = readLimit(query, SERIES_DEFAULT, SERIES_MAX);
  if (typeof limit === "string") return { error: limit };
  const search = query.get("search") ?? "";
  if (search.length > SEARCH_LENGTH_MAX) {
    return { error: `search: must not be longer than ${SEARCH_LENGTH_MAX} characters` };
  }
  return { query: { search, limit } };
}

/** In the form that series are kept by, whatever the order of the labels. */
function readLabels(text: string | null): string | undefined | { readonly error: string } {
  if (text === null) return undefined;
  const error = { error: `labels ${quoted(text)}: must be a JSON object of texts` };
  try {
    const labels: unknown = JSON.parse(text);
    if (typeof labels !== "object" || labels === null || Array.isArray(labels)) return error;
    if (!Object.values(labels).every((value) => typeof value === "string")) return error;
    return labelsToJson(labels as Record<string, string>); // just checked
  } catch {
    return error;
  }
}

function readLimit(query: URLSearchParams, usual: number, max: number): number | string {
  const text = query.get("limit");
  if (text === null) return usual;
  if (/^\d{1,6}$/.test(text) && +text >= 1 && +text <= max) return +text;
  return `limit ${quoted(text)}: must be a whole number from 1 to ${max}`;
}

/** A misspelt filter would show everything and look as if it had worked. */
function unknownIn(query: URLSearchParams, known: readonly string[]): string | undefined {
  for (const key of query.keys()) {
    if (!known.includes(key) && key !== "pretty") {
      const meant = nearest(key, known);
      const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
      return `Unknown parameter ${quoted(key)}: must be one of ${known.join(", ")}${hint}`;
    }
    if (query.getAll(key).length > 1) return `Parameter ${key} is given twice`;
  }
  return undefined;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
