import { FatalError } from "../../core/errors.ts";
import type { Health, PipelineStatus } from "../../pipeline/view.ts";
import { askService } from "../ask-service.ts";
import { type ServiceAddress, strangerAt } from "../service-address.ts";

/** What one look at a service showed. */
export type Look = Seen | Unseen;

export interface Seen {
  readonly kind: "seen";
  /** Unix seconds here. */
  readonly at: number;
  readonly status: PipelineStatus;
  readonly health: Health;
}

export interface Unseen {
  readonly kind: "unseen";
  readonly at: number;
  /** Why: it does not run, wants a token, is another one. */
  readonly error: string;
}

/** Looks once. What goes wrong is part of the answer. @param at Unix seconds now. */
export async function lookAt(
  address: ServiceAddress,
  at: number,
  timeoutMs?: number,
): Promise<Look> {
  const { base, token, tls } = address;
  const ask = { base, token, tls, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  try {
    const [status, health] = await Promise.all([
      askService({ ...ask, path: "/status" }),
      askService({ ...ask, path: "/healthz" }),
    ]);
    const seen = status as PipelineStatus; // its shape is public
    const stranger = strangerAt(address, seen.name);
    if (stranger !== undefined) return { kind: "unseen", at, error: stranger };
    return { kind: "seen", at, status: seen, health: health as Health }; // so is this one's
  } catch (failure) {
    if (!(failure instanceof FatalError)) throw failure;
    return { kind: "unseen", at, error: failure.message };
  }
}

/** Whether all is well: it was seen, it runs, and nothing troubles it. */
export function isWell(look: Look): boolean {
  return look.kind === "seen" && look.health.status === "ok";
}
