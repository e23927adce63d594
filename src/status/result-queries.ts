import * as v from "valibot";
import { HISTORY_POINTS_MAX, RESULTS_PAGE_MAX } from "../core/limits.ts";
import { labelsToJson } from "../core/result-json.ts";
import { moment, wholeNumber } from "../http/parameters.ts";
import { type Read, readQuery } from "../http/query.ts";
import type { HistoryRequest, ResultQuery, SeriesQuery } from "../pipeline/view.ts";

const SERIES_MAX = 1_000;

/** Longer than any name, and short enough to be searched for. */
const SEARCH_LENGTH_MAX = 600;

const LABELS_WANTED = "must be a JSON object of texts";

const said = (about: string) => v.pipe(v.string(), v.description(about));

const text = (about: string) => v.exactOptional(said(about));

const LABELS = v.pipe(
  v.string(),
  // In the form that series are kept by, whatever the order of the labels.
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const labels = labelsOf(dataset.value);
    if (labels !== undefined) return labels;
    addIssue({ message: LABELS_WANTED });
    return NEVER;
  }),
  v.string(),
  v.description("Only rows with these labels and no others: a JSON object of texts."),
  v.metadata({
    contentMediaType: "application/json",
    contentSchema: { type: "object", additionalProperties: { type: "string" } },
    examples: [{ host: "edge-1" }],
  }),
);

export const resultQuery = v.object({
  rule: text("Only rows of this rule."),
  name: text("Only rows of events with this name."),
  agg_func: text("Only rows of this function."),
  labels: v.exactOptional(LABELS),
  from: v.exactOptional(moment("Only windows that begin then or later, in Unix seconds.")),
  to: v.exactOptional(moment("Only windows that begin before that, in Unix seconds.")),
  limit: v.optional(
    wholeNumber({ max: RESULTS_PAGE_MAX, about: "How many rows at most: the newest ones." }),
    "1000",
  ),
});

export const historyQuery = v.object({
  rule: said("The rule of the series."),
  name: said("Its name."),
  agg_func: said("Its function."),
  labels: v.optional(LABELS, "{}"),
  from: v.exactOptional(moment("Only windows that begin then or later, in Unix seconds.")),
  to: v.exactOptional(moment("Only windows that begin before that, in Unix seconds.")),
  points: v.optional(
    wholeNumber({
      min: 2,
      max: HISTORY_POINTS_MAX,
      about: "How many points at most: of more windows, several are put together.",
    }),
    "1000",
  ),
});

export const seriesQuery = v.object({
  search: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(SEARCH_LENGTH_MAX, `must not be longer than ${SEARCH_LENGTH_MAX} characters`),
      v.description("Words, each of which stands in the name, function, rule or labels."),
    ),
    "",
  ),
  limit: v.optional(
    wholeNumber({ max: SERIES_MAX, about: "How many series are told at most." }),
    "50",
  ),
});

/** Reads `rule`, `name`, `agg_func`, `labels`, `from`, `to` and `limit`. */
export function readResultQuery(url: string): Read<ResultQuery> {
  return readQuery(url, resultQuery);
}

/** Reads `rule`, `name`, `agg_func`, `labels`, `from`, `to` and `points`. */
export function readHistoryQuery(url: string): Read<HistoryRequest> {
  const read = readQuery(url, historyQuery);
  if ("error" in read) return read;
  const { points, ...rest } = read.query;
  return { query: { ...rest, pointsMax: points } };
}

/** Reads `search` and `limit`. */
export function readSeriesQuery(url: string): Read<SeriesQuery> {
  return readQuery(url, seriesQuery);
}

function labelsOf(json: string): string | undefined {
  try {
    const labels: unknown = JSON.parse(json);
    if (typeof labels !== "object" || labels === null || Array.isArray(labels)) return undefined;
    if (!Object.values(labels).every((value) => typeof value === "string")) return undefined;
    return labelsToJson(labels as Record<string, string>); // just checked
  } catch {
    return undefined;
  }
}
