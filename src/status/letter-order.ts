import { REFUSAL_REASONS, type RefusalReason } from "../core/event.ts";
import { LETTERS_AT_ONCE } from "../core/limits.ts";
import { nearest } from "../core/nearest.ts";

/** Which dead letters something is to be done with; of all when nothing is said. */
export interface LetterOrder {
  readonly reason?: RefusalReason;
  readonly through?: number;
  readonly seqs?: readonly number[];
  /** It was said that all are meant. */
  readonly all: boolean;
}

const FIELDS = ["reason", "through", "seqs", "all"] as const;

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
  const parsed = body.trim() === "" ? {} : parse(body);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return { error: 'Body must be a JSON object such as {"reason": "unknown_function"}, or empty' };
  }
  for (const [name, value] of Object.entries(parsed)) {
    if (said.has(name)) return { error: `${name} is given in the query and in the body` };
    said.set(name, value);
  }
  for (const name of said.keys()) {
    if (FIELDS.some((field) => field === name)) continue;
    // A misspelt filter would mean all of them.
    return {
      error: `Unknown field ${quoted(name)}: must be one of ${FIELDS.join(", ")}${hint(name, FIELDS)}`,
    };
  }
  return checked(said);
}

/** A word of the query as the body would have it. */
function ofQuery(name: string, text: string): unknown {
  if (name === "through") return /^\d{1,15}$/.test(text) ? Number(text) : text;
  if (name === "seqs")
    return text.split(",").map((one) => (/^\d{1,15}$/.test(one) ? Number(one) : one));
  if (name === "all")
    return text === "" || text === "true" ? true : text === "false" ? false : text;
  return text;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function checked(said: ReadonlyMap<string, unknown>): LetterOrder | { error: string } {
  const reason = said.get("reason");
  const known = REFUSAL_REASONS.find((one) => one === reason);
  if (typeof reason !== "string" && reason !== undefined) {
    return { error: `reason ${quoted(reason)}: must be a word` };
  }
  if (reason !== undefined && known === undefined) {
    const words = REFUSAL_REASONS.join(", ");
    return {
      error: `reason ${quoted(reason)}: must be one of ${words}${hint(reason, REFUSAL_REASONS)}`,
    };
  }
  const through = said.get("through");
  if (through !== undefined && !isSeq(through)) {
    return { error: `through ${quoted(through)}: must be the seq of a dead letter` };
  }
  const seqs = said.get("seqs");
  if (seqs !== undefined && !areSeqs(seqs)) {
    return { error: `seqs: must be a list of 1 to ${LETTERS_AT_ONCE} seqs of dead letters` };
  }
  const all = said.get("all") ?? false;
  if (typeof all !== "boolean") return { error: `all ${quoted(all)}: must be true or false` };
  return {
    ...(known === undefined ? {} : { reason: known }),
    ...(through === undefined ? {} : { through }),
    ...(seqs === undefined ? {} : { seqs }),
    all,
  };
}

function isSeq(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function areSeqs(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= LETTERS_AT_ONCE &&
    value.every(isSeq)
  );
}

function hint(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === undefined ? "" : `, did you mean ${meant}?`;
}

function quoted(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
