import type { Context } from "hono";

type Status = 200 | 400 | 401 | 403 | 404 | 405 | 409 | 413 | 422 | 429 | 500 | 503;

/** For eyes as well as for programs: indented, and with a line feed at its end for the terminal. */
export function jsonAnswer(c: Context, value: unknown, status: Status = 200): Response {
  const type = { "content-type": "application/json; charset=utf-8" };
  return c.body(`${JSON.stringify(value, null, 2)}\n`, status, type);
}
