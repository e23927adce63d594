import type { Refusal } from "../../core/event.ts";
import type { LedgerCounts } from "../../core/ledger.ts";
import type { ResultRow } from "../../core/result.ts";
import type { Settings } from "../../core/settings.ts";
import type { DurationMicros, EpochMicros } from "../../core/time.ts";

/** A stream of events under a configuration, on a clock that is ours. */
export interface TestCase {
  readonly settings: Settings;
  /** The lines of the input in their order, each ended by a line feed. */
  readonly lines: readonly Uint8Array[];
  /** The wall clock when the first event comes; undefined: long after all of them, nothing is future. */
  readonly now: EpochMicros | undefined;
  /** When nothing comes for a while; by `after`, each once. Between two events the clock stands still. */
  readonly pauses: readonly Pause[];
  /** Whether the input ends, so that every window fires. */
  readonly ends: boolean;
}

export interface Pause {
  /** How many lines have come before. */
  readonly after: number;
  readonly for: DurationMicros;
}

/** What came of a run. */
export interface RunOutcome {
  /** As they stand in a sink in the end. */
  readonly rows: readonly ResultRow[];
  readonly refusals: readonly Refusal[];
  readonly ledger: Readonly<LedgerCounts>;
  readonly ruleLedgers: ReadonlyMap<string, Readonly<LedgerCounts>>;
  /** What the state still holds of windows; a run that keeps no state: 0. */
  readonly pagesOfWindows: number;
}
