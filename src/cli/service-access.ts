import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { Role } from "../core/role.ts";
import type { OidcSettings, StatusSettings, TlsSettings } from "../core/settings.ts";
import { secondsOf } from "../core/time.ts";
import { Gate, type Keys } from "../status/access/gate.ts";
import { OidcVerifier } from "../status/access/oidc.ts";
import type { PeerCertificate } from "../status/access/peer.ts";
import { digestOf, makeToken, type TokenEntry } from "../status/access/token-entry.ts";
import { type Access, isLoopback } from "../status/auth.ts";
import { type KeptToken, KeptTokens } from "./kept-tokens.ts";

export interface ServiceAccessOptions {
  /** What outlives the process; this one alone uses it. */
  readonly folder: string;
  readonly status: StatusSettings;
  /** For which of them a token is made where there is none. Default: all. */
  readonly roles?: readonly Role[];
  readonly clock: Clock;
  readonly logger: Logger;
}

interface MadeToken {
  readonly entry: KeptToken;
  readonly token: string;
}

/** One line for a person. */
export interface TokenLine {
  /** `token` is the one that opens everything. */
  readonly label: "token" | "viewer" | "ingest";
  readonly text: string;
}

const ALL: readonly Role[] = ["operator", "viewer", "ingest"];

const ABOUT: Readonly<Record<Role, string>> = {
  operator: "",
  viewer: "looks, no more ",
  ingest: "publishes to the bus and reads it, no more ",
};

/** Who may come in to a service, by its settings and by the tokens that are kept beside its state. */
export class ServiceAccess {
  readonly access: Access;
  readonly #kept: KeptTokens;
  readonly #roles: readonly Role[];
  readonly #clock: Clock;
  readonly #logger: Logger;
  #status: StatusSettings;
  #ofSettings: readonly TokenEntry[] = [];
  #oidc: { readonly settings: OidcSettings; readonly verifier: OidcVerifier } | undefined;
  /** Made right now, since nothing else would open; kept when they are told. */
  #made: readonly MadeToken[] = [];
  #isKeptUsable = true;

  /** @throws {FatalError} What is kept cannot be read. */
  constructor({ folder, status, roles = ALL, clock, logger }: ServiceAccessOptions) {
    this.#roles = roles;
    this.#kept = new KeptTokens(folder);
    this.#clock = clock;
    this.#logger = logger;
    this.#status = status;
    const isOpen = isLoopback(status.host) && status.loopback !== "token";
    if (isOpen) {
      this.access = { mode: "open" };
      return;
    }
    // One that cannot be read is found now, not at the first request.
    this.#kept.read();
    this.access = { mode: "token", gate: new Gate({ keys: this.#take(status), clock, logger }) };
  }

  /** Other settings are in force: what opened by the old ones alone opens no more. */
  follow(status: StatusSettings): void {
    if (this.access.mode === "token") this.access.gate.follow(this.#take(status));
  }

  /**
   * What to say of the tokens, a line each. Whoever calls this says it: tokens that were made now are kept
   * from here on, so that one that nobody saw is made again.
   *
   * @throws {FatalError} They cannot be kept.
   */
  announce(): TokenLine[] {
    if (this.access.mode === "open") return [];
    if (this.#made.length > 0) {
      const made = this.#made;
      this.#kept.change((kept) => [...kept, ...made.map(({ entry }) => entry)]);
      this.#made = [];
      return made.map(({ entry: { role }, token }) => ({
        label: role === "operator" ? "token" : role,
        text: `${token} ${ABOUT[role]}(shown this once)`,
      }));
    }
    if (this.#isSettled()) return [];
    const text =
      this.#kept.read()?.length === 0
        ? "none opens: aggregator token make makes one"
        : "as printed when they were made; aggregator token list, make and revoke see to them";
    return [{ label: "token", text }];
  }

  #take(status: StatusSettings): Keys {
    const { token, tokens = [], oidc, tls, sessionMs } = status;
    this.#status = status;
    this.#ofSettings = [
      ...(token === undefined
        ? []
        : [{ name: "operator", role: "operator" as const, digest: digestOf(token) }]),
      ...tokens.map((one) => ({ ...one, digest: digestOf(one.token) })),
    ];
    if (JSON.stringify(oidc) !== JSON.stringify(this.#oidc?.settings)) {
      this.#oidc = oidc && {
        settings: oidc,
        verifier: new OidcVerifier(oidc, { clock: this.#clock, logger: this.#logger }),
      };
    }
    const needsToken = !this.#isSettled() && this.#keptNow() === undefined;
    this.#made = needsToken ? this.#make() : [];
    return {
      tokens: () => this.#tokens(),
      roleOfCertificate: (certificate) => roleOf(certificate, tls),
      oidc: this.#oidc?.verifier,
      sessionMs,
    };
  }

  /** Whether the settings themselves let somebody in. */
  #isSettled(): boolean {
    const { oidc, tls } = this.#status;
    // Machines with certificates of their own leave no person a way in.
    const byCertificate = tls?.clients.some(([, role]) => role === "operator") === true;
    return this.#ofSettings.length > 0 || oidc !== undefined || byCertificate;
  }

  #tokens(): readonly TokenEntry[] {
    const isSettled = this.#isSettled();
    const kept = (this.#keptNow() ?? []).filter(({ madeBy }) => madeBy === "command" || !isSettled);
    return [...this.#ofSettings, ...kept, ...this.#made.map(({ entry }) => entry)];
  }

  /** What cannot be read opens nothing. Undefined: none were ever made. */
  #keptNow(): readonly KeptToken[] | undefined {
    try {
      const kept = this.#kept.read();
      this.#isKeptUsable = true;
      return kept;
    } catch (failure) {
      if (this.#isKeptUsable) {
        this.#logger.error("The kept tokens cannot be read: none of them opens.", {
          error: messageOf(failure),
        });
      }
      this.#isKeptUsable = false;
      return [];
    }
  }

  #make(): MadeToken[] {
    const madeAtMs = secondsOf(this.#clock.now()) * 1_000;
    return this.#roles.map((role) => {
      const token = makeToken();
      const digest = digestOf(token);
      return { token, entry: { name: role, role, digest, madeAtMs, madeBy: "start" } };
    });
  }
}

/** A key that is the fingerprint of one certificate: no other one may have it for its name. */
const FINGERPRINT = /^[0-9a-f]{64}$/;

/** By its fingerprint, which is one certificate's, before its name, which the authority gives. */
function roleOf(
  { name, fingerprint }: PeerCertificate,
  tls: TlsSettings | undefined,
): Role | undefined {
  const clients = tls?.clients ?? [];
  const printOf = (key: string): string => key.replaceAll(":", "").toLowerCase();
  const found =
    clients.find(([key]) => printOf(key) === fingerprint) ??
    clients.find(([key]) => key === name && !FINGERPRINT.test(printOf(key)));
  return found?.[1];
}
