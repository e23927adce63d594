import type { Context } from "hono";
import * as v from "valibot";
import { decimal, wholeNumber } from "../http/parameters.ts";
import { type QuerySchema, readQuery } from "../http/query.ts";

/** Events of one answer unless the reader says otherwise. */
const LIMIT_DEFAULT = "1000";

/** More events at a time do not read faster. */
const LIMIT_MAX = 100_000;

/** The longest wait for a first event: shorter than the patience of the usual proxies between. */
export const WAIT_SECONDS_MAX = 60;

/** A request that is wrong, with the status of its answer. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: 400 | 413 | 415;

  constructor(message: string, options: { status?: 400 | 413 | 415 } = {}) {
    super(message);
    this.status = options.status ?? 400;
  }
}

const wait = v.optional(
  decimal({
    min: 0,
    max: WAIT_SECONDS_MAX,
    wanted: `must be a number of seconds from 0 to ${WAIT_SECONDS_MAX}`,
    about: "How long to wait for a first record, in seconds.",
  }),
  "0",
);

/** What a reader of a log may ask for. */
export const readerQuery = v.object({
  after: v.exactOptional(
    v.pipe(
      v.string(),
      v.regex(
        /^(?:0|[1-9]\d{0,15}|latest)?$/,
        'must be the VaBus-Cursor of an answer, or "latest"',
      ),
      v.description(
        "Where to go on: the `VaBus-Cursor` of the answer before. `latest`: with what comes next. Left out: at the oldest.",
      ),
    ),
  ),
  limit: v.optional(
    wholeNumber({ max: LIMIT_MAX, about: "How many records at most." }),
    LIMIT_DEFAULT,
  ),
  wait,
});

/** What who takes one event away may ask for. */
export const takerQuery = v.object({ wait });

/** @throws {RequestError} A parameter is unknown, given twice, or wrong. */
export function queryOf<Schema extends QuerySchema>(
  context: Context,
  schema: Schema,
): v.InferOutput<Schema> {
  const read = readQuery(context.req.url, schema);
  if ("error" in read) throw new RequestError(`Cannot read: ${read.error}`);
  return read.query;
}
