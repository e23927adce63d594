/** The account of every event received, for one rule or for the pipeline. */
export interface LedgerCounts {
  received: number;
  aggregated: number;
  filtered: number;
  duplicate: number;
  late: number;
  future: number;
  invalid: number;
  over_limit: number;
  /** Beside the balance: aggregated, but too late for some of its windows. */
  late_partial: number;
  /** Beside the balance: received again from the dead letters. */
  replayed: number;
  /** Beside the balance: events that a bus threw away before we read them; one where it does not say how many. */
  gaps: number;
  /** Beside the balance: records without a value, which were passed over. */
  tombstones: number;
}

/** A ledger in which nothing was received. */
export function emptyLedger(): LedgerCounts {
  return {
    received: 0,
    aggregated: 0,
    filtered: 0,
    duplicate: 0,
    late: 0,
    future: 0,
    invalid: 0,
    over_limit: 0,
    late_partial: 0,
    replayed: 0,
    gaps: 0,
    tombstones: 0,
  };
}

/** What becomes of an event: each of them is one of these, and all together are those received. */
export const LEDGER_OUTCOMES = [
  "aggregated",
  "filtered",
  "duplicate",
  "late",
  "future",
  "invalid",
  "over_limit",
] as const satisfies readonly (keyof LedgerCounts)[];

export type LedgerOutcome = (typeof LEDGER_OUTCOMES)[number];

/** Whether every event received is accounted for, exactly once. */
export function isBalanced(counts: LedgerCounts): boolean {
  return counts.received === LEDGER_OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
}

/** Of these the ones that become dead letters. */
export const REFUSED_OUTCOMES = [
  "late",
  "future",
  "invalid",
  "over_limit",
] as const satisfies readonly LedgerOutcome[];
