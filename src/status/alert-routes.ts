import type { Context } from "hono";
import { messageOf } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { redact } from "../core/redact.ts";
import type { ServiceControl } from "../pipeline/control.ts";
import { askerOf } from "./access/identity.ts";
import { readSilence, readTest, readUnsilence, readUnsilenceQuery } from "./alert-order.ts";
import { jsonAnswer } from "./json-answer.ts";
import type { Route } from "./route.ts";

export interface AlertRouteOptions {
  readonly control: ServiceControl | undefined;
  readonly logger: Logger;
  readonly secrets: readonly string[];
}

/**
 * `POST /alerts/silence` and `/alerts/unsilence` with a JSON body: 200 with the silence, or with how many ended;
 * 400 when the body is wrong, 409 when it cannot be done. `DELETE /alerts/silence?id=` is the second one, too.
 */
export function alertRoutes(options: AlertRouteOptions): Route[] {
  const { control, logger, secrets } = options;
  const silence = control?.silenceAlerts;
  const unsilence = control?.unsilenceAlerts;
  const test = control?.testNotifier;
  const role = "operator";
  return [
    {
      method: "POST",
      path: "/alerts/silence",
      role,
      about: "tells nobody of some alerts for a while",
      async answer(c) {
        const order = readSilence(await c.req.text());
        if ("error" in order) return jsonAnswer(c, order, 400);
        return await act(c, silence && (() => silence(order)));
      },
    },
    {
      method: "POST",
      path: "/alerts/unsilence",
      role,
      about: "ends silences before their time",
      answer: async (c) => await end(c, readUnsilence(await c.req.text())),
    },
    {
      method: "POST",
      path: "/alerts/test",
      role,
      about: "sends a test message to a notifier",
      async answer(c) {
        const order = readTest(await c.req.text());
        if ("error" in order) return jsonAnswer(c, order, 400);
        const { notifier } = order;
        const send = async (): Promise<unknown> => {
          await test!(notifier);
          return { told: notifier };
        };
        return await act(c, test && send);
      },
    },
    {
      method: "DELETE",
      path: "/alerts/silence",
      role,
      about: "the same; ?id= or ?name=",
      answer: async (c) => await end(c, readUnsilenceQuery(c.req.url)),
    },
  ];

  async function end(c: Context, order: ReturnType<typeof readUnsilence>): Promise<Response> {
    if ("error" in order) return jsonAnswer(c, order, 400);
    return await act(c, unsilence && (async () => ({ removed: await unsilence(order) })));
  }

  async function act(c: Context, work: (() => Promise<unknown>) | undefined): Promise<Response> {
    const { path } = c.req;
    if (work === undefined) return jsonAnswer(c, { error: "This service has no alerts" }, 409);
    try {
      const outcome = await work();
      logger.info("An operator asked over HTTP, and it is done.", { path, outcome, ...askerOf(c) });
      return jsonAnswer(c, outcome);
    } catch (failure) {
      const error = redact(messageOf(failure), secrets);
      logger.warn("An operator asked over HTTP, and it cannot be done.", {
        path,
        error,
        ...askerOf(c),
      });
      return jsonAnswer(c, { error }, 409);
    }
  }
}
