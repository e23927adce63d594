import { CROSS_SITE_REFUSED, isCrossSite } from "./access/cross-site.ts";
import type { Gate } from "./access/gate.ts";
import { identify, LOCAL } from "./access/identity.ts";
import type { Guard } from "./admission.ts";
import { jsonAnswer } from "./json-answer.ts";

/** Who may come in: everyone on this machine, or whoever shows that it may. */
export type Access = { readonly mode: "open" } | { readonly mode: "token"; readonly gate: Gate };

/** Whether a host name or address, with or without brackets, can only mean this machine. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  return name === "localhost" || name === "::1" || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(name);
}

/** Lets in whom the access is for. */
export function guardOf(access: Access): Guard {
  return access.mode === "open" ? localOnly : (c, route) => access.gate.guard(c, route);
}

/**
 * On loopback the browser of the same machine is the way in for strangers: a page whose name was made to
 * point here (its `Host` is not loopback), or a page from elsewhere that sends a form (its `Origin` is
 * not ours). What only reads needs no second check, since no page may read our answers; what takes an
 * event away does, whatever the method: nobody else would get that event.
 */
const localOnly: Guard = (c, route) => {
  const host = c.req.header("host");
  if (host !== undefined && !isLoopback(hostnameOf(host))) {
    const error =
      `Host ${JSON.stringify(host)} is refused: without a token only localhost is served; ` +
      'behind a proxy set status.loopback to "token"';
    return jsonAnswer(c, { error }, 403);
  }
  const { method } = c.req;
  const acts = route?.acts ?? (method !== "GET" && method !== "HEAD");
  if (acts && isCrossSite(c.req.raw.headers)) {
    return jsonAnswer(c, { error: CROSS_SITE_REFUSED }, 403);
  }
  identify(c, LOCAL);
  return undefined;
};

function hostnameOf(host: string): string {
  return URL.parse(`http://${host}`)?.hostname ?? "";
}
