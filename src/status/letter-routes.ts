import type { Context } from "hono";
import { TransientError } from "../core/errors.ts";
import { jsonAnswer } from "./json-answer.ts";
import { type LetterOrder, readLetterOrder } from "./letter-order.ts";
import { logDone, logFailed, type OperatorOptions } from "./operator-log.ts";
import type { Route } from "./route.ts";

/**
 * `POST /dead-letters/replay` and `/dead-letters/purge`. What is asked for stands in the query or in a JSON
 * body: `{"reason": "unknown_function", "through": 4711}`. 400 when that is wrong, 503 when it cannot be done
 * now, 409 when this service cannot do it at all.
 */
export function letterRoutes(options: OperatorOptions): Route[] {
  const { control } = options;
  const replay = control?.replayDeadLetters;
  const purge = control?.purgeDeadLetters;
  const replaying = route("replay", replay, (order) => {
    if (order.reason === "late") {
      return "Late events cannot be replayed: their windows are closed for good. Export them instead";
    }
    return undefined;
  });
  const purgeSome = async ({ reason, through }: LetterOrder): Promise<unknown> => {
    const purged = await purge!({ reason, through: through ?? Number.MAX_SAFE_INTEGER });
    return { purged };
  };
  const purging = route("purge", purge && purgeSome, ({ seqs, through, all }) => {
    if (seqs !== undefined) return "Cannot purge by seqs: say which ones by through";
    if (all === (through !== undefined))
      return "Cannot purge: say which ones, by through or by all";
    return undefined;
  });

  return [replaying, purging];

  function route(
    verb: keyof typeof ABOUT,
    action: ((order: LetterOrder) => Promise<unknown>) | undefined,
    refuse: (order: LetterOrder) => string | undefined,
  ): Route {
    const path = `/dead-letters/${verb}`;
    const answer = async (c: Context): Promise<Response> => {
      if (action === undefined) {
        return jsonAnswer(c, { error: "This service has no dead letters to work on" }, 409);
      }
      const order = readLetterOrder(c.req.url, await c.req.text());
      const error = "error" in order ? order.error : refuse(order);
      if ("error" in order || error !== undefined) return jsonAnswer(c, { error }, 400);
      try {
        const outcome = await action(order);
        logDone(c, options, { path, outcome });
        return jsonAnswer(c, outcome);
      } catch (failure) {
        const why = logFailed(c, options, { path, failure });
        return jsonAnswer(c, { error: why }, failure instanceof TransientError ? 503 : 409);
      }
    };
    return { method: "POST", path, role: "operator", about: ABOUT[verb], answer };
  }
}

const ABOUT = {
  replay: "takes refused events back after a fix",
  purge: "removes refused events for good",
} as const;
