import * as v from "valibot";
import { BATCH_EVENTS } from "../../core/limits.ts";
import { millisOf, parseDuration } from "../../core/time.ts";

/** A duration as people write it; milliseconds from there on. */
const duration = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const micros = parseDuration(dataset.value);
    if (micros !== undefined) return millisOf(micros);
    addIssue({ message: 'must be a duration such as "30s"' });
    return NEVER;
  }),
);

const file = (description: string) =>
  v.pipe(v.optional(v.string()), v.metadata({ kind: "path" }), v.description(description));

const queryName = (name: string, meaning: string) =>
  v.pipe(
    v.optional(v.nullable(v.string()), name),
    v.description(`${meaning}; null leaves it out.`),
  );

const pathBelow = (path: string, meaning: string) =>
  v.pipe(v.optional(v.string(), path), v.description(`${meaning}, below the URL.`));

const secret = v.pipe(v.string(), v.nonEmpty(), v.metadata({ kind: "secret" }));

export const vabusOptions = v.strictObject({
  url: v.pipe(
    v.string(),
    v.check(isHttpUrl, "must be a URL that begins with http:// or https://"),
    v.description("Where the bus is; it may have a path, and user and password."),
  ),
  mode: v.pipe(
    v.optional(v.picklist(["log", "pop"]), "log"),
    v.description('"log" reads by cursor; "pop" takes single events away, which come only once.'),
  ),
  inFlight: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(256)), 1),
    v.description('Requests at a time in mode "pop"; a crash loses at most so many events.'),
  ),
  from: v.pipe(
    v.optional(v.picklist(["oldest", "latest"]), "oldest"),
    v.description("Where the very first read begins."),
  ),
  token: v.pipe(v.optional(secret), v.description("Sent as Authorization: Bearer.")),
  basic: v.pipe(
    v.optional(
      v.strictObject({
        user: v.pipe(v.string(), v.description("The user.")),
        password: v.pipe(secret, v.description("The password.")),
      }),
    ),
    v.description("User and password, where they do not stand in the URL."),
  ),
  headers: v.pipe(
    v.optional(v.record(v.string(), v.string()), {}),
    v.metadata({ type: "texts by their names", kind: "secret" }),
    v.description("Headers that every request carries. Their values are never shown."),
  ),
  ca: file("A file with the certificates of the authority that signed the bus's."),
  cert: file("A file with our own certificate, where the bus wants one."),
  key: file("A file with the key of our own certificate."),
  paths: v.pipe(
    v.optional(
      v.strictObject({
        events: pathBelow("events", "Batches of events"),
        event: pathBelow("event", "Single events"),
        metrics: pathBelow("metrics", "Where our own metrics go"),
      }),
      {},
    ),
    v.description("The paths of a bus that has others."),
  ),
  method: v.pipe(
    v.optional(v.picklist(["GET", "POST"]), "GET"),
    v.description("The method of reading."),
  ),
  query: v.pipe(
    v.optional(
      v.strictObject({
        after: queryName("after", "The cursor"),
        limit: queryName("limit", "How many events at most"),
        wait: queryName("wait", "How many seconds to wait for a first one"),
      }),
      {},
    ),
    v.description("The names of the query parameters."),
  ),
  cursor: v.pipe(
    v.optional(
      v.union([
        v.literal("none"),
        v.strictObject({ header: v.pipe(v.string(), v.description("Name of the header.")) }),
        v.strictObject({ field: v.pipe(v.string(), v.description("Path in the JSON: a.b.c.")) }),
      ]),
      { header: "VaBus-Cursor" },
    ),
    v.description(
      'Where the answer says how to go on: a header, a field of the JSON, or "none" for a bus that ' +
        "gives each event once: then a crash loses what was on its way.",
    ),
  ),
  items: v.pipe(
    v.optional(v.string()),
    v.description("Path of the records in a JSON answer (data.items); by default it is NDJSON."),
  ),
  decode: v.pipe(
    v.optional(v.custom<(record: unknown) => unknown>((input) => typeof input === "function")),
    v.description("Makes an event out of a record of another shape."),
  ),
  limit: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000)), BATCH_EVENTS),
    v.description("Events of one answer at most."),
  ),
  wait: v.pipe(
    v.optional(duration, "25s"),
    v.description("How long the bus may hold an empty answer back; at most half of idleTimeout."),
  ),
  timeout: v.pipe(
    v.optional(duration, "30s"),
    v.description("How long an answer may take beyond that."),
  ),
  gzip: v.pipe(v.optional(v.boolean(), true), v.description("Whether answers may be packed.")),
});

export type VabusOptions = v.InferOutput<typeof vabusOptions>;

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

/** Where it is, without user, password and whatever the query may hold. */
export function describeVabus(options: { readonly url: string }): string {
  const { protocol, host, pathname } = new URL(options.url);
  return `${protocol}//${host}${pathname}`.replace(/\/$/, "");
}
