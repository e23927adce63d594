import type { Disagreement } from "../../pipeline/cases/check-case.ts";
import type { Difference, Fields } from "../../pipeline/cases/compare.ts";
import { isRight, type Verdict } from "./judge.ts";

/** Differences of one kind and run that are told; --json has all. */
const SHOWN_MAX = 10;

/** A case in one line, and below it what is wrong. */
export function reportOf(verdict: Verdict): string[] {
  const { name, events, runs, straight, unshuffled } = verdict;
  const parts = [
    counted(events, "event"),
    counted(straight.rows.length, "row"),
    counted(runs.length, "run"),
  ];
  const note = unshuffled === undefined ? "" : `; not shuffled: ${unshuffled}`;
  const head = `${isRight(verdict) ? "ok    " : "FAILED"}  ${name}  (${parts.join(", ")}${note})`;
  return [head, ...verdict.problems.map((problem) => `  it ${problem}`), ...wrongOf(verdict)];
}

function wrongOf({ rows, deadLetters, ledger, alerts, disagreements }: Verdict): string[] {
  return [
    ...section("rows", rows, rowText),
    ...section("dead letters", deadLetters, letterText),
    ...section("ledger", ledger, () => "counts"),
    ...section("alerts", alerts, alertText),
    ...disagreements.flatMap(disagreementText),
  ];
}

function disagreementText({ run, failure, rows, deadLetters, ledgers }: Disagreement): string[] {
  const lines = [
    ...(failure === undefined ? [] : [`  it broke off: ${failure}`]),
    ...section("rows", rows, rowText),
    ...section("dead letters", deadLetters, letterText),
    ...section("ledgers", ledgers, (row) => String(row["ledger"])),
  ];
  const title = `  ${run}: not as straight; below, straight is what is expected`;
  return [title, ...lines.map((line) => `  ${line}`)];
}

function section(
  title: string,
  differences: readonly Difference[],
  textOf: (row: Fields) => string,
): string[] {
  if (differences.length === 0) return [];
  const lines = differences.slice(0, SHOWN_MAX).flatMap((difference) => {
    const { kind, row } = difference;
    if (kind !== "differs") return [`    ${kind.padEnd(10)}  ${textOf(row)}${valueText(row)}`];
    const width = Math.max(...difference.fields.map(({ field }) => field.length));
    return [
      `    differs     ${textOf(row)}`,
      ...difference.fields.map(
        ({ field, expected, received }) =>
          `      ${field.padEnd(width)}  expected ${shown(expected)}, received ${shown(received)}`,
      ),
    ];
  });
  const more = differences.length - SHOWN_MAX;
  return [
    `  ${title}: ${summary(differences)}`,
    ...lines,
    ...(more > 0 ? [`    … and ${more} more; --json has all`] : []),
  ];
}

function summary(differences: readonly Difference[]): string {
  return (["differs", "missing", "unexpected"] as const)
    .map((kind) => [differences.filter((one) => one.kind === kind).length, kind] as const)
    .filter(([count]) => count > 0)
    .map(([count, kind]) => `${count} ${kind === "differs" && count > 1 ? "differ" : kind}`)
    .join(", ");
}

/** `per_minute cpu{host="a"} sum [1700000040, 1700000100)`. */
function rowText(row: Fields): string {
  const { rule, name, labels, agg_func, window_start, window_end } = row;
  const pairs = Object.entries((labels ?? {}) as Fields).map(
    ([label, value]) => `${label}=${JSON.stringify(value)}`,
  );
  const series = `${nameText(name)}${pairs.length === 0 ? "" : `{${pairs.join(", ")}}`}`;
  const parts = [rule, series, agg_func].filter((part) => part !== undefined && part !== "");
  const window = `[${shown(window_start)}, ${window_end === undefined ? "…" : shown(window_end)})`;
  return `${parts.join(" ")} ${window_start === undefined ? "" : window}`.trim();
}

/** A name may hold anything, also line feeds. */
function nameText(name: unknown): string {
  if (typeof name !== "string") return "";
  return /^[\w.:/-]+$/.test(name) ? name : JSON.stringify(name);
}

/** `hot_pump firing at 1700000340 {host="a"}`. */
function alertText({ alert, state, at, labels }: Fields): string {
  const pairs = Object.entries((labels ?? {}) as Fields).map(
    ([label, value]) => `${label}=${JSON.stringify(value)}`,
  );
  const when = at === undefined ? "" : `at ${shown(at)}`;
  const series = pairs.length === 0 ? "" : `{${pairs.join(", ")}}`;
  return [alert, state, when, series].filter(Boolean).join(" ");
}

function letterText({ at, reason, event }: Fields): string {
  return [at, reason, at === undefined ? event : undefined].filter(Boolean).join(" ");
}

function valueText(row: Fields): string {
  return row["value"] === undefined
    ? ""
    : `  value ${shown(row["value"])}${row["count"] === undefined ? "" : `, count ${shown(row["count"])}`}`;
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}

export function counted(count: number, word: string): string {
  return `${count.toLocaleString("en-US")} ${word}${count === 1 ? "" : "s"}`;
}

/** A case for a program. */
export function jsonOf(verdict: Verdict): object {
  const { name, events, runs, straight, unshuffled, problems } = verdict;
  const { rows, deadLetters, ledger, alerts, disagreements } = verdict;
  return {
    case: name,
    ok: isRight(verdict),
    events,
    rows: straight.rows.length,
    runs,
    ...(unshuffled === undefined ? {} : { unshuffled }),
    problems,
    differences: { rows, dead_letters: deadLetters, ledger, alerts },
    disagreements: disagreements.map((one) => ({
      run: one.run,
      ...(one.failure === undefined ? {} : { failure: one.failure }),
      rows: one.rows,
      dead_letters: one.deadLetters,
      ledgers: one.ledgers,
    })),
  };
}
