import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { CookieOptions } from "hono/utils/cookie";
import { peerOf } from "./peer.ts";

const CSRF_HEADER = "x-csrf-token";

/** The id of the session that a browser shows; undefined: none. */
export function sessionIdOf(c: Context): string | undefined {
  return getCookie(c, nameFor(c));
}

/** What a page of ours sends along with what acts. */
export function csrfOf(c: Context): string | undefined {
  return c.req.header(CSRF_HEADER);
}

/** Hands a browser its session: no script can read it, and no other site can have it sent. */
export function giveSession(c: Context, id: string, lastsMs: number): void {
  setCookie(c, nameFor(c), id, {
    ...optionsFor(c),
    maxAge: Math.max(Math.floor(lastsMs / 1000), 1),
  });
}

export function takeSession(c: Context): void {
  deleteCookie(c, nameFor(c), optionsFor(c));
}

/** Cookies know no ports: two services of one host would sign each other out. */
function nameFor(c: Context): string {
  const port = URL.parse(`http://${c.req.header("host") ?? ""}`)?.port || "default";
  // With this prefix no page without TLS, and no other name of the domain, can set it.
  return `${isSecure(c) ? "__Host-" : ""}aggregator_session_${port}`;
}

function optionsFor(c: Context): CookieOptions {
  return { httpOnly: true, sameSite: "Strict", path: "/", secure: isSecure(c) };
}

function isSecure(c: Context): boolean {
  return peerOf(c).isSecure === true;
}
