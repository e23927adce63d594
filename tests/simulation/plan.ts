import { busFunctions as aggregations, byEvent } from "../../src/aggregations/list.ts";
import type { AggregateSettings, RuleSettings } from "../../src/core/settings.ts";
import { durationMicros } from "../../src/core/time.ts";
import { ruleOf } from "../support/settings.ts";
import type { Random } from "./random.ts";

const SECOND = 1_000_000;

/** How often each thing goes wrong, 0 to 1. */
export interface FaultRates {
  readonly openFails: number;
  readonly readFails: number;
  /** The events were handed out, and nobody heard it. */
  readonly readLost: number;
  readonly readSlow: number;
  /** No answer at all, until the client gives up. */
  readonly readHangs: number;
  readonly ackFails: number;
  readonly ackLost: number;
  readonly sinkOpenFails: number;
  readonly writeFails: number;
  readonly writeLost: number;
  /** Some rows are there, nobody knows which; of a transactional sink: none. */
  readonly writePartly: number;
  readonly writeSlow: number;
  readonly writeHangs: number;
  /** A transaction of the state finds the disk full, and so do all for a while. */
  readonly diskFills: number;
}

export interface SinkPlan {
  readonly name: string;
  readonly delivery: "transactional" | "idempotent" | "at-least-once";
  /** Rows of these names are refused for good. */
  readonly refuses: readonly string[];
}

/** Everything that a seed decides before the run begins. */
export interface Plan {
  /** `tidy`: no event is late or ahead of the clock, so that the final rows are known. */
  readonly regime: "tidy" | "wild";
  /** How the run ends: the source says so, or all goes quiet and the idle rule closes the windows. */
  readonly ending: "end" | "idle";
  readonly events: number;
  readonly partitions: number;
  readonly durationMs: number;
  readonly outOfOrdernessMs: number;
  readonly idleTimeoutMs: number | "off";
  readonly maxFutureMs: number | "off";
  readonly dedupeForMs: number;
  readonly idsMax: number;
  readonly checkpointEveryMs: number;
  readonly outboxBytesMax: number;
  readonly batchMax: number;
  readonly rules: readonly RuleSettings[];
  readonly sinks: readonly SinkPlan[];
  readonly faults: FaultRates;
  readonly crashes: number;
  readonly stops: number;
  readonly wallJumps: number;
  /** Whether what is stored is encrypted. */
  readonly isSealed: boolean;
  readonly maxPartitionSkewMs: number | "off";
  /** Whether the source can tell its partitions apart; otherwise it reads them in the order of production. */
  readonly tellsPartitions: boolean;
}

export const NAMES = ["cpu", "mem", "disk", "__proto__", "naïve", "with/slash", ""] as const;

export function planOf(random: Random): Plan {
  const regime = random.chance(0.6) ? "tidy" : "wild";
  const isWild = regime === "wild";
  const ending = random.chance(0.5) ? "end" : "idle";
  const sinks = sinksOf(random);
  const mayBeOff = ending === "idle" ? 20_000 : "off";
  const idleTimeoutMs = random.pick<number | "off">([2_000, 5_000, 10_000, mayBeOff]);
  return {
    regime,
    ending,
    idleTimeoutMs,
    events: random.pick([20, 60, 120, 240]),
    partitions: random.pick([1, 1, 2, 3]),
    durationMs: random.pick([20_000, 90_000, 300_000]),
    outOfOrdernessMs: random.pick([0, 1_000, 5_000, 12_000]),
    maxFutureMs: isWild ? random.pick([1_000, 60_000, "off"]) : random.pick([60_000, "off"]),
    dedupeForMs: isWild ? random.pick([0, 5_000, 3_600_000]) : 3_600_000,
    idsMax: isWild ? random.pick([1, 5, 1_000]) : 1_000,
    checkpointEveryMs: random.pick([1, 500, 5_000]),
    outboxBytesMax: random.pick([500, 4_000, 1_000_000]),
    batchMax: random.pick([1, 5, 20, 100]),
    rules: rulesOf(random, { sinks: sinks.map(({ name }) => name), isWild }),
    sinks,
    faults: faultsOf(random),
    crashes: random.pick([0, 1, 3, 6]),
    stops: random.pick([0, 0, 1, 2]),
    wallJumps: isWild ? random.pick([0, 0, 2]) : 0,
    isSealed: random.chance(0.3),
    // Where nothing is ever idle, a partition that has ended would hold the others for ever.
    maxPartitionSkewMs:
      idleTimeoutMs === "off" ? "off" : random.pick(["off", 3_600_000, 20_000, 1_000]),
    tellsPartitions: random.chance(0.7),
  };
}

function sinksOf(random: Random): SinkPlan[] {
  const count = random.pick([1, 1, 2, 3]);
  return Array.from({ length: count }, (_, i) => ({
    name: `s${i}`,
    delivery: random.pick([
      "transactional",
      "transactional",
      "idempotent",
      "at-least-once",
    ] as const),
    refuses: random.chance(0.3) ? [random.pick(NAMES.slice(0, 3))] : [],
  }));
}

function rulesOf(
  random: Random,
  { sinks, isWild }: { sinks: readonly string[]; isWild: boolean },
): RuleSettings[] {
  return Array.from({ length: random.pick([1, 2, 3]) }, (_, i) => {
    const size = durationMicros(random.pick([1, 7, 10, 60]) * SECOND);
    const offset = durationMicros(random.pick([0, 0, 3]) * SECOND);
    const to = sinks.filter(() => random.chance(0.7));
    return ruleOf({
      name: `r${i}`,
      window: { kind: "tumbling", size, offset },
      allowedLateness: durationMicros(random.pick([0, 0, 5, 30]) * SECOND),
      aggregate: aggregateOf(random),
      to: to.length === 0 ? [random.pick(sinks)] : to,
      seriesMax: isWild ? random.pick([3, 8, 1_000]) : 1_000,
    });
  });
}

function aggregateOf(random: Random): AggregateSettings {
  if (random.chance(0.6)) return byEvent;
  const chosen = aggregations.filter(({ name }) => ["sum", "max", "count"].includes(name));
  const some = chosen.filter(() => random.chance(0.6));
  const functions = (some.length === 0 ? chosen : some).map((aggregation) => ({
    key: `the_${aggregation.name}`,
    aggregation,
  }));
  return { kind: "named", functions };
}

/** In every run only some faults, so that each is also seen without the others. */
function faultsOf(random: Random): FaultRates {
  const rate = (most: number): number => (random.chance(0.5) ? random.next() * most : 0);
  return {
    openFails: rate(0.4),
    readFails: rate(0.2),
    readLost: rate(0.2),
    readSlow: rate(0.2),
    ackFails: rate(0.3),
    ackLost: rate(0.3),
    sinkOpenFails: rate(0.4),
    writeFails: rate(0.4),
    writeLost: rate(0.4),
    writePartly: rate(0.3),
    writeSlow: rate(0.3),
    writeHangs: rate(0.1),
    diskFills: rate(0.1),
    readHangs: rate(0.05),
  };
}
