import type { LedgerCounts } from "../../core/ledger.ts";
import type { Settings } from "../../core/settings.ts";
import { epochMicros } from "../../core/time.ts";
import {
  checkCase,
  type Disagreement,
  LETTER_IDENTITY,
  ROW_IDENTITY,
} from "../../pipeline/cases/check-case.ts";
import { compare, type Difference } from "../../pipeline/cases/compare.ts";
import type { RunOutcome, TestCase } from "../../pipeline/cases/test-case.ts";
import { CASE_FILES, type CaseFolder } from "./case-folder.ts";

/** What became of a case. */
export interface Verdict {
  readonly name: string;
  readonly events: number;
  readonly runs: readonly string[];
  /** Why there is no shuffled run; undefined: there is. */
  readonly unshuffled: string | undefined;
  readonly straight: RunOutcome;
  /** What is wrong with the case itself. */
  readonly problems: readonly string[];
  /** How the straight run differs from what is expected. */
  readonly rows: readonly Difference[];
  readonly deadLetters: readonly Difference[];
  readonly ledger: readonly Difference[];
  /** How other runs differ from the straight one. */
  readonly disagreements: readonly Disagreement[];
}

/** Whether all is as expected, and all runs agree. */
export function isRight(verdict: Verdict): boolean {
  return isAsExpected(verdict) && verdict.disagreements.length === 0;
}

function isAsExpected({ problems, rows, deadLetters, ledger }: Verdict): boolean {
  return problems.length + rows.length + deadLetters.length + ledger.length === 0;
}

/** Runs a case in every way, and compares. */
export function judge(folder: CaseFolder, settings: Settings): Verdict {
  const { name, lines, rows, deadLetters, ledger } = folder;
  const { pauses, tolerance } = folder.options;
  const problems: string[] = [];
  if (rows === undefined) problems.push(`has no ${CASE_FILES.rows}: --update writes it`);
  const late = pauses.find(({ after }) => after > lines.length);
  if (late !== undefined) {
    problems.push(`has a pause after line ${late.after}, but ${lines.length} lines`);
  }
  const { straight, runs, disagreements, unshuffled } = checkCase(testCaseOf(folder, settings));
  return {
    name,
    events: straight.ledger.received,
    runs,
    unshuffled,
    straight,
    problems,
    rows:
      rows === undefined
        ? []
        : compare(
            rows,
            straight.rows.map((row) => ({ ...row })),
            { identity: ROW_IDENTITY, tolerance },
          ),
    deadLetters:
      deadLetters === undefined
        ? []
        : compare(
            deadLetters,
            straight.refusals.map((refusal) => ({ ...refusal })),
            { identity: LETTER_IDENTITY },
          ),
    ledger: ledger === undefined ? [] : compareLedgers(ledger, straight.ledger),
    disagreements,
  };
}

/** The case as the engine runs it. */
export function testCaseOf({ lines, options }: CaseFolder, settings: Settings): TestCase {
  const { now, pauses, end } = options;
  return {
    settings,
    lines,
    now: now === undefined ? undefined : epochMicros(Math.round(now * 1e6)),
    pauses: pauses.filter(({ after }) => after <= lines.length),
    ends: end,
  };
}

function compareLedgers(expected: LedgerCounts, received: LedgerCounts): Difference[] {
  return compare([{ ...expected }], [{ ...received }], { identity: [], isWhole: true });
}
