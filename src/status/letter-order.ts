import * as v from "valibot";
import { REFUSAL_REASONS, type RefusalReason } from "../core/event.ts";
import { LETTERS_AT_ONCE } from "../core/limits.ts";
import { wrongWord } from "../http/parameters.ts";
import { objectIn, quoted, unknownField } from "./order-body.ts";

/** Which dead letters something is to be done with; of all when nothing is said. */
export interface LetterOrder {
  readonly reason?: RefusalReason;
  readonly through?: number;
  readonly seqs?: readonly number[];
  /** It was said that all are meant. */
  readonly all: boolean;
}

const SEQ_WANTED = "must be the seq of a dead letter";
const SEQS_WANTED = `must be a list of 1 to ${LETTERS_AT_ONCE} seqs of dead letters`;

const seq = (wanted: string) =>
  v.pipe(
    v.number(wanted),
    v.integer(wanted),
    v.minValue(0, wanted),
    v.maxValue(Number.MAX_SAFE_INTEGER, wanted),
  );

/** What stands in the body or, the same words, in the query. */
const letterOrder = v.strictObject({
  reason: v.exactOptional(
    v.pipe(
      v.picklist(REFUSAL_REASONS, ({ input, received }) =>
        typeof input === "string" ? wrongWord(REFUSAL_REASONS, received) : "must be a word",
      ),
      v.description("Only those that were refused for this."),
    ),
  ),
  through: v.exactOptional(
    v.pipe(
      seq(SEQ_WANTED),
      v.description("Only those up to this number: what the client has seen."),
    ),
  ),
  seqs: v.exactOptional(
    v.pipe(
      v.array(seq(SEQS_WANTED), SEQS_WANTED),
      v.minLength(1, SEQS_WANTED),
      v.maxLength(LETTERS_AT_ONCE, SEQS_WANTED),
      v.description("Only those with these numbers. Not for a purge."),
    ),
  ),
  all: v.optional(
    v.pipe(
      v.boolean("must be true or false"),
      v.description("That all are meant: a purge wants it said, unless `through` is."),
    ),
    false,
  ),
});

const { reason, through } = letterOrder.entries;

/** What can be replayed: not what was late, since its windows are closed for good. */
export const replayOrder = v.strictObject({
  ...letterOrder.entries,
  reason: v.exactOptional(
    v.pipe(
      v.picklist(REFUSAL_REASONS.filter((word) => word !== "late")),
      v.description("Only those that were refused for this."),
    ),
  ),
});

/** What can be purged: those up to a number, or all of them. */
export const purgeOrder = v.union([
  v.strictObject({
    reason,
    through: through.wrapped,
    all: v.exactOptional(v.literal(false)),
  }),
  v.strictObject({ reason, all: v.literal(true) }),
]);

const FIELDS = Object.keys(letterOrder.entries);

/**
 * Reads an order out of the query (`?reason=late&through=7`) and the JSON body of a request, which may be
 * empty. The two must not say different things.
 */
export function readLetterOrder(url: string, body: string): LetterOrder | { error: string } {
  const said = new Map<string, unknown>();
  for (const [name, text] of new URL(url).searchParams) {
    if (said.has(name)) return { error: `Parameter ${name} is given twice` };
    said.set(name, ofQuery(name, text));
  }
  const parsed = body.trim() === "" ? {} : objectIn(body);
  if (parsed === undefined) {
    return { error: 'Body must be a JSON object such as {"reason": "unknown_function"}, or empty' };
  }
  for (const [name, value] of Object.entries(parsed)) {
    if (said.has(name)) return { error: `${name} is given in the query and in the body` };
    said.set(name, value);
  }
  // A misspelt filter would mean all of them.
  const error = unknownField(said.keys(), FIELDS);
  return error === undefined ? checked(said) : { error };
}

/** A word of the query as the body would have it. */
function ofQuery(name: string, text: string): unknown {
  if (name === "through") return numberOr(text);
  if (name === "seqs") return text.split(",").map(numberOr);
  if (name === "all")
    return text === "" || text === "true" ? true : text === "false" ? false : text;
  return text;
}

function numberOr(text: string): number | string {
  return /^\d{1,15}$/.test(text) ? Number(text) : text;
}

function checked(said: ReadonlyMap<string, unknown>): LetterOrder | { error: string } {
  const read = v.safeParse(letterOrder, Object.fromEntries(said));
  if (read.success) return read.output;
  const [{ path, message }] = read.issues;
  const name = String(path?.[0]?.key);
  // A list may be long; what is wrong with it says the message.
  return {
    error:
      name === "seqs" ? `${name}: ${message}` : `${name} ${quoted(said.get(name))}: ${message}`,
  };
}
