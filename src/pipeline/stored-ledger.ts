import { emptyLedger, isBalanced, type LedgerCounts } from "../core/ledger.ts";
import { type Page, readJsonPage } from "../core/page.ts";
import type { LedgerReport } from "./view.ts";

/** Whether a page of the state holds a ledger: that of the pipeline, or of a rule. */
export function holdsLedger(key: string): boolean {
  return key === "engine" || /^rule\/[^/]+\/state$/.test(key);
}

/** The ledger as the last checkpoint left it. @param pages Those that `holdsLedger` names. */
export function storedLedger(pages: readonly Page[]): LedgerReport {
  const rules: Record<string, LedgerReport["rules"][string]> = {};
  let all = emptyLedger();
  for (const page of pages) {
    const { ledger } = readJsonPage<{ ledger: Partial<LedgerCounts> }>(page);
    const counts = { ...emptyLedger(), ...ledger };
    const [, rule] = page.key.split("/");
    if (rule === undefined) all = counts;
    else rules[rule] = { ...counts, balanced: isBalanced(counts) };
  }
  return { ...all, balanced: isBalanced(all), rules };
}
