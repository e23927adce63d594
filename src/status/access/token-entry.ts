import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { TOKEN_BYTES } from "../../core/limits.ts";
import type { Role } from "../../core/role.ts";

/** A token that opens, without the token. */
export interface TokenEntry {
  readonly name: string;
  readonly role: Role;
  /** SHA-256 of the token. */
  readonly digest: Uint8Array;
  /** Epoch milliseconds; undefined: never. */
  readonly expiresAtMs?: number | undefined;
}

/** SHA-256 of a token. One round is enough for what is made here; what a person made up should be long. */
export function digestOf(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}

/**
 * The entry of a token. Every one is compared, and digests are of one length: how long it takes tells
 * nothing of any token.
 */
export function findToken(
  entries: readonly TokenEntry[],
  digest: Uint8Array,
): TokenEntry | undefined {
  let found: TokenEntry | undefined;
  for (const entry of entries) {
    if (timingSafeEqual(entry.digest, digest)) found ??= entry;
  }
  return found;
}

/** Whether a token counts at a moment, in epoch milliseconds. */
export function isAlive({ expiresAtMs }: TokenEntry, nowMs: number): boolean {
  return expiresAtMs === undefined || nowMs < expiresAtMs;
}

/** A new token: letters, digits, `-` and `_`, and none that a command line would take for an option. */
export function makeToken(): string {
  for (;;) {
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    if (!token.startsWith("-")) return token;
  }
}
