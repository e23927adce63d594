import * as v from "valibot";
import { globMatcher } from "../core/glob.ts";
import { TAP_RATE_MAX } from "../core/limits.ts";
import { wholeNumber, wrongWord } from "../http/parameters.ts";
import { type Read, readQuery } from "../http/query.ts";
import type { TapFilter } from "../pipeline/view.ts";

/** What somebody who looks wants to see. */
export interface TapQuery extends TapFilter {
  readonly rows: boolean;
}

const KINDS = ["rows", "events", "refused"] as const;

type Matcher = (text: string) => boolean;

const LABELS_WANTED = "must be labels with globs, as host=a*,env=prod";

export const tapQuery = v.object({
  show: v.optional(
    parsed(kindsOf, `What is shown, with commas in between: ${KINDS.join(", ")}.`),
    KINDS.join(","),
  ),
  name: v.exactOptional(parsed(matcherOf, "Only what has such a name: a glob.")),
  rule: v.exactOptional(
    v.pipe(v.string(), v.description("Only rows of this rule, and events that its `match` takes.")),
  ),
  labels: v.exactOptional(
    parsed(labelsOf, "Only what has these labels: `host=a*,env=prod`, with globs as values."),
  ),
  agg_func: v.exactOptional(
    v.pipe(v.string(), v.description("Only what is of this function; `sum` where none is named.")),
  ),
  rate: v.optional(
    wholeNumber({ max: TAP_RATE_MAX, about: "How many of each kind a second at most." }),
    "50",
  ),
});

/** Reads `show`, `name`, `rule`, `labels`, `agg_func` and `rate`. */
export function readTapQuery(url: string): Read<TapQuery> {
  const read = readQuery(url, tapQuery);
  if ("error" in read) return read;
  const { show, name, rule, labels, agg_func: aggFunc, rate: perSecond } = read.query;
  const shown = {
    rows: show.has("rows"),
    events: show.has("events"),
    refused: show.has("refused"),
  };
  return { query: { ...shown, perSecond, name, rule, labels, aggFunc } };
}

/** A parameter that is read by `parse`, which gives a text where it cannot: what is wrong. */
function parsed<Value extends object>(parse: (text: string) => Value | string, about: string) {
  return v.pipe(
    v.string(),
    v.rawTransform<string, Value>(({ dataset, addIssue, NEVER }) => {
      const value = parse(dataset.value);
      if (typeof value !== "string") return value;
      addIssue({ message: value });
      return NEVER;
    }),
    v.description(about),
  );
}

/** Or why they are none. */
function kindsOf(text: string): ReadonlySet<string> | string {
  const kinds = text.split(",");
  const wrong = kinds.find((kind) => !KINDS.some((known) => known === kind));
  return wrong === undefined ? new Set(kinds) : wrongWord(KINDS, wrong);
}

/** Or why it is none. */
function labelsOf(text: string): ReadonlyMap<string, Matcher> | string {
  const labels = new Map<string, Matcher>();
  for (const pair of text.split(",")) {
    const at = pair.indexOf("=");
    if (at < 1) return LABELS_WANTED;
    const matches = matcherOf(pair.slice(at + 1));
    if (typeof matches === "string") return matches;
    labels.set(pair.slice(0, at), matches);
  }
  return labels;
}

/** Or why it is none. */
function matcherOf(glob: string): Matcher | string {
  try {
    return globMatcher(glob);
  } catch (failure) {
    if (failure instanceof SyntaxError) return failure.message;
    throw failure;
  }
}
