import type { Context } from "hono";
import type { Clock } from "../../core/clock.ts";
import { SESSION_MS } from "../../core/limits.ts";
import type { Logger } from "../../core/logger.ts";
import { isEnough, type Role } from "../../core/role.ts";
import type { RouteDeclaration } from "../../core/route.ts";
import { secondsOf } from "../../core/time.ts";
import { jsonAnswer } from "../json-answer.ts";
import { Attempts } from "./attempts.ts";
import { CROSS_SITE_REFUSED, isCrossSite } from "./cross-site.ts";
import { type Identity, identify } from "./identity.ts";
import { isJwt, type OidcVerifier } from "./oidc.ts";
import { clientOf, type PeerCertificate, peerOf } from "./peer.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { csrfOf, sessionIdOf } from "./session-cookie.ts";
import { isCsrfTokenOf, Sessions } from "./sessions.ts";
import { digestOf, findToken, isAlive, type TokenEntry } from "./token-entry.ts";

/** What opens, by the settings in force. */
export interface Keys {
  /** Asked for each time, since a token may be made or revoked at any time. */
  readonly tokens: () => readonly TokenEntry[];
  /** The role of a certificate that was verified; undefined: it has none. */
  readonly roleOfCertificate?: ((certificate: PeerCertificate) => Role | undefined) | undefined;
  readonly oidc?: OidcVerifier | undefined;
  /** How long a dashboard stays signed in. Default: `SESSION_MS`. */
  readonly sessionMs?: number | undefined;
}

export interface GateOptions {
  readonly keys: Keys;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a session or a stream goes by: who it is now; undefined: nobody any more. */
type Holder = () => Identity | undefined;

/**
 * Tells who a client is: by the token that it shows, by the session of its browser, or by its
 * certificate. Lives as long as the service, so that a reload signs nobody out.
 */
export class Gate {
  readonly attempts: Attempts;
  readonly sessions: Sessions;
  readonly #clock: Clock;
  #keys: Keys;

  constructor({ keys, clock, logger }: GateOptions) {
    this.#keys = keys;
    this.#clock = clock;
    this.attempts = new Attempts(clock, logger);
    this.sessions = new Sessions(clock);
  }

  get sessionMs(): number {
    return this.#keys.sessionMs ?? SESSION_MS;
  }

  /** Other keys are in force: what the old ones opened, and these do not, ends. */
  follow(keys: Keys): void {
    this.#keys = keys;
  }

  /** The refusal of a request; undefined: it may come in, and who sent it is remembered. */
  async guard(c: Context, route: RouteDeclaration | undefined): Promise<Response | undefined> {
    const found = await this.#identityOf(c);
    if (found === undefined || "error" in found) return refuse(c, found, route);
    const { method } = c.req;
    const acts = route?.acts ?? (method !== "GET" && method !== "HEAD" && method !== "OPTIONS");
    // A browser sends these by itself, whichever page asks it to.
    if (acts && (found.via === "session" || found.via === "certificate")) {
      const forged = forgeryOf(c, found);
      if (forged !== undefined) return jsonAnswer(c, { error: forged }, 403);
    }
    if (route !== undefined && !isEnough(found.role, route.role)) {
      const error = `Role ${found.role} does not open ${method} ${c.req.path}: it takes ${rolesFor(route)}`;
      return jsonAnswer(c, { error }, 403);
    }
    identify(c, found);
    return undefined;
  }

  /** Whose token it is, or why it does not open. */
  async check(token: string, c: Context): Promise<Identity | Refusal> {
    const client = clientOf(peerOf(c));
    const digest = digestOf(token);
    const key = Buffer.from(digest).toString("base64url");
    const stayAwayMs = await this.attempts.turn(client, key);
    if (stayAwayMs !== undefined) {
      const error = "Too many wrong tokens came from here: try again in a moment";
      return { status: 429, error, retryAfterS: Math.max(Math.ceil(stayAwayMs / 1000), 1) };
    }
    const identity = this.#holderOf(digest)();
    const outcome = identity ?? (await this.#checkElse(token, digest));
    if (!("error" in outcome)) this.attempts.succeeded(client, key);
    else if (outcome.status === 401) this.attempts.failed(client);
    return outcome;
  }

  /** Begins the session of a browser. @param identity Whom {@link check} found. */
  begin(identity: Identity, token: string): { readonly id: string; readonly endsAtMs: number } {
    const { oidc } = this.#keys;
    const holder: Holder =
      identity.via === "token"
        ? this.#holderOf(digestOf(token))
        : // An issuer takes nothing back; the token's own end, and another issuer, end it.
          () => (identity.isCurrent() && this.#keys.oidc === oidc ? identity : undefined);
    return this.sessions.begin(holder, this.sessionMs);
  }

  async #identityOf(c: Context): Promise<Identity | Refusal | undefined> {
    const authorization = c.req.header("authorization");
    if (authorization !== undefined) {
      const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
      if (token !== undefined) return await this.check(token, c);
      this.attempts.failed(clientOf(peerOf(c)));
      return {
        status: 401,
        error: "Token is wrong: the header must be Authorization: Bearer TOKEN",
      };
    }
    const id = sessionIdOf(c);
    const session = id === undefined ? undefined : this.sessions.find(id);
    return session ?? this.#ofCertificate(peerOf(c).certificate);
  }

  #ofCertificate(certificate: PeerCertificate | undefined): Identity | undefined {
    if (certificate === undefined) return undefined;
    const roleNow = (): Role | undefined => this.#keys.roleOfCertificate?.(certificate);
    const role = roleNow();
    if (role === undefined) return undefined;
    const name = certificate.name ?? certificate.fingerprint;
    return { name, role, via: "certificate", isCurrent: () => roleNow() === role };
  }

  /** Who holds a token, for as long as it opens. */
  #holderOf(digest: Uint8Array): Holder {
    return () => {
      const entry = findToken(this.#keys.tokens(), digest);
      if (entry === undefined || !isAlive(entry, this.#nowMs())) return undefined;
      const { name, role, expiresAtMs } = entry;
      const isCurrent = (): boolean => this.#holderOf(digest)()?.role === role;
      return { name, role, via: "token", expiresAtMs, isCurrent };
    };
  }

  async #checkElse(token: string, digest: Uint8Array): Promise<Identity | Refusal> {
    if (findToken(this.#keys.tokens(), digest) !== undefined) {
      return { status: 401, error: "Token expired: have another one made" };
    }
    const { oidc } = this.#keys;
    if (oidc === undefined || !isJwt(token)) return { status: 401, error: "Token is wrong" };
    const outcome = await oidc.verify(token);
    switch (outcome.kind) {
      case "identity": {
        const { identity } = outcome;
        const isCurrent = (): boolean => identity.isCurrent() && this.#keys.oidc === oidc;
        return { ...identity, isCurrent };
      }
      case "wrong":
        return { status: 401, error: outcome.reason };
      case "no-role":
        return { status: 403, error: outcome.reason };
      case "unreachable":
        return { status: 503, error: outcome.reason, retryAfterS: 10 };
    }
  }

  #nowMs(): number {
    return secondsOf(this.#clock.now()) * 1_000;
  }
}

/** Why a request that acts may be the work of another page; undefined: it is not. */
function forgeryOf(c: Context, { via }: Identity): string | undefined {
  if (isCrossSite(c.req.raw.headers)) return CROSS_SITE_REFUSED;
  if (via !== "session") return undefined;
  const id = sessionIdOf(c);
  const shown = csrfOf(c);
  if (id !== undefined && shown !== undefined && isCsrfTokenOf(id, shown)) return undefined;
  return "The header x-csrf-token is missing or wrong: GET /session tells it";
}

function rolesFor({ role }: RouteDeclaration): string {
  return role === "operator" ? "operator" : `${role} or operator`;
}
