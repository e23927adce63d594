import type { Threshold } from "../core/alert-settings.ts";
import { FLAPS_MAX } from "../core/limits.ts";

/** Within this time begins of fire are counted; and so long it has to be calm when they were too many. */
export const FLAP_WINDOW = 3_600_000_000;
export const FLAP_CALM = 600_000_000;

export type AlertState = "inactive" | "pending" | "firing";

/** What one instance of an alert went through. Times are microseconds of one clock: the event's or ours. */
export interface Machine {
  state: AlertState;
  /** When the present state began. */
  since: number;
  /** Since when it would be in order, while it fires. */
  clearedAt: number | undefined;
  /** The last that counted; NaN: none. */
  value: number;
  /** When it was looked at last: what is older counts for nothing. */
  seenAt: number;
  /** When it began to fire lately: as many as it takes to call it flapping. */
  fired: number[];
}

export interface Policy {
  /** Microseconds. */
  readonly for: number;
  readonly keepFiring: number;
}

/** What became of it; undefined: what it was. `resolved` fired before, `inactive` was pending. */
export type Outcome = "pending" | "firing" | "resolved" | "inactive" | undefined;

export function newMachine(): Machine {
  return {
    state: "inactive",
    since: -Infinity,
    clearedAt: undefined,
    value: Number.NaN,
    seenAt: -Infinity,
    fired: [],
  };
}

/** Whether a value is out of order, for what fires or what does not. */
export function isBeyond(
  value: number,
  { side, limit, until }: Threshold,
  fires: boolean,
): boolean {
  const bound = fires ? until : limit;
  return side === "above" ? value > bound : value < bound;
}

/** Whether it began to fire too often within the hour before `at`. */
export function isFlapping({ fired }: Machine, at: number): boolean {
  return fired.length >= FLAPS_MAX && at - fired[0]! < FLAP_WINDOW;
}

/**
 * One look: whether it is out of order at a time. A look that is older than the last one changes nothing.
 *
 * inactive → pending → (out of order for `for`) → firing → (in order for `keepFiring`) → resolved.
 */
export function step(
  machine: Machine,
  policy: Policy,
  look: { isOut: boolean; at: number },
): Outcome {
  const { isOut, at } = look;
  if (at < machine.seenAt) return undefined;
  machine.seenAt = at;
  if (machine.state === "firing") return isOut ? burnOn(machine) : coolDown(machine, policy, at);
  if (!isOut) {
    if (machine.state === "inactive") return undefined;
    enter(machine, "inactive", at);
    return "inactive";
  }
  const began = machine.state === "pending" ? machine.since : at;
  if (at - began >= policy.for) {
    enter(machine, "firing", at);
    machine.fired = [...machine.fired, at].slice(-FLAPS_MAX);
    return "firing";
  }
  if (machine.state === "pending") return undefined;
  enter(machine, "pending", at);
  return "pending";
}

function burnOn(machine: Machine): undefined {
  machine.clearedAt = undefined;
}

function coolDown(machine: Machine, policy: Policy, at: number): Outcome {
  machine.clearedAt ??= at;
  const hold = isFlapping(machine, at) ? Math.max(policy.keepFiring, FLAP_CALM) : policy.keepFiring;
  if (at - machine.clearedAt < hold) return undefined;
  enter(machine, "inactive", at);
  return "resolved";
}

function enter(machine: Machine, state: AlertState, at: number): void {
  machine.state = state;
  machine.since = at;
  machine.clearedAt = undefined;
}
