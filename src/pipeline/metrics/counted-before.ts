import { emptyLedger, type LedgerCounts } from "../../core/ledger.ts";
import type { Engine } from "../../engine/engine.ts";

/** What one rule counts. */
interface RuleCounts {
  readonly ledger: LedgerCounts;
  readonly fired: number;
  readonly revisions: number;
}

/**
 * What the state had counted before this process: metrics count from there. The account itself goes on over a
 * restart, but after a crash it begins where the last checkpoint left it, below what was scraped; Prometheus
 * takes a counter that falls for one that began at 0, and would add all that was ever counted to its rate.
 */
export class CountedBefore {
  readonly ledger: LedgerCounts;
  readonly idsEvicted: number;
  readonly #rules: ReadonlyMap<string, RuleCounts>;

  /** @param former Of the pipeline before in this process. */
  constructor(engine: Pick<Engine, "ledger" | "idsEvicted" | "rules">, former?: CountedBefore) {
    this.ledger = former?.ledger ?? { ...engine.ledger };
    this.idsEvicted = former?.idsEvicted ?? engine.idsEvicted;
    this.#rules = new Map(
      engine.rules.map(({ name, ledger, fired, revisions }) => {
        if (former === undefined) return [name, { ledger: { ...ledger }, fired, revisions }];
        return [name, former.rule(name)];
      }),
    );
  }

  /** Nothing, of a rule that came later, or came back. */
  rule(name: string): RuleCounts {
    return this.#rules.get(name) ?? NOTHING;
  }
}

const NOTHING: RuleCounts = { ledger: emptyLedger(), fired: 0, revisions: 0 };
