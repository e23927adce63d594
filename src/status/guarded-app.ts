import { Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { messageOf } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { peerOf } from "./access/peer.ts";
import { admission, type Guard } from "./admission.ts";
import { DASHBOARD_POLICY, isPage } from "./dashboard/serve-page.ts";
import { jsonAnswer } from "./json-answer.ts";
import type { RequestMeter } from "./request-meter.ts";
import type { RouteTable } from "./route-table.ts";

/** A year, for this name alone: what other names serve is not ours to say. */
const STRICT_TRANSPORT = "max-age=31536000";

export interface GuardedAppOptions {
  readonly table: RouteTable;
  readonly guard: Guard;
  readonly logger: Logger;
  /** Counts the requests; undefined: nobody wants to know. */
  readonly meter?: RequestMeter | undefined;
}

/**
 * An application without routes: whatever is routed in it afterwards is served only where the table
 * declares it, to whom the guard lets in, with the headers that keep browsers from misusing it.
 */
export function guardedApp({ table, guard, logger, meter }: GuardedAppOptions): Hono {
  const app = new Hono({ strict: false });
  if (meter !== undefined) app.use(meter.middleware(table));
  app.use(async (c, next) => {
    await next();
    // The page alone may load what belongs to it, and talk to us.
    if (isPage(c)) c.res.headers.set("content-security-policy", DASHBOARD_POLICY);
  });
  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      xFrameOptions: "DENY",
      strictTransportSecurity: false,
    }),
  );
  app.use(async (c, next) => {
    await next();
    // Said by a plain server it would mean nothing; behind a proxy with TLS it is the proxy's to say.
    if (peerOf(c).isSecure) c.res.headers.set("strict-transport-security", STRICT_TRANSPORT);
  });
  app.use(async (c, next) => {
    await next();
    if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
  });
  app.use(admission(table, guard));
  app.onError((thrown, c) => {
    if (c.req.raw.signal.aborted) {
      // Whoever cuts its own request could fill the log, and nobody reads the answer.
      logger.debug("A client left before its request was answered.", {
        path: c.req.path,
        error: messageOf(thrown),
      });
      return jsonAnswer(c, { error: "The request was cut off" }, 400);
    }
    // Details are for the log: they may say more than the client should know.
    logger.error("A request failed.", { path: c.req.path, error: messageOf(thrown) });
    return jsonAnswer(c, { error: "Internal error, see the log" }, 500);
  });
  return app;
}
