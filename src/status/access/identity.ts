import type { Context } from "hono";
import type { Role } from "../../core/role.ts";

/** Who a client is. */
export interface Identity {
  /** Of the token, the certificate or the user. */
  readonly name: string;
  readonly role: Role;
  /** How that is known. */
  readonly via: "loopback" | "token" | "session" | "certificate" | "oidc";
  /** When it ends, in epoch milliseconds; undefined: by itself never. */
  readonly expiresAtMs?: number | undefined;
  /** Whether it is still so: what stays open asks again and again. */
  readonly isCurrent: () => boolean;
}

/** Whoever is on this machine, where that is enough. */
export const LOCAL: Identity = {
  name: "this machine",
  role: "operator",
  via: "loopback",
  isCurrent: () => true,
};

const identities = new WeakMap<Request, Identity>();

/** Remembers who sent a request, for whoever answers it. */
export function identify(c: Context, identity: Identity): void {
  identities.set(c.req.raw, identity);
}

/** Who sent a request that a guard let in; undefined: the route is open to everybody. */
export function identityOf(c: Context): Identity | undefined {
  return identities.get(c.req.raw);
}

/** Who asked for something, for the log. */
export function askerOf(c: Context): { readonly by: string; readonly via: string } {
  const { name, via } = identityOf(c) ?? { name: "anybody", via: "open" };
  return { by: name, via };
}

/** Who somebody is, as it is told. */
export function viewOf({ name, role, via, expiresAtMs }: Identity): Record<string, unknown> {
  return { name, role, via, expires_at: expiresAtMs === undefined ? null : expiresAtMs / 1_000 };
}
