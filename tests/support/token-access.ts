import type { Clock } from "../../src/core/clock.ts";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import type { Role } from "../../src/core/role.ts";
import { realClock } from "../../src/pipeline/real-clock.ts";
import { Gate, type Keys } from "../../src/status/access/gate.ts";
import { digestOf, type TokenEntry } from "../../src/status/access/token-entry.ts";
import { type Access, isLoopback } from "../../src/status/auth.ts";

/** A gate that takes these tokens, by their roles. */
export function gateOf(
  tokens: Partial<Record<Role, string>>,
  options: { readonly keys?: Partial<Keys>; readonly clock?: Clock; readonly logger?: Logger } = {},
): Gate {
  const { keys, clock = realClock, logger = silentLogger } = options;
  return new Gate({ keys: { tokens: () => entriesOf(tokens), ...keys }, clock, logger });
}

export function entriesOf(tokens: Partial<Record<Role, string>>): TokenEntry[] {
  return Object.entries(tokens).map(([role, token]) => ({
    name: `the ${role}`,
    // Its keys are roles.
    role: role as Role,
    digest: digestOf(token),
  }));
}

/** Who shows the token may do everything. */
export function tokenAccess(token: string): Access {
  return { mode: "token", gate: gateOf({ operator: token }) };
}

/** Open on loopback; elsewhere who shows the token may do everything. */
export function accessAt(host: string, token = "t0ken"): Access {
  return isLoopback(host) ? { mode: "open" } : tokenAccess(token);
}
