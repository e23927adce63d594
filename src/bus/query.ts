import type { Context } from "hono";

/** Events of one answer unless the reader says otherwise. */
const LIMIT_DEFAULT = 1_000;

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

/** @throws {RequestError} `limit` is no integer from 1 to 100,000. */
export function limitOf(context: Context): number {
  const text = context.req.query("limit");
  if (text === undefined) return LIMIT_DEFAULT;
  const limit = Number(text);
  if (/^\d{1,6}$/.test(text) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new RequestError(
    `Cannot read with limit ${JSON.stringify(text)}: it must be an integer from 1 to ${LIMIT_MAX}`,
  );
}

/** @throws {RequestError} `wait` is no number of seconds from 0 to 60. */
export function waitMsOf(context: Context): number {
  const text = context.req.query("wait");
  if (text === undefined) return 0;
  const seconds = Number(text);
  if (/^\d{1,4}(?:\.\d{1,6})?$/.test(text) && seconds <= WAIT_SECONDS_MAX) return seconds * 1000;
  throw new RequestError(
    `Cannot wait for ${JSON.stringify(text)}: ` +
      `wait must be a number of seconds from 0 to ${WAIT_SECONDS_MAX}`,
  );
}
