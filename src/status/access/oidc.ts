import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import { redact } from "../../core/redact.ts";
import { isEnough, type Role } from "../../core/role.ts";
import type { OidcSettings } from "../../core/settings.ts";
import { secondsOf } from "../../core/time.ts";
import type { Identity } from "./identity.ts";

/** Signatures by a private key alone: with `none` and `HS256` whoever reads the public key could sign. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

/** How far the clocks of the issuer and of this machine may be apart. */
const CLOCK_TOLERANCE_S = 30;

/** One request to the issuer. */
const TIMEOUT_MS = 5_000;

/** Keys are asked for again after this, and when one is named that is not among them. */
const KEYS_MS_MAX = 10 * 60_000;

/** A key that is not among them is looked for at most so often, whoever makes up names of keys. */
const COOLDOWN_MS = 10_000;

/** Answers of an issuer: some kilobytes are usual. */
const ANSWER_BYTES_MAX = 1024 * 1024;

const NAME_LENGTH_MAX = 128;

/** What became of a token of the issuer. */
export type OidcOutcome =
  | { readonly kind: "identity"; readonly identity: Identity }
  /** 401: it is wrong. */
  | { readonly kind: "wrong"; readonly reason: string }
  /** 403: it is right, and gives no role. */
  | { readonly kind: "no-role"; readonly reason: string }
  /** 503: nobody can say. */
  | { readonly kind: "unreachable"; readonly reason: string };

export interface OidcOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Pause between two requests for keys, for tests. */
  readonly cooldownMs?: number;
}

/** The issuer does not answer, or not as one. */
class IssuerError extends Error {}

/** Whether a token is one that an issuer may have made: three parts, the first of them JSON. */
export function isJwt(token: string): boolean {
  return /^eyJ[\w-]*\.[\w-]*\.[\w-]*$/.test(token);
}

/** Checks the tokens of an OpenID Connect issuer by its published keys. */
export class OidcVerifier {
  readonly #settings: OidcSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #cooldownMs: number;
  #keys: JWTVerifyGetKey | undefined;
  #discovering: Promise<JWTVerifyGetKey> | undefined;
  /** Why the issuer could not be asked, and until when that is taken for granted. */
  #failed: { readonly error: IssuerError; readonly untilMs: number } | undefined;

  constructor(settings: OidcSettings, { clock, logger, cooldownMs = COOLDOWN_MS }: OidcOptions) {
    this.#settings = settings;
    this.#clock = clock;
    this.#logger = logger;
    this.#cooldownMs = cooldownMs;
    if (settings.jwksUrl !== undefined) this.#keys = this.#keysAt(settings.jwksUrl);
  }

  async verify(token: string): Promise<OidcOutcome> {
    const { issuer, audience } = this.#settings;
    try {
      const { payload } = await jwtVerify(token, await this.#keySet(), {
        issuer,
        audience: [...audience],
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_S,
        // One that never ends could never be taken back.
        requiredClaims: ["exp"],
        currentDate: new Date(secondsOf(this.#clock.now()) * 1_000),
      });
      return this.#outcomeOf(payload);
    } catch (failure) {
      return outcomeOfFailure(failure);
    }
  }

  #outcomeOf(payload: JWTPayload): OidcOutcome {
    const { roleClaim, roles } = this.#settings;
    const values = textsOf(claimOf(payload, roleClaim));
    const given = roles.filter(([value]) => values.includes(value)).map(([, role]) => role);
    const role = largestOf(given);
    if (role === undefined) {
      const reason = `The claim "${roleClaim}" of the token names no role of this service`;
      return { kind: "no-role", reason };
    }
    const expiresAtMs = payload.exp! * 1_000; // it was asked for
    const isCurrent = (): boolean => secondsOf(this.#clock.now()) * 1_000 < expiresAtMs;
    const identity = { name: nameOf(payload), role, via: "oidc", expiresAtMs, isCurrent } as const;
    return { kind: "identity", identity };
  }

  async #keySet(): Promise<JWTVerifyGetKey> {
    if (this.#keys !== undefined) return this.#keys;
    // Whoever asks meanwhile waits for the same answer.
    this.#discovering ??= this.#discover().finally(() => (this.#discovering = undefined));
    return (this.#keys = await this.#discovering);
  }

  async #discover(): Promise<JWTVerifyGetKey> {
    const { issuer } = this.#settings;
    const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const keys = await this.#ask(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }, (found) => {
      if (found["issuer"] !== issuer) {
        const said = String(JSON.stringify(found["issuer"])).slice(0, NAME_LENGTH_MAX);
        throw new IssuerError(`${shownUrl(url)} is of the issuer ${said}, not of "${issuer}"`);
      }
      const at = typeof found["jwks_uri"] === "string" ? URL.parse(found["jwks_uri"]) : null;
      // There are URLs of files of this machine, too.
      if (at === null || !/^https?:$/.test(at.protocol)) {
        throw new IssuerError(`${shownUrl(url)} names no jwks_uri`);
      }
      if (issuer.startsWith("https:") && at.protocol !== "https:") {
        throw new IssuerError(`${shownUrl(url)} names a jwks_uri without TLS`);
      }
      return at.href;
    });
    return this.#keysAt(keys);
  }

  #keysAt(url: string): JWTVerifyGetKey {
    return createRemoteJWKSet(new URL(url), {
      timeoutDuration: TIMEOUT_MS,
      cooldownDuration: this.#cooldownMs,
      cacheMaxAge: KEYS_MS_MAX,
      [customFetch]: (asked, options) =>
        this.#ask(asked, options, (found) => {
          if (Array.isArray(found["keys"])) return Response.json(found);
          throw new IssuerError(`${shownUrl(asked)} answers with no set of keys`);
        }),
    });
  }

  /**
   * Asks the issuer. What fails is not tried again for a moment: whoever makes up tokens could have us ask
   * without pause.
   *
   * @throws {IssuerError} It does not answer, or not so that `read` takes it.
   */
  async #ask<Found>(
    url: string,
    init: AskOptions,
    read: (found: Readonly<Record<string, unknown>>) => Found,
  ): Promise<Found> {
    const failed = this.#failed;
    if (failed !== undefined && this.#clock.monotonicMs() < failed.untilMs) throw failed.error;
    try {
      const found = read(await ask(url, init));
      this.#failed = undefined;
      return found;
    } catch (failure) {
      const error = failure instanceof IssuerError ? failure : new IssuerError(messageOf(failure));
      this.#failed = { error, untilMs: this.#clock.monotonicMs() + this.#cooldownMs };
      this.#logger.warn("The issuer of tokens cannot be asked.", { error: messageOf(error) });
      throw error;
    }
  }
}

interface AskOptions {
  readonly signal?: AbortSignal;
  readonly headers?: Headers;
}

/** Asks the issuer, and takes no more than it may say. @throws {IssuerError} It does not answer. */
async function ask(url: string, init: AskOptions): Promise<Readonly<Record<string, unknown>>> {
  try {
    const answer = await fetch(url, { ...init, redirect: "error" });
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let length = 0;
    for await (const part of answer.body ?? []) {
      length += part.length;
      if (length > ANSWER_BYTES_MAX) {
        throw new IssuerError(`${shownUrl(url)} answers with more than ${ANSWER_BYTES_MAX} bytes`);
      }
      parts.push(part);
    }
    if (answer.status !== 200) {
      throw new IssuerError(`${shownUrl(url)} answers with status ${answer.status}`);
    }
    const found: unknown = await new Response(new Blob(parts)).json().catch(() => undefined);
    if (typeof found === "object" && found !== null) return { ...found };
    throw new IssuerError(`${shownUrl(url)} answers with no JSON`);
  } catch (failure) {
    if (failure instanceof IssuerError) throw failure;
    throw new IssuerError(`${shownUrl(url)} cannot be reached: ${messageOf(failure)}`);
  }
}

/** Without what comes after the path: strangers are told it, and some put keys there. */
function shownUrl(text: string): string {
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname}`;
}

/** The words of jose speak of claims and keys, and never hold the token. */
function outcomeOfFailure(failure: unknown): OidcOutcome {
  if (failure instanceof errors.JWTExpired) return wrong("it expired");
  if (failure instanceof errors.JWTClaimValidationFailed) {
    return wrong(`its claim "${failure.claim}" is not the one that is wanted`);
  }
  if (
    failure instanceof errors.JWKSNoMatchingKey ||
    failure instanceof errors.JWKSMultipleMatchingKeys
  ) {
    return wrong("no key of the issuer signed it");
  }
  if (failure instanceof errors.JWSSignatureVerificationFailed)
    return wrong("its signature is wrong");
  if (failure instanceof errors.JOSEAlgNotAllowed) return wrong("its algorithm is not taken");
  const isOfIssuer =
    failure instanceof IssuerError ||
    failure instanceof errors.JWKSTimeout ||
    failure instanceof errors.JWKSInvalid ||
    (failure instanceof errors.JOSEError && failure.code === "ERR_JOSE_GENERIC");
  if (isOfIssuer) {
    // Strangers read this, and a URL may hold a password.
    const reason = `The issuer of tokens cannot be asked: ${redact(messageOf(failure), [])}`;
    return { kind: "unreachable", reason };
  }
  return wrong("it cannot be read");
}

function wrong(reason: string): OidcOutcome {
  return { kind: "wrong", reason: `Token is wrong: ${reason}` };
}

/** A claim by its name, or by its path: `realm_access.roles`. */
function claimOf(payload: JWTPayload, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path];
  let at: unknown = payload;
  for (const key of path.split(".")) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[key];
  }
  return at;
}

/** A list, or words as in `scope`. */
function textsOf(claim: unknown): string[] {
  if (typeof claim === "string") return [claim, ...claim.split(" ")];
  return Array.isArray(claim) ? claim.filter((one): one is string => typeof one === "string") : [];
}

function largestOf(roles: readonly Role[]): Role | undefined {
  return roles.find((role) => roles.every((other) => isEnough(role, other))) ?? roles[0];
}

function nameOf({ preferred_username, email, sub }: JWTPayload): string {
  const name = [preferred_username, email, sub].find(
    (one) => typeof one === "string" && one !== "",
  );
  return typeof name === "string" ? name.slice(0, NAME_LENGTH_MAX) : "a user of the issuer";
}
