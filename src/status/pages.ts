import * as v from "valibot";
import { REFUSAL_REASONS } from "../core/event.ts";
import { oneOf, wholeNumber } from "../http/parameters.ts";
import { type Read, readQuery } from "../http/query.ts";
import type { LetterRequest, PageRequest } from "../pipeline/view.ts";

/** Entries of a page unless the request says otherwise, and at most. */
const LIMIT_DEFAULT = "100";
const LIMIT_MAX = 1_000;

const limit = v.optional(
  wholeNumber({ max: LIMIT_MAX, about: "How many entries at most." }),
  LIMIT_DEFAULT,
);

/** What the `next` of the page before looks like. */
function after(pattern: RegExp) {
  return v.exactOptional(
    v.pipe(
      v.string(),
      v.regex(pattern, 'must be the "next" of the page before'),
      v.description("The `next` of the page before. Left out: the first page."),
    ),
  );
}

/** `next` is a rule, and the start of one of its windows in microseconds. */
export const windowPageQuery = v.object({ limit, after: after(/^[^@]{1,512}@-?\d{1,16}$/) });

/** `next` is the number of a dead letter. */
export const letterPageQuery = v.object({
  limit,
  after: after(/^\d{1,15}$/),
  reason: v.exactOptional(oneOf(REFUSAL_REASONS, "Only those that were refused for this.")),
  order: v.exactOptional(
    oneOf(["oldest", "newest"], "Which come first: the `oldest`, unless it says `newest`."),
  ),
});

/** Reads `limit` and `after`. */
export function readWindowPage(url: string): Read<PageRequest> {
  return readQuery(url, windowPageQuery);
}

/** Reads `limit`, `after`, `reason` and `order`. */
export function readLetterPage(url: string): Read<LetterRequest> {
  return readQuery(url, letterPageQuery);
}
