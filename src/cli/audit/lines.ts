import { LEDGER_OUTCOMES, type LedgerCounts } from "../../core/ledger.ts";
import type { LedgerReport } from "../../pipeline/view.ts";
import { countText } from "../screen/numbers.ts";
import type { Paint } from "../screen/styles.ts";
import { type Cell, tableLines } from "../screen/table.ts";

/** What does not take part in the balance. */
const BESIDE = ["late_partial", "replayed", "gaps", "tombstones"] as const;

const COLUMNS = [
  { title: "" },
  { title: "BALANCE" },
  { title: "RECEIVED", align: "right" },
  { title: "BECAME" },
  { title: "BESIDE" },
] as const;

/**
 * The ledger for a person: a line for the pipeline and one for each rule, as an equation. Nothing of it is ever cut
 * off, however small the screen is.
 */
export function auditLines({ balanced, rules, ...all }: LedgerReport, paint: Paint): string[] {
  const accounts = [["pipeline", { ...all, balanced }] as const, ...Object.entries(rules)];
  const rows = accounts.map(([name, counts]): (string | Cell)[] => [
    name,
    counts.balanced ? { text: "right", style: "green" } : { text: "WRONG", style: "red" },
    countText(counts.received),
    becameText(counts),
    listOf(BESIDE, counts),
  ]);
  const isBeside = rows.some((row) => row.at(-1) !== "");
  const columns = isBeside ? COLUMNS : COLUMNS.slice(0, -1);
  return tableLines(columns, rows, { columns: Number.MAX_SAFE_INTEGER, paint });
}

function becameText(counts: LedgerCounts): string {
  const sum = LEDGER_OUTCOMES.reduce((total, outcome) => total + counts[outcome], 0);
  const known = listOf(LEDGER_OUTCOMES, counts);
  const missing = counts.received - sum;
  if (missing === 0) return known === "" ? "nothing yet" : known;
  const fault =
    missing > 0
      ? `${countText(missing)} NOT ACCOUNTED FOR`
      : `${countText(-missing)} MORE than received`;
  return known === "" ? fault : `${known}, ${fault}`;
}

/** Those that are not 0. */
function listOf(names: readonly (keyof LedgerCounts)[], counts: LedgerCounts): string {
  return names
    .filter((name) => counts[name] > 0)
    .map((name) => `${countText(counts[name])} ${name}`)
    .join(", ");
}
