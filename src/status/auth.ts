import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { StatusSettings } from "../core/settings.ts";
import type { Guard } from "./admission.ts";
import { answerSignIn, wantsPage } from "./dashboard/serve-page.ts";
import { jsonAnswer } from "./json-answer.ts";

/** Who may come in: on loopback everyone on this machine, else whoever shows the bearer token. */
export type Access = { readonly mode: "open" } | TokenAccess;

export type TokenAccess = {
  readonly mode: "token";
  /** SHA-256 of the token. */
  readonly digest: Uint8Array;
} & (
  | { readonly origin: "settings" }
  | { readonly origin: "kept" }
  /** Made right now: it must be told to a person, once, or nobody can come in. */
  | { readonly origin: "made"; readonly token: string }
);

/** Bytes of a token that is made: as strong as a key of AES-256. */
const TOKEN_BYTES = 32;

/**
 * Loopback is open; any other address takes the token of the settings, else the one that was made at
 * an earlier start, else one that is made now.
 *
 * @param kept Gives the SHA-256 of the one of an earlier start; called only where it counts.
 */
export function decideAccess(
  status: Pick<StatusSettings, "host" | "token">,
  kept: () => Uint8Array | undefined,
): Access {
  if (isLoopback(status.host)) return { mode: "open" };
  if (status.token !== undefined) {
    return { mode: "token", origin: "settings", digest: digestOf(status.token) };
  }
  const digest = kept();
  if (digest !== undefined) return { mode: "token", origin: "kept", digest };
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  return { mode: "token", origin: "made", token, digest: digestOf(token) };
}

/** Whether a host name or address, with or without brackets, can only mean this machine. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  return name === "localhost" || name === "::1" || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(name);
}

/** Lets in whom the access is for. */
export function guardOf(access: Access): Guard {
  return access.mode === "open" ? localOnly : bearer(access.digest);
}

function bearer(wanted: Uint8Array): Guard {
  return (c, route) => {
    const match = /^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "");
    // Digests are of one length, so that the comparison tells nothing of the token's.
    if (match !== null && timingSafeEqual(digestOf(match[1]!), wanted)) return undefined;
    const isMissing = c.req.header("authorization") === undefined;
    const challenge = `Bearer realm="aggregator"${isMissing ? "" : ', error="invalid_token"'}`;
    c.header("www-authenticate", challenge);
    // The page says nothing of the service: it asks for the token, and shows what that opens.
    if (route?.path === "/" && wantsPage(c)) return answerSignIn(c);
    const error = isMissing
      ? "Token required: send the header Authorization: Bearer TOKEN"
      : "Token is wrong";
    return jsonAnswer(c, { error }, 401);
  };
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
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
    const error = `Host ${JSON.stringify(host)} is refused: without a token only localhost is served`;
    return jsonAnswer(c, { error }, 403);
  }
  const { method } = c.req;
  const acts = route?.acts ?? (method !== "GET" && method !== "HEAD");
  if (acts && isCrossSite(c.req.raw.headers)) {
    return jsonAnswer(c, { error: "Requests from pages of other sites are refused" }, 403);
  }
  return undefined;
};

/** Browsers send these headers and let no page forge them; other clients send none of them. */
function isCrossSite(headers: Headers): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return true;
  const origin = headers.get("origin");
  return origin !== null && URL.parse(origin)?.host !== headers.get("host");
}

function hostnameOf(host: string): string {
  return URL.parse(`http://${host}`)?.hostname ?? "";
}
