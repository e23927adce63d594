import { globMatcher } from "../core/glob.ts";
import { TAP_RATE_MAX } from "../core/limits.ts";
import { nearest } from "../core/nearest.ts";
import type { TapFilter } from "../pipeline/view.ts";

/** What somebody who looks wants to see. */
export interface TapQuery extends TapFilter {
  readonly rows: boolean;
}

const KINDS = ["rows", "events", "refused"] as const;
const KNOWN = [...KINDS, "name", "rule", "label", "agg_func", "rate"] as const;

/** As many as can be read while they scroll by. */
const RATE_DEFAULT = 50;

/**
 * Reads `rows`, `events`, `refused` (all of them when none is named), `name`, `rule`, `label=k=v` (may come
 * again), `agg_func` and `rate`.
 */
export function readTapQuery(
  url: string,
): { readonly query: TapQuery } | { readonly error: string } {
  const { searchParams } = new URL(url);
  for (const key of searchParams.keys()) {
    if (!KNOWN.some((known) => known === key)) {
      const meant = nearest(key, KNOWN);
      const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
      return {
        error: `Unknown parameter ${quoted(key)}: must be one of ${KNOWN.join(", ")}${hint}`,
      };
    }
    if (key !== "label" && searchParams.getAll(key).length > 1) {
      return { error: `Parameter ${key} is given twice` };
    }
  }
  const kinds = KINDS.filter((kind) => searchParams.has(kind));
  const wants = (kind: (typeof KINDS)[number]): boolean =>
    kinds.length === 0 || kinds.includes(kind);
  const rate = searchParams.get("rate") ?? String(RATE_DEFAULT);
  if (!/^\d{1,4}$/.test(rate) || Number(rate) < 1 || Number(rate) > TAP_RATE_MAX) {
    return { error: `rate ${quoted(rate)}: must be a whole number from 1 to ${TAP_RATE_MAX}` };
  }
  try {
    const name = searchParams.get("name");
    const labels = labelsOf(searchParams.getAll("label"));
    return {
      query: {
        perSecond: Number(rate),
        name: name === null ? undefined : globOf("name", name),
        labels: labels.size === 0 ? undefined : labels,
        rule: searchParams.get("rule") ?? undefined,
        aggFunc: searchParams.get("agg_func") ?? undefined,
        rows: wants("rows"),
        events: wants("events"),
        refused: wants("refused"),
      },
    };
  } catch (failure) {
    if (failure instanceof SyntaxError) return { error: failure.message };
    throw failure;
  }
}

function labelsOf(texts: readonly string[]): Map<string, (value: string) => boolean> {
  return new Map(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at < 1)
        throw new SyntaxError(`label ${quoted(text)}: must be a label and a glob, as host=a*`);
      return [text.slice(0, at), globOf("label", text.slice(at + 1))];
    }),
  );
}

/** @throws {SyntaxError} It is none; the message is for whoever asked. */
function globOf(key: string, glob: string): (text: string) => boolean {
  try {
    return globMatcher(glob);
  } catch (failure) {
    const why = failure instanceof SyntaxError ? failure.message : "must be a glob";
    throw new SyntaxError(`${key} ${quoted(glob)}: ${why}`, { cause: failure });
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
