import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import { SIGNED_IN_BY_ONE_MAX, SIGNED_IN_MAX, TOKEN_BYTES } from "../../core/limits.ts";
import { secondsOf } from "../../core/time.ts";
import type { Identity } from "./identity.ts";

interface Session {
  /** Who showed the token. Asked again at every use: a revoked token ends its sessions. */
  readonly holder: () => Identity | undefined;
  readonly endsAtMs: number;
  /** Whose it is: one token may have many. */
  readonly owner: string;
}

/** A session that was begun: both are told to the browser once. */
export interface BegunSession {
  /** The value of its cookie. */
  readonly id: string;
  readonly endsAtMs: number;
}

/**
 * Dashboards that are signed in, in memory: after a restart one signs in again. Kept by the hash of
 * their ids.
 */
export class Sessions {
  readonly #clock: Clock;
  /** The oldest first. */
  readonly #sessions = new Map<string, Session>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    this.#forgetEnded();
    return this.#sessions.size;
  }

  /** @param holder Who it is for, for as long as that is so; undefined: it is no more. */
  begin(holder: () => Identity | undefined, lastsMs: number): BegunSession {
    this.#forgetEnded();
    const id = randomBytes(TOKEN_BYTES).toString("base64url");
    const ends = this.#nowMs() + lastsMs;
    const identity = holder();
    const endsAtMs = Math.min(ends, identity?.expiresAtMs ?? ends);
    const owner = `${identity?.via} ${identity?.name}`;
    this.#makeRoom(owner);
    this.#sessions.set(keyOf(id), { holder, endsAtMs, owner });
    return { id, endsAtMs };
  }

  /** Whose session it is; undefined: nobody's any more. */
  find(id: string): Identity | undefined {
    const key = keyOf(id);
    const identity = this.#holderOf(key);
    if (identity === undefined) return undefined;
    const { name, role } = identity;
    const { endsAtMs } = this.#sessions.get(key)!; // it was just found
    return {
      name,
      role,
      via: "session",
      expiresAtMs: endsAtMs,
      isCurrent: () => this.#holderOf(key)?.role === role,
    };
  }

  end(id: string): void {
    this.#sessions.delete(keyOf(id));
  }

  #holderOf(key: string): Identity | undefined {
    const session = this.#sessions.get(key);
    if (session === undefined) return undefined;
    const identity = this.#nowMs() < session.endsAtMs ? session.holder() : undefined;
    if (identity === undefined) this.#sessions.delete(key);
    return identity;
  }

  /** Whoever signs in again and again signs out nobody else. */
  #makeRoom(owner: string): void {
    const own = [...this.#sessions].filter(([, session]) => session.owner === owner);
    const oldest = this.#sessions.keys().next().value;
    if (own.length >= SIGNED_IN_BY_ONE_MAX) this.#sessions.delete(own[0]![0]);
    else if (this.#sessions.size >= SIGNED_IN_MAX && oldest !== undefined) {
      this.#sessions.delete(oldest);
    }
  }

  #forgetEnded(): void {
    for (const key of this.#sessions.keys()) this.#holderOf(key);
  }

  #nowMs(): number {
    return secondsOf(this.#clock.now()) * 1_000;
  }
}

/** What a page of ours has to send along with what acts: another page can send the cookie, and not this. */
export function csrfTokenOf(id: string): string {
  return createHash("sha256").update(`csrf ${id}`).digest("base64url");
}

/** As quickly said of a wrong one as of one that is nearly right. */
export function isCsrfTokenOf(id: string, shown: string): boolean {
  const hashOf = (text: string): Uint8Array => createHash("sha256").update(text).digest();
  return timingSafeEqual(hashOf(csrfTokenOf(id)), hashOf(shown));
}

function keyOf(id: string): string {
  return createHash("sha256").update(id).digest("base64url");
}
