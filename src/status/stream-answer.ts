import type { Context } from "hono";
import { jsonAnswer } from "./json-answer.ts";

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "x-accel-buffering": "no",
} as const;

/** Answers with server-sent events. @param tooMany Why there are none when `open` gives none. */
export function streamAnswer(
  c: Context,
  open: () => ReadableStream<Uint8Array> | undefined,
  tooMany: string,
): Response {
  // Nobody would read it.
  if (c.req.raw.method === "HEAD") return c.body(null, 200, HEADERS);
  const stream = open();
  if (stream !== undefined) return c.body(stream, 200, HEADERS);
  c.header("retry-after", "30");
  return jsonAnswer(c, { error: tooMany }, 503);
}
