import type { Context, Hono } from "hono";
import { messageOf, TransientError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { redact } from "../core/redact.ts";
import type { ServiceControl } from "../pipeline/control.ts";
import { jsonAnswer } from "./json-answer.ts";
import { type LetterOrder, readLetterOrder } from "./letter-order.ts";

export interface LetterRouteOptions {
  readonly control: ServiceControl | undefined;
  readonly logger: Logger;
  readonly secrets: readonly string[];
}

/** What can be done with dead letters, by the route. */
export const LETTER_ACTIONS = ["/dead-letters/replay", "/dead-letters/purge"] as const;

/**
 * `POST /dead-letters/replay` and `/dead-letters/purge`. What is asked for stands in the query or in a JSON
 * body: `{"reason": "unknown_function", "through": 4711}`. 400 when that is wrong, 503 when it cannot be done
 * now, 409 when this service cannot do it at all.
 */
export function addLetterRoutes(app: Hono, options: LetterRouteOptions): void {
  const { control, logger, secrets } = options;
  const replay = control?.replayDeadLetters;
  const purge = control?.purgeDeadLetters;
  add("/dead-letters/replay", replay, (order) => {
    if (order.reason === "late") {
      return "Late events cannot be replayed: their windows are closed for good. Export them instead";
    }
    return undefined;
  });
  const purgeSome = async ({ reason, through }: LetterOrder): Promise<unknown> => {
    const purged = await purge!({ reason, through: through ?? Number.MAX_SAFE_INTEGER });
    return { purged };
  };
  add("/dead-letters/purge", purge && purgeSome, ({ seqs, through, all }) => {
    if (seqs !== undefined) return "Cannot purge by seqs: say which ones by through";
    if (all === (through !== undefined))
      return "Cannot purge: say which ones, by through or by all";
    return undefined;
  });

  function add(
    path: (typeof LETTER_ACTIONS)[number],
    action: ((order: LetterOrder) => Promise<unknown>) | undefined,
    refuse: (order: LetterOrder) => string | undefined,
  ): void {
    app.post(path, async (c: Context) => {
      if (action === undefined) {
        return jsonAnswer(c, { error: "This service has no dead letters to work on" }, 409);
      }
      const order = readLetterOrder(c.req.url, await c.req.text());
      const error = "error" in order ? order.error : refuse(order);
      if ("error" in order || error !== undefined) return jsonAnswer(c, { error }, 400);
      try {
        const outcome = await action(order);
        logger.info("An operator asked over HTTP, and it is done.", { path, outcome });
        return jsonAnswer(c, outcome);
      } catch (failure) {
        const why = redact(messageOf(failure), secrets);
        logger.warn("An operator asked over HTTP, and it cannot be done.", { path, error: why });
        return jsonAnswer(c, { error: why }, failure instanceof TransientError ? 503 : 409);
      }
    });
    app.all(path, (c) => {
      c.header("allow", "POST");
      return jsonAnswer(c, { error: `Method ${c.req.method} is not allowed here` }, 405);
    });
  }
}
