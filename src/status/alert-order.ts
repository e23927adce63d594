import * as v from "valibot";
import { globMatcher } from "../core/glob.ts";
import { parseDuration, secondsOf } from "../core/time.ts";
import { type Read, readQuery } from "../http/query.ts";
import type { SilenceRequest } from "../pipeline/view.ts";
import { objectIn, quoted, unknownField } from "./order-body.ts";

/** Longer than any maintenance: who wants an alert to be quiet for good turns it off. */
const SECONDS_MAX = 30 * 86_400;
const COMMENT_LENGTH_MAX = 500;
const LABELS_MAX = 16;
const TEXT_LENGTH_MAX = 512;

const NAME_WANTED = 'must be the name of an alert, or a glob such as "*"';
const FOR_WANTED = 'must be a duration such as "2h", from "1s" to "30d"';
const LABELS_WANTED = `must be an object of at most ${LABELS_MAX} texts`;
const COMMENT_WANTED = `must be a text of at most ${COMMENT_LENGTH_MAX} characters`;
const TEXT_WANTED = "must be a text";

/** What is to be silenced, and for how long. */
export const silenceOrder = v.strictObject({
  name: v.pipe(
    v.string(NAME_WANTED),
    v.minLength(1, NAME_WANTED),
    v.maxLength(TEXT_LENGTH_MAX, NAME_WANTED),
    v.description("Of an alert, or a glob: `*` for all of them."),
  ),
  labels: v.exactOptional(
    v.pipe(
      v.record(
        v.string(),
        v.pipe(v.string(LABELS_WANTED), v.maxLength(TEXT_LENGTH_MAX)),
        LABELS_WANTED,
      ),
      v.maxEntries(LABELS_MAX, LABELS_WANTED),
      v.description("Only what has all of these labels; any when left out."),
    ),
  ),
  for: v.pipe(
    v.string(FOR_WANTED),
    v.regex(/^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/, FOR_WANTED),
    v.description("How long, such as `2h`; 30 days at the most."),
  ),
  comment: v.exactOptional(
    v.pipe(
      v.string(COMMENT_WANTED),
      v.maxLength(COMMENT_LENGTH_MAX, COMMENT_WANTED),
      v.description("Why, for whoever looks."),
    ),
  ),
});

/** Which silences are to end. */
const unsilenceOrder = v.strictObject({
  id: v.exactOptional(v.pipe(v.string(TEXT_WANTED), v.description("One, by its id."))),
  name: v.exactOptional(v.pipe(v.string(TEXT_WANTED), v.description("All of this very name."))),
});

/** The same as it has to be: by one of the two. */
export const unsilenceBody = v.union([
  v.strictObject({ id: said("One, by its id.") }),
  v.strictObject({ name: said("All of this very name.") }),
]);

function said(about: string): v.GenericSchema<string> {
  return v.pipe(v.string(), v.minLength(1), v.description(about));
}

/** Which notifier is to be tested. */
export const testOrder = v.strictObject({
  notifier: v.pipe(v.string(TEXT_WANTED), v.description("Its name.")),
});

export const unsilenceQuery = v.object(unsilenceOrder.entries);

export type UnsilenceOrder = v.InferOutput<typeof unsilenceOrder>;

/** Reads `{"name": "sink_down", "labels": {"sink": "warehouse"}, "for": "2h", "comment": "…"}`. */
export function readSilence(body: string): SilenceRequest | { readonly error: string } {
  const read = readBody(body, silenceOrder);
  if ("error" in read) return read;
  const { name, labels = {}, for: length, comment = "" } = read.said;
  const micros = parseDuration(length);
  const seconds = micros === undefined ? 0 : secondsOf(micros);
  if (seconds < 1 || seconds > SECONDS_MAX)
    return { error: `for ${quoted(length)}: ${FOR_WANTED}` };
  if (Object.keys(labels).length > LABELS_MAX) return { error: `labels: ${LABELS_WANTED}` };
  try {
    globMatcher(name);
  } catch {
    return { error: `name ${quoted(name)}: ${NAME_WANTED}` };
  }
  return { name, labels, seconds, comment };
}

/** Reads `{"id": "1f00a2c3"}` or `{"name": "sink_down"}`. */
export function readUnsilence(body: string): UnsilenceOrder | { readonly error: string } {
  const read = readBody(body, unsilenceOrder);
  return "error" in read ? read : oneOfTwo(read.said);
}

/** Reads `{"notifier": "ops"}`. */
export function readTest(
  body: string,
): v.InferOutput<typeof testOrder> | { readonly error: string } {
  const read = readBody(body, testOrder);
  return "error" in read ? read : read.said;
}

/** The same in a query. */
export function readUnsilenceQuery(url: string): UnsilenceOrder | { readonly error: string } {
  const read: Read<UnsilenceOrder> = readQuery(url, unsilenceQuery);
  return "error" in read ? read : oneOfTwo(read.query);
}

function oneOfTwo(order: UnsilenceOrder): UnsilenceOrder | { readonly error: string } {
  if ((order.id === undefined) !== (order.name === undefined)) return order;
  return { error: "Say which silences are to end, by id or by name" };
}

function readBody<Schema extends typeof silenceOrder | typeof unsilenceOrder | typeof testOrder>(
  body: string,
  schema: Schema,
): { readonly said: v.InferOutput<Schema> } | { readonly error: string } {
  const parsed = objectIn(body);
  if (parsed === undefined) {
    return { error: 'Body must be a JSON object such as {"name": "sink_down"}' };
  }
  const error = unknownField(Object.keys(parsed), Object.keys(schema.entries));
  if (error !== undefined) return { error };
  const read = v.safeParse(schema, parsed);
  if (read.success) return { said: read.output };
  const [{ path, message }] = read.issues;
  const name = String(path?.[0]?.key);
  const given = (parsed as Readonly<Record<string, unknown>>)[name]; // an object with any fields
  if (given === undefined) {
    const wanted = { for: FOR_WANTED, notifier: "must be the name of one" }[name] ?? NAME_WANTED;
    return { error: `${name} is missing: ${wanted}` };
  }
  return { error: `${name} ${quoted(given)}: ${message}` };
}
