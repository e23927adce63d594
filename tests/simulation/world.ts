import type { FaultRates, Plan } from "./plan.ts";
import type { Random } from "./random.ts";
import { type Life, Scheduler } from "./scheduler.ts";
import type { SimLog } from "./sim-log.ts";

/** A rule of the contract was broken; the message says which. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** By partition: how many of its records lie before it. */
export type Positions = Readonly<Record<string, number>>;

/** What all parts of one simulation share: time, chance, the input, and what was found wrong. */
export class World {
  readonly plan: Plan;
  readonly log: SimLog;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** The first rule that was broken. */
  violation: Violation | undefined;
  /** From here on nothing goes wrong any more, so that everything can heal. */
  isHealing = false;
  /** Whether dead letters come back in this run. */
  readonly hasReplays: boolean;
  /** The cursor of the last checkpoint that is on disk for sure. */
  committed: Positions = {};
  /** The furthest place that was acknowledged: the source has thrown away what is before it. */
  acknowledged: Positions = {};

  constructor(parts: { plan: Plan; log: SimLog; random: Random; hasReplays: boolean }) {
    this.hasReplays = parts.hasReplays;
    this.plan = parts.plan;
    this.log = parts.log;
    this.random = parts.random;
    this.scheduler = new Scheduler(parts.random.fork());
  }

  /** Whether something goes wrong now. */
  fails(what: keyof FaultRates): boolean {
    if (this.isHealing) return false;
    const fails = this.random.chance(this.plan.faults[what]);
    if (fails) this.scheduler.note(`fault ${what}`);
    return fails;
  }

  /** A moment, mostly short. */
  moment(label: string, life: Life, signal?: AbortSignal): Promise<void> {
    const kind = this.random.next();
    const ms = kind < 0.5 ? 0 : this.random.next() * (kind < 0.95 ? 10 : 400);
    return this.scheduler.wait(label, ms, life, signal);
  }

  /** Notes a broken rule; of a life that is over nothing is believed. */
  expect(holds: boolean, rule: () => string): void {
    if (holds || this.violation !== undefined) return;
    this.violation = new Violation(rule());
    this.scheduler.note(`VIOLATION ${this.violation.message}`);
  }
}

/** How many records lie before these positions. */
export function totalOf(positions: Positions): number {
  return Object.values(positions).reduce((sum, position) => sum + position, 0);
}

/** Whether no partition of `a` is further than in `b`. */
export function isWithin(a: Positions, b: Positions): boolean {
  return Object.entries(a).every(([partition, position]) => position <= (b[partition] ?? 0));
}
