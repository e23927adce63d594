import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { emptyLedger } from "../../core/ledger.ts";
import type { ResultRow } from "../../core/result.ts";
import type { Fields } from "../../pipeline/cases/compare.ts";
import type { RunOutcome } from "../../pipeline/cases/test-case.ts";
import type { AlertChange } from "./alert-run.ts";
import { CASE_FILES, type CaseFolder } from "./case-folder.ts";

/** What a person expects of a row; `id` and `revision` follow from the rest. */
const ROW_FIELDS: readonly (keyof ResultRow)[] = [
  "rule",
  "name",
  "labels",
  "agg_func",
  "window_start",
  "window_end",
  "value",
  "count",
];

/** Only where a row has them. */
const ROW_MARKS: readonly (keyof ResultRow)[] = ["detail", "partial", "filled", "overflow"];

/**
 * Makes what came of the straight run what is expected. Rows keep the fields that were expected before;
 * dead letters and ledger are written when they were expected, and when something was refused; alerts when they
 * were expected, and when something became of one.
 *
 * @returns The names of the files.
 */
export function updateCase(
  folder: CaseFolder,
  straight: RunOutcome,
  changes: readonly AlertChange[] = [],
): string[] {
  const files = new Map([
    [CASE_FILES.rows, rowLines(straight.rows, folder.rows)] as [string, string],
  ]);
  if (folder.deadLetters !== undefined || straight.refusals.length > 0) {
    const letters = straight.refusals.map(({ at, reason }) => ({ at, reason }));
    files.set(CASE_FILES.deadLetters, linesOf(letters));
  }
  if (folder.ledger !== undefined) files.set(CASE_FILES.ledger, ledgerText(straight));
  if (folder.alerts !== undefined || changes.length > 0) {
    files.set(CASE_FILES.alerts, linesOf(changes.map(({ clock: _, ...change }) => change)));
  }
  for (const [name, text] of files) writeFileSync(join(folder.folder, name), text);
  return [...files.keys()];
}

function rowLines(rows: readonly ResultRow[], before: readonly Fields[] = []): string {
  const expected = new Set(before.flatMap((row) => Object.keys(row)));
  const fields = (Object.keys(rows[0] ?? {}) as (keyof ResultRow)[]).filter((field) =>
    expected.size === 0 ? ROW_FIELDS.includes(field) : expected.has(field),
  );
  return linesOf(
    rows.map((row) => {
      const all = [...new Set([...fields, ...ROW_MARKS])].filter(
        (field) => row[field] !== undefined,
      );
      const picked = Object.fromEntries(all.map((field) => [field, row[field]]));
      // Most rows have no labels: nothing is said of them then.
      const hasLabels = expected.size > 0 || Object.keys(row.labels).length > 0;
      return hasLabels ? picked : { ...picked, labels: undefined };
    }),
  );
}

function ledgerText({ ledger }: RunOutcome): string {
  const none = emptyLedger();
  const counts = Object.entries(ledger).filter(
    // A ledger has no other keys.
    ([name, count]) => count !== none[name as keyof typeof none],
  );
  return `${JSON.stringify(Object.fromEntries(counts), undefined, 2)}\n`;
}

function linesOf(objects: readonly object[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join("");
}
