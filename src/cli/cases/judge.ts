import type { LedgerCounts } from "../../core/ledger.ts";
import type { Settings } from "../../core/settings.ts";
import { epochMicros } from "../../core/time.ts";
import {
  checkCase,
  type Disagreement,
  LETTER_IDENTITY,
  ROW_IDENTITY,
} from "../../pipeline/cases/check-case.ts";
import { compare, type Difference, type Fields } from "../../pipeline/cases/compare.ts";
import type { RunOutcome, TestCase } from "../../pipeline/cases/test-case.ts";
import { type AlertChange, alertChanges } from "./alert-run.ts";
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
  readonly alerts: readonly Difference[];
  /** What the alerts went through, where somebody asks. */
  readonly alertChanges: readonly AlertChange[];
  /** How other runs differ from the straight one. */
  readonly disagreements: readonly Disagreement[];
}

/** Whether all is as expected, and all runs agree. */
export function isRight(verdict: Verdict): boolean {
  return isAsExpected(verdict) && verdict.disagreements.length === 0;
}

function isAsExpected({ problems, rows, deadLetters, ledger, alerts }: Verdict): boolean {
  return [problems, rows, deadLetters, ledger, alerts].every((list) => list.length === 0);
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
  const testCase = testCaseOf(folder, settings);
  const { straight, runs, disagreements, unshuffled } = checkCase(testCase);
  const changes = asksForAlerts(folder, settings) ? alertChanges(testCase) : [];
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
    alerts: folder.alerts === undefined ? [] : compareAlerts(folder.alerts, changes, tolerance),
    alertChanges: changes,
    disagreements,
  };
}

/** What tells one change of an alert from another. */
const CHANGE_IDENTITY = ["alert", "state", "labels"];

/** A configuration with alerts of its own, or a case that expects some. */
function asksForAlerts({ alerts }: CaseFolder, settings: Settings): boolean {
  return alerts !== undefined || (settings.alerts ?? []).some(({ isBuiltIn }) => !isBuiltIn);
}

function compareAlerts(
  expected: readonly Fields[],
  changes: readonly AlertChange[],
  tolerance: number,
): Difference[] {
  const received = changes.map((change) => ({ ...change }));
  return compare(expected, received, { identity: CHANGE_IDENTITY, tolerance });
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
