import type { Context } from "hono";
import { readSilence, readTest, readUnsilence, readUnsilenceQuery } from "./alert-order.ts";
import { jsonAnswer } from "./json-answer.ts";
import { logDone, logFailed, type OperatorOptions } from "./operator-log.ts";
import type { Route } from "./route.ts";

/**
 * `POST /alerts/silence` and `/alerts/unsilence` with a JSON body: 200 with the silence, or with how many ended;
 * 400 when the body is wrong, 409 when it cannot be done. `DELETE /alerts/silence?id=` is the second one, too.
 */
export function alertRoutes(options: OperatorOptions): Route[] {
  const { control } = options;
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
      logDone(c, options, { path, outcome });
      return jsonAnswer(c, outcome);
    } catch (failure) {
      return jsonAnswer(c, { error: logFailed(c, options, { path, failure }) }, 409);
    }
  }
}
