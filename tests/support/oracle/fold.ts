import { expect } from "bun:test";
import type { RuleSettings } from "../../../src/core/settings.ts";
import type { EngineRow } from "../../../src/engine/engine-row.ts";
import type { Oracle } from "./oracle.ts";
import type { RowState } from "./oracle-rule.ts";
import { keyOf, type OracleRow } from "./types.ts";

/**
 * The rows as a sink holds them: of each the greatest revision, without those that were withdrawn. Every
 * row that comes is held against the oracle.
 */
export class Fold {
  /** The last row of each id, withdrawn ones included. */
  readonly #rows = new Map<string, EngineRow>();
  /** What was ever told of each id. */
  readonly #values = new Map<string, Set<number | null>>();
  /** The clock of `early` at the last collect, rule by rule. */
  readonly #ticks = new Map<string, number>();
  readonly #oracle: Oracle;
  /** What was met, so that a test can say whether its scenarios go everywhere. */
  readonly met = new Set<string>();
  /** The watermark when rows were last collected. */
  #collectedAt = -Infinity;

  constructor(oracle: Oracle) {
    this.#oracle = oracle;
  }

  /** What is left in the end, in the order of its keys. */
  get rows(): EngineRow[] {
    return [...this.#rows]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, row]) => (row.withdrawn ? [] : [row]));
  }

  /** Whether the clock of `early` went on is not known after a restart. */
  restarted(): void {
    this.#ticks.clear();
  }

  /** @param earlyNow The clock that `early` goes by; undefined: the watermark. */
  collected(rows: readonly EngineRow[], earlyNow: number | undefined): void {
    expect(rows).toEqual(rows.toSorted(compare));
    const keys = new Set(rows.map(keyOf));
    if (keys.size < rows.length) throw new Error(`a row came twice at once: ${show(rows)}`);
    let known = 0;
    for (const rule of this.#oracle.rules) {
      const own = rows.filter(({ rule: name }) => name === rule.settings.name);
      this.#collectedOf(rule, own, this.#tick(rule, earlyNow));
      known += own.length;
    }
    if (known < rows.length) throw new Error(`a row of no rule: ${show(rows)}`);
    this.#collectedAt = this.#oracle.watermark;
  }

  /** Whether rows of windows that are not over have to come now, may come, or must not. */
  #tick(rule: Oracle["rules"][number], earlyNow: number | undefined): "due" | "may" | "not" {
    const { early, emit, name } = rule.settings;
    // What is told once, when it is final, is not told early.
    if (early === undefined || emit === "final") return "not";
    const tick = Math.floor((earlyNow ?? this.#oracle.watermark) / early);
    const before = this.#ticks.get(name) ?? -Infinity;
    this.#ticks.set(name, tick);
    if (tick <= before) return "not";
    // Of a rule that reads another one, the watermark may be its own.
    const isSure = before !== -Infinity && (earlyNow !== undefined || rule.lag === 0);
    return isSure ? "due" : "may";
  }

  #collectedOf(
    rule: Oracle["rules"][number],
    rows: readonly EngineRow[],
    tick: "due" | "may" | "not",
  ): void {
    const states = rule.states();
    const gaps = new Map(
      rule.gaps().flatMap((gap) =>
        rule.rowsOf(gap).map((row, i) => {
          return [keyOf(row), { row, before: rule.rowsOf(gap.previous)[i]! }];
        }),
      ),
    );
    const { settings } = rule;
    for (const row of rows) {
      const key = keyOf(row);
      const last = this.#rows.get(key);
      const forgottenAt = row.end + settings.allowedLateness + rule.lag;
      check(forgottenAt > this.#collectedAt, "a window that was forgotten is told again", row);
      check(row.revision > (last?.revision ?? -1), "the revision does not go up", row, last);
      check(Number.isInteger(row.revision), "the revision is no whole number", row);
      check(!Object.is(row.value, -0), "a value is -0", row);
      const state = states.get(key);
      if (row.withdrawn) {
        check(settings.window.kind === "session", "no session, and yet withdrawn", row);
        check(row.value === null && row.count >= 0, "withdrawn, with a value", row);
        check(last?.withdrawn === false, "withdrawn, and was not there", row, last);
        check(row.revision === last!.revision + 1, "withdrawn with a revision left out", row, last);
        check(state === undefined, "withdrawn, and is there", row, state?.row);
      } else if (row.filled) {
        const found = gaps.get(key);
        check(found !== undefined, "filled, and is no gap", row);
        check(last === undefined, "filled once more", row, last);
        this.#checkFilled(row, found!, settings);
      } else {
        this.#checkRow(row, state, tick, settings);
        const isFirst = last === undefined || last.withdrawn || last.filled;
        // An early row may not have known that events are missing.
        const isCorrected = settings.early !== undefined && row.partial && last?.partial === false;
        const changed = isFirst || isCorrected || row.count > last.count;
        check(changed, "told again, and did not change", row, last);
      }
      if (!row.withdrawn) {
        check(row.partial === this.#oracle.isPartial(row), "partial or not", row);
        if (!this.#values.has(key)) this.#values.set(key, new Set());
        this.#values.get(key)!.add(row.value);
      }
      this.#meet(rule.settings, row, state);
      this.#rows.set(key, row);
    }
    if (tick === "due") this.#expectEarly(states);
  }

  #meet({ window, from, fill }: RuleSettings, row: EngineRow, state: RowState | undefined): void {
    const marks: string[] = (["partial", "withdrawn"] as const).filter((mark) => row[mark]);
    if (row.filled) marks.push(`filled with ${fill?.with}`);
    if (row.revision > 0) marks.push("told again");
    if (state?.phase === "open") marks.push("told early");
    if (row.labels.length > 0) marks.push("with labels");
    this.met.add(window.kind);
    if (from !== undefined) this.met.add(`${window.kind} from another`);
    for (const mark of marks) this.met.add(`${window.kind}, ${mark}`);
  }

  #checkRow(
    row: EngineRow,
    state: RowState | undefined,
    tick: "due" | "may" | "not",
    { emit }: RuleSettings,
  ): void {
    check(state !== undefined, "a row of no window", row);
    const { row: wanted, phase } = state!;
    const isDue = phase === "fired" || (phase === "open" && tick !== "not");
    check(isDue, `told while the window is ${phase}`, row);
    check(show([row]) === show([wanted]), "not what the window holds", row, wanted);
    check(emit !== "final" || row.revision === 0, "final, and told before", row);
  }

  #checkFilled(
    row: EngineRow,
    { row: wanted, before }: { row: OracleRow; before: OracleRow },
    { fill }: RuleSettings,
  ): void {
    if (fill?.with !== "previous") {
      check(show([row]) === show([wanted]), "not filled as it should be", row, wanted);
      return;
    }
    // What the window before showed when the gap was told: any of its rows, where it had several.
    const told = this.#values.get(keyOf(before)) ?? new Set();
    check(told.has(row.value), "filled with what was not before", row, before);
    check(show([{ ...row, value: null }]) === show([wanted]), "not filled right", row, wanted);
  }

  #expectEarly(states: Map<string, RowState>): void {
    for (const [key, { row, phase }] of states) {
      if (phase !== "open") continue;
      const told = this.#rows.get(key);
      check(told?.count === row.count && !told.withdrawn, "changed, and not told early", row, told);
    }
  }

  /** After a collect: what a sink holds is what the events give. */
  compare(): void {
    const wanted = new Map<string, string>();
    const got = new Map<string, string>();
    for (const [key, row] of this.#oracle.rows()) wanted.set(key, show([this.#asTold(key, row)]));
    for (const rule of this.#oracle.rules) this.#holdingOf(rule, wanted, got);
    const order = (rows: Map<string, string>): string[] => [...rows.values()].toSorted();
    expect(order(got)).toEqual(order(wanted));
  }

  #holdingOf(
    rule: Oracle["rules"][number],
    wanted: ReadonlyMap<string, string>,
    got: Map<string, string>,
  ): void {
    const open = rule.open();
    const gaps = new Set(rule.gaps().flatMap((gap) => rule.rowsOf(gap).map(keyOf)));
    for (const [key, row] of this.#rows) {
      if (row.rule !== rule.settings.name || row.withdrawn) continue;
      // What was told of a window before it was over may be old.
      const isOpen = open.some(
        (window) =>
          (rule.settings.window.kind === "session" || window.start === row.start) &&
          window.start <= row.start &&
          row.start < window.end &&
          rule.rowsOf(window).some((one) => keyOf({ ...one, start: row.start }) === key),
      );
      if (isOpen && !wanted.has(key)) continue;
      // A gap that need not be told.
      if (row.filled && !wanted.has(key) && gaps.has(key)) continue;
      got.set(key, show([row]));
    }
  }

  /** Filled with what was before: that was checked when it was told, and is not corrected. */
  #asTold(key: string, row: OracleRow): OracleRow {
    const told = this.#rows.get(key);
    return row.filled && told?.filled === true ? { ...row, value: told.value } : row;
  }
}

function check(holds: boolean, what: string, ...rows: (Partial<EngineRow> | undefined)[]): void {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(rows, undefined, 1)}`);
}

/** All of a row that does not hang on when it was asked for. */
function show(rows: readonly OracleRow[]): string {
  return rows
    .map(({ rule, name, labels, agg_func, start, end, value, count, overflow, filled, detail }) =>
      JSON.stringify([
        [rule, name, labels, agg_func],
        [start, end],
        [value, count, overflow, filled],
        detail,
      ]),
    )
    .join("\n");
}

function compare(a: EngineRow, b: EngineRow): number {
  const keyed = (row: EngineRow): string[] => [row.rule, row.name];
  const labelsOf = ({ labels }: EngineRow): string[] => labels.flat();
  return (
    a.end - b.end ||
    compareTexts(keyed(a), keyed(b)) ||
    compareTexts(labelsOf(a), labelsOf(b)) ||
    compareTexts([a.agg_func], [b.agg_func])
  );
}

function compareTexts(a: readonly string[], b: readonly string[]): number {
  const i = a.findIndex((text, at) => text !== b[at]);
  if (i < 0) return a.length - b.length;
  if (i >= b.length) return 1;
  return a[i]! < b[i]! ? -1 : 1;
}
