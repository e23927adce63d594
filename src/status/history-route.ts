import type { Context } from "hono";
import { FatalError, TransientError } from "../core/errors.ts";
import { redact } from "../core/redact.ts";
import type { PipelineView } from "../pipeline/view.ts";
import { jsonAnswer } from "./json-answer.ts";
import { readHistoryQuery } from "./result-queries.ts";
import type { Route } from "./route.ts";

/** Seconds until it is worth another try. */
const RETRY_AFTER_S = "5";

/**
 * `GET /history`: a series as far back as a sink of its rule holds it. 409 when no sink can be read, 503
 * when the one that can be is away or took too long.
 */
export function historyRoute(view: PipelineView, secrets: readonly string[]): Route {
  return {
    method: "GET",
    path: "/history",
    role: "viewer",
    about:
      "a series as far back as a sink holds it; ?rule=, ?name=, ?agg_func=, ?labels=, ?from=, ?to= and ?points=",
    async answer(c: Context) {
      const read = readHistoryQuery(c.req.url);
      if ("error" in read) return jsonAnswer(c, read, 400);
      try {
        return jsonAnswer(c, await view.history(read.query));
      } catch (failure) {
        if (failure instanceof FatalError) {
          return jsonAnswer(c, { error: redact(failure.message, secrets) }, 409);
        }
        if (!(failure instanceof TransientError)) throw failure;
        c.header("retry-after", RETRY_AFTER_S);
        return jsonAnswer(c, { error: redact(failure.message, secrets) }, 503);
      }
    },
  };
}
