import { medianOf } from "../harness/contest.ts";

/** One look at the service. */
export interface Look {
  readonly seconds: number;
  readonly memoryMiB: number;
  readonly handles: number;
  /** Events on the bus that are not read; null where that is not known. */
  readonly pending: number | null;
  readonly watermarkLagSeconds: number | null;
  /** Rows that wait for the sink. */
  readonly outbox: number;
  readonly cpuSeconds: number;
}

/** One thing that has to hold. */
export interface Finding {
  readonly what: string;
  readonly found: string;
  readonly wanted: string;
  readonly holds: boolean;
}

export interface Expectation {
  /** Events a second that are sent. */
  readonly rate: number;
  /** How far the watermark is behind when nothing is late, in seconds. */
  readonly lagSeconds: number;
}

/** Memory may grow by this over the last two thirds: what is kept for the dashboard fills up meanwhile. */
const GROWTH_PART = 0.1;
const GROWTH_MIB = 32;
/** A connection of whoever looks may come and go. */
const HANDLES_MORE = 3;
/** Beyond what the watermark waits anyway. */
const LAG_SECONDS_MORE = 5;
/** Events that may wait on the bus, in seconds of the rate. */
const PENDING_SECONDS = 2;

/**
 * Judges looks at even distances. The first third is warming up; the second is compared with the last.
 */
export function judge(looks: readonly Look[], { rate, lagSeconds }: Expectation): Finding[] {
  const third = Math.floor(looks.length / 3);
  const middle = looks.slice(third, 2 * third);
  const last = looks.slice(2 * third);
  const both = looks.slice(third);
  const memory = (of: readonly Look[]): number => medianOf(of.map(({ memoryMiB }) => memoryMiB));
  const [before, after] = [memory(middle), memory(last)];
  const memoryMax = Math.max(before * (1 + GROWTH_PART), before + GROWTH_MIB);
  const handlesBefore = Math.max(...middle.map(({ handles }) => handles));
  const handlesAfter = Math.max(...last.map(({ handles }) => handles));
  const lag = highest(both.map(({ watermarkLagSeconds }) => watermarkLagSeconds ?? Infinity));
  const lagMax = lagSeconds + LAG_SECONDS_MORE;
  const pending = highest(both.map((look) => look.pending ?? 0));
  const pendingMax = rate * PENDING_SECONDS;
  return [
    {
      what: "memory",
      found: `${before.toFixed(0)} MiB, then ${after.toFixed(0)}`,
      wanted: `at most ${memoryMax.toFixed(0)}`,
      holds: after <= memoryMax,
    },
    {
      what: "handles",
      found: `${handlesBefore}, then ${handlesAfter}`,
      wanted: `at most ${handlesBefore + HANDLES_MORE}`,
      holds: handlesAfter <= handlesBefore + HANDLES_MORE,
    },
    {
      what: "watermark lag",
      found: `${lag.toFixed(1)} s in 99 of 100 looks`,
      wanted: `at most ${lagMax.toFixed(1)} s`,
      holds: lag <= lagMax,
    },
    {
      what: "events that wait",
      found: `${pending.toFixed(0)} in 99 of 100 looks`,
      wanted: `at most ${pendingMax.toFixed(0)}`,
      holds: pending <= pendingMax,
    },
  ];
}

/** But for the highest one in a hundred. */
function highest(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Infinity;
}
