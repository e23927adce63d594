import { busFunctions as aggregations } from "../../src/aggregations/list.ts";
import { NAMES, type Plan } from "./plan.ts";
import type { Random } from "./random.ts";
import { START_SECONDS } from "./scheduler.ts";

/** What an event says, as the naive oracle takes it. */
export interface Fact {
  readonly name: string;
  readonly fn: string;
  /** A multiple of a quarter, so that sums are exact in any order. */
  readonly value: number;
  /** Epoch milliseconds. */
  readonly timeMs: number;
  readonly id: string | undefined;
}

export interface SimRecord {
  /** On the clock of the simulation: nobody can read it before. */
  readonly producedMs: number;
  readonly line: string;
  /** Undefined: no event. */
  readonly fact: Fact | undefined;
  /** The source itself cannot hand it over. */
  readonly isTooLarge: boolean;
}

const BAD_LINES = [
  "nonsense",
  '{"name":"cpu"',
  '{"name":"cpu","value":"1","timestamp":1700000000}',
  '{"name":"cpu","value":1}',
  '{"name":"cpu","value":1,"timestamp":1700000000,"agg_func":"mode"}',
];

/** An input made up: partitions of records, each in the order in which it was produced. */
export class SimLog {
  readonly partitions: ReadonlyMap<string, readonly SimRecord[]>;
  /** When the last record is produced. */
  readonly endMs: number;

  constructor(plan: Plan, random: Random) {
    const partitions = new Map<string, SimRecord[]>();
    for (let i = 0; i < plan.partitions; i++) partitions.set(String(i), []);
    const names = [...partitions.keys()];
    let producedMs = 0;
    const withId: Fact[] = [];
    for (let i = 0; i < plan.events; i++) {
      producedMs += stepMs(plan, random);
      const records = partitions.get(random.pick(names))!;
      records.push(recordOf(plan, { random, producedMs, withId }));
    }
    this.partitions = partitions;
    this.endMs = producedMs;
  }

  get size(): number {
    return [...this.partitions.values()].reduce((sum, { length }) => sum + length, 0);
  }
}

/** Bursts, an even flow, and now and then a pause that is longer than any idle time. */
function stepMs(plan: Plan, random: Random): number {
  const usualMs = plan.durationMs / plan.events;
  const kind = random.next();
  if (kind < 0.4) return 0;
  if (kind < 0.97) return Math.floor(random.next() * 3 * usualMs);
  return random.whole(5_000, 60_000);
}

function recordOf(
  plan: Plan,
  { random, producedMs, withId }: { random: Random; producedMs: number; withId: Fact[] },
): SimRecord {
  const kind = random.next();
  if (kind < 0.02) return { producedMs, line: "", fact: undefined, isTooLarge: true };
  if (kind < 0.07) {
    return { producedMs, line: random.pick(BAD_LINES), fact: undefined, isTooLarge: false };
  }
  const copied = kind < 0.15 && withId.length > 0;
  const fact = copied
    ? random.pick(withId)
    : factOf(plan, { random, producedMs, ids: withId.length });
  if (fact.id !== undefined && !copied) withId.push(fact);
  const { name, fn, value, timeMs, id } = fact;
  const line = JSON.stringify({
    name,
    value,
    timestamp: timeMs / 1000,
    ...(fn === "sum" && random.chance(0.5) ? {} : { agg_func: fn }),
    ...(id === undefined ? {} : { id }),
  });
  // An empty name is no name.
  return { producedMs, line, fact: name === "" ? undefined : fact, isTooLarge: false };
}

function factOf(
  plan: Plan,
  { random, producedMs, ids }: { random: Random; producedMs: number; ids: number },
): Fact {
  const name = random.chance(0.02) ? "" : random.pick(NAMES.slice(0, -1));
  return {
    name,
    fn: random.pick(aggregations.slice(0, 5)).name,
    value: random.whole(-4_000, 4_000) / 4,
    timeMs: START_SECONDS * 1000 + producedMs - Math.floor(behindMs(plan, random)),
    id: name !== "" && random.chance(0.4) ? `id-${ids}` : undefined,
  };
}

/** How far the timestamp is behind the moment of production; negative: ahead of it. */
function behindMs(plan: Plan, random: Random): number {
  const usualMs = random.next() * plan.outOfOrdernessMs;
  if (plan.regime === "tidy") return usualMs;
  const kind = random.next();
  if (kind < 0.8) return usualMs;
  if (kind < 0.95) return random.next() * 120_000;
  return -random.next() * 120_000;
}
