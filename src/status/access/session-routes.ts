import type { Context } from "hono";
import type { Logger } from "../../core/logger.ts";
import { jsonAnswer } from "../json-answer.ts";
import type { Route } from "../route.ts";
import { CROSS_SITE_REFUSED, isCrossSite } from "./cross-site.ts";
import type { Gate } from "./gate.ts";
import { identityOf, viewOf } from "./identity.ts";
import { refuse } from "./refusal.ts";
import { giveSession, sessionIdOf, takeSession } from "./session-cookie.ts";
import { csrfTokenOf } from "./sessions.ts";

export interface SessionRouteOptions {
  /** Undefined: nobody needs to sign in. */
  readonly gate: Gate | undefined;
  readonly logger: Logger;
}

/** Signing in and out, for browsers: other clients show their token each time. */
export function sessionRoutes({ gate, logger }: SessionRouteOptions): Route[] {
  return [
    {
      method: "POST",
      path: "/login",
      role: "none",
      about: "signs a browser in: the token in JSON or as a form, answered with a cookie",
      answer: (c) => logIn(c, gate, logger),
    },
    {
      method: "POST",
      path: "/logout",
      role: "any",
      about: "ends the session of the cookie",
      answer(c) {
        const id = sessionIdOf(c);
        if (id !== undefined) gate?.sessions.end(id);
        takeSession(c);
        return jsonAnswer(c, { signed_in: false });
      },
    },
    {
      method: "GET",
      path: "/session",
      role: "any",
      about: "who asks: the name and role of the token",
      answer(c) {
        const id = sessionIdOf(c);
        const identity = identityOf(c)!; // no guard lets in who has none
        const csrf = identity.via === "session" && id !== undefined ? csrfTokenOf(id) : undefined;
        return jsonAnswer(c, { ...viewOf(identity), ...(csrf && { csrf_token: csrf }) });
      },
    },
  ];
}

async function logIn(c: Context, gate: Gate | undefined, logger: Logger): Promise<Response> {
  if (isCrossSite(c.req.raw.headers)) {
    return jsonAnswer(c, { error: CROSS_SITE_REFUSED }, 403);
  }
  const token = await tokenIn(c);
  if (token === undefined) {
    const error = 'Body must hold the token: {"token": "…"}, or token=… as a form';
    return jsonAnswer(c, { error }, 400);
  }
  if (gate === undefined) {
    return jsonAnswer(c, { error: "Nobody has to sign in here: this machine is let in" }, 409);
  }
  const found = await gate.check(token, c);
  if ("error" in found) return refuse(c, found);
  if (found.role === "ingest") {
    const error = "This token is for the bus alone: the dashboard takes viewer or operator";
    return jsonAnswer(c, { error }, 403);
  }
  const before = sessionIdOf(c);
  if (before !== undefined) gate.sessions.end(before);
  const { id, endsAtMs } = gate.begin(found, token);
  giveSession(c, id, gate.sessionMs);
  logger.info("A dashboard was signed in.", { name: found.name, role: found.role });
  const session = { ...viewOf({ ...found, via: "session", expiresAtMs: endsAtMs }) };
  return jsonAnswer(c, { ...session, csrf_token: csrfTokenOf(id) });
}

/** Longer texts are no tokens; a JWT with many roles has some kilobytes. */
export const TOKEN_LENGTH_MAX = 16 * 1024;

async function tokenIn(c: Context): Promise<string | undefined> {
  const text = await c.req.text();
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(c.req.header("content-type") ?? "");
  let token: unknown;
  if (isForm) token = new URLSearchParams(text).get("token");
  else {
    try {
      token = (JSON.parse(text) as { readonly token?: unknown } | null)?.token;
    } catch {
      return undefined;
    }
  }
  return typeof token === "string" && token !== "" && token.length <= TOKEN_LENGTH_MAX
    ? token
    : undefined;
}
