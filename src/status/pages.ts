import { REFUSAL_REASONS } from "../core/event.ts";
import { nearest } from "../core/nearest.ts";
import type { LetterRequest, PageRequest } from "../pipeline/view.ts";

/** Entries of a page unless the request says otherwise, and at most. */
const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;

/** What a request for a page asks for, or why it cannot be answered. */
export type PageQuery<Filters> =
  | { readonly page: PageRequest & Filters }
  | { readonly error: string };

/** Accepted everywhere: every answer is written for the eye anyway. */
const EVERYWHERE = ["pretty"];

/** What `next` of a page of dead letters looks like: a number of one. */
const LETTER = /^\d{1,15}$/;
/** And of a page of windows: a rule, and the start of one of its windows in microseconds. */
const WINDOW = /^[^@]{1,512}@-?\d{1,16}$/;

/** Reads `limit` and `after`. */
export function readWindowPage(url: string): PageQuery<unknown> {
  return readQuery(url, ["limit", "after"], WINDOW);
}

/** Reads `limit`, `after`, `reason` and `order`. */
export function readLetterPage(url: string): PageQuery<Pick<LetterRequest, "reason" | "order">> {
  const query = readQuery(url, ["limit", "after", "reason", "order"], LETTER);
  if ("error" in query) return query;
  const { searchParams } = new URL(url);
  const order = searchParams.get("order");
  if (order !== null && order !== "oldest" && order !== "newest") {
    return { error: `order ${quoted(order)}: must be oldest or newest` };
  }
  const page: LetterRequest = { ...query.page, ...(order === null ? {} : { order }) };
  const word = searchParams.get("reason");
  if (word === null) return { page };
  const reason = REFUSAL_REASONS.find((known) => known === word);
  if (reason !== undefined) return { page: { ...page, reason } };
  const meant = nearest(word, REFUSAL_REASONS);
  const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
  return { error: `reason ${quoted(word)}: must be one of ${REFUSAL_REASONS.join(", ")}${hint}` };
}

function readQuery(url: string, known: readonly string[], next: RegExp): PageQuery<unknown> {
  const query = new URL(url).searchParams;
  for (const key of query.keys()) {
    // A misspelt filter would show everything and look as if it had worked.
    if (!known.includes(key) && !EVERYWHERE.includes(key)) {
      const meant = nearest(key, known);
      const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
      return {
        error: `Unknown parameter ${quoted(key)}: must be one of ${known.join(", ")}${hint}`,
      };
    }
    if (query.getAll(key).length > 1) return { error: `Parameter ${key} is given twice` };
  }
  const limit = query.get("limit");
  if (limit !== null && !(/^\d{1,4}$/.test(limit) && +limit >= 1 && +limit <= LIMIT_MAX)) {
    return { error: `limit ${quoted(limit)}: must be a whole number from 1 to ${LIMIT_MAX}` };
  }
  const after = query.get("after");
  if (after !== null && !next.test(after)) {
    return { error: `after ${quoted(after)}: must be the "next" of the page before` };
  }
  return {
    page: { limit: Number(limit ?? LIMIT_DEFAULT), ...(after === null ? {} : { after }) },
  };
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
