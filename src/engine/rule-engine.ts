import type { Aggregation } from "../core/aggregation.ts";
import { type EventColumns, MISSED } from "../core/columns.ts";
import { assert } from "../core/errors.ts";
import { emptyLedger, type LedgerCounts } from "../core/ledger.ts";
import type { RuleSettings } from "../core/settings.ts";
import type { PageCollector, StoredNumber, StoredPages } from "../core/stored.ts";
import { storedNumber } from "../core/stored.ts";
import { type DurationMicros, type EpochMicros, epochMicros } from "../core/time.ts";
import type { EngineRow } from "./engine-row.ts";
import { Era, eraPages, type RuleContext } from "./era.ts";
import type { Pane } from "./pane.ts";
import type { PaneTaker } from "./pane-taker.ts";
import { type RuleDefinition, ruleOfDefinition } from "./rule-definition.ts";
import type { RuleEvents, WatermarkPath } from "./rule-events.ts";
import { meaningOf } from "./rule-meaning.ts";
import { NO_GROUP } from "./selection.ts";
import type { SeriesTable } from "./series-table.ts";
import type { HeldWindow } from "./windows.ts";

/** Groups beyond those in use that are kept before they are looked through. */
const GROUPS_SPARE = 100_000;

/**
 * One rule: its account, and its windows under the meaning it has now; after a change of meaning also
 * under those it had, until the last of their windows is forgotten.
 *
 * A rule that reads another one (`from`) gets the windows that the other forgets in place of events. The
 * watermark reaches it late, by the lateness that the other allows.
 */
export class RuleEngine {
  readonly name: string;
  readonly ledger: LedgerCounts = emptyLedger();
  readonly #context: RuleContext;
  readonly #firings = { fired: 0, revisions: 0 };
  /** Oldest first; the last is the present one. */
  #eras: Era[];
  #nextEra = 1;
  /** The rule that this one reads. */
  readonly lower: RuleEngine | undefined;
  /** Windows that begin before it are partial: the rule was not there yet. */
  #bornAt = epochMicros(-Infinity);
  /** Pages of eras that are over. */
  #removed: string[] = [];
  /** The last tick of `early` that was seen. */
  #earlyTick = -Infinity;
  #groupsAfterRelease = 0;
  #outcome = new Uint8Array(0);
  #masked = new Int32Array(0);

  constructor(rule: RuleSettings, context: RuleContext, lower: RuleEngine | undefined) {
    assert(
      (rule.from === undefined) === (lower === undefined),
      "a rule needs the one that it reads",
    );
    this.name = rule.name;
    this.#context = context;
    this.lower = lower;
    const era = this.#newEra(rule, { id: 0, since: epochMicros(-Infinity) });
    this.#eras = [era];
  }

  #newEra(
    rule: RuleSettings,
    of: { readonly id: number; readonly since: EpochMicros; readonly lower?: Era | undefined },
  ): Era {
    const { id, since, lower = this.lower?.present } = of;
    const era = new Era({
      id,
      rule,
      meaning: meaningOf(rule, lower?.meaning),
      since,
      lower,
      context: {
        ...this.#context,
        isPartial: (start, end) => start < this.#bornAt || this.#context.isPartial(start, end),
      },
      firings: this.#firings,
    });
    lower?.consumers.set(era, (pane, series) => this.#absorb(era, pane, series));
    return era;
  }

  /** The rule under the meaning it has now. */
  get present(): Era {
    return this.#eras.at(-1)!;
  }

  get settings(): RuleSettings {
    return this.present.rule;
  }

  /** All that decides what its windows hold. */
  get meaning(): string {
    return this.present.meaning;
  }

  /** Windows fired for the first time, and again for late events. */
  get fired(): number {
    return this.#firings.fired;
  }

  get revisions(): number {
    return this.#firings.revisions;
  }

  /** Series held, each function counted. */
  get seriesCount(): number {
    return this.#eras.reduce((sum, { windows }) => sum + windows.seriesCount, 0);
  }

  /**
   * What a person should know of it: names whose events name several functions, which gives several series.
   * The first `limit` names, and how many more there are.
   */
  notes(limit: number): string[] {
    const { panes, selection, rule } = this.present;
    if (panes === undefined || rule.aggregate.kind !== "event") return [];
    const { series } = panes;
    const notes: string[] = [];
    for (const group of series.mixed) {
      if (notes.length === limit) break;
      const functions = series.functionsOf(group).map((fn) => rule.aggregate.functions[fn]!.key);
      const labels = selection.groups.labels(group).map(([label, value]) => `${label}=${value}`);
      const name = [selection.groups.name(group), ...labels].join(" ");
      const last = functions.pop();
      const count = functions.length === 1 ? "two" : functions.length + 1;
      notes.push(`${name}: events name ${functions.join(", ")} and ${last}: ${count} series`);
    }
    const more = series.mixed.size - notes.length;
    return more === 0 ? notes : [...notes, `and ${more} names more`];
  }

  /** Forgets an era: its pages go with the next `changes`. */
  #drop(era: Era): void {
    this.#removed.push(...era.pages());
    for (const lower of this.lower?.eras ?? []) lower.consumers.delete(era);
  }

  get eras(): readonly Era[] {
    return this.#eras;
  }

  /** The watermark at which the next window is forgotten, given the present one. */
  nextForget(watermark: EpochMicros): EpochMicros {
    const next = this.#eras.map((era) => era.windows.nextForget(era.own(watermark)) + era.behind);
    return epochMicros(Math.min(...next));
  }

  /**
   * Adds the events [`from`, `to`) of the columns. What it does not take it marks there.
   *
   * @returns Whether it marked any.
   */
  add(columns: EventColumns, range: { from: number; to: number }, path: WatermarkPath): boolean {
    const { from, to } = range;
    this.ledger.received += to - from;
    if (this.#eras.length > 1) return this.#addAcrossEras(columns, range, path);
    const { windows } = this.present;
    const events = this.present.select(columns, from, to);
    const marked = windows.add(events, from, to, path);
    if (marked === 0) this.ledger.aggregated += to - from;
    else this.#account(columns, range, events.marks);
    return marked > 0;
  }

  /** Takes events as they are decoded; undefined when they have to be looked at first. See {@link PaneWindows.takeUntil}. */
  takeUntil(limit: number): PaneTaker | undefined {
    return this.#eras.length === 1 ? this.present.takeUntil(limit) : undefined;
  }

  /** Takes into the account what was taken as it was decoded. */
  countTaken(taken: number): void {
    this.ledger.received += taken;
    this.ledger.aggregated += taken;
  }

  /** Takes the marks of a range into the account and the columns, and clears them. */
  #account(
    columns: EventColumns,
    { from, to }: { from: number; to: number },
    marks: Uint8Array,
  ): void {
    const { ledger } = this;
    for (let i = from; i < to; i++) {
      const mark = marks[i]!;
      marks[i] = 0;
      if (mark === 0 || mark === MISSED.latePartial) ledger.aggregated++;
      if (mark === 0) continue;
      columns.missed[i]! |= mark;
      if (mark === MISSED.latePartial) {
        ledger.late_partial++;
        continue;
      }
      columns.missedBy[i]!++;
      if (mark === MISSED.late) ledger.late++;
      else if (mark === MISSED.overLimit) ledger.over_limit++;
      else if (mark === MISSED.failed) ledger.invalid++;
      else ledger.filtered++;
    }
  }

  /** While windows of an old meaning are held, an event may be for these, for those of the new one, or both. */
  #addAcrossEras(
    columns: EventColumns,
    range: { from: number; to: number },
    path: WatermarkPath,
  ): boolean {
    const { from, to } = range;
    if (this.#outcome.length < columns.capacity) {
      this.#outcome = new Uint8Array(columns.capacity);
      this.#masked = new Int32Array(columns.capacity);
    }
    const outcome = this.#outcome.fill(MISSED.late, from, to);
    const isReached = new Uint8Array(to - from);
    for (const era of this.#eras) {
      const { windows } = era;
      const events = era.select(columns, from, to);
      const masked: RuleEvents = { ...events, group: this.#masked };
      for (let i = from; i < to; i++) {
        const reaches = windows.reaches(epochMicros(columns.time[i]!));
        this.#masked[i] = reaches ? events.group[i]! : NO_GROUP;
      }
      windows.add(masked, from, to, path);
      for (let i = from; i < to; i++) {
        const mark = events.marks[i]!;
        events.marks[i] = 0;
        if (!windows.reaches(epochMicros(columns.time[i]!))) continue;
        const first = isReached[i - from] === 0;
        isReached[i - from] = 1;
        outcome[i] = first ? mark : better(outcome[i]!, mark);
      }
    }
    this.#account(columns, range, outcome);
    return true;
  }

  #absorb(era: Era, pane: Pane, series: SeriesTable): void {
    const absorbed = era.panes!.absorb(pane, series);
    if (absorbed === undefined) return; // another era has it
    const { taken, over } = absorbed;
    this.ledger.received += taken + over;
    this.ledger.aggregated += taken;
    this.ledger.over_limit += over;
  }

  /** Forgets the windows that the watermark passed by the allowed lateness, after giving their rows. */
  forget(watermark: EpochMicros, rows: EngineRow[]): void {
    for (const era of this.#eras) era.windows.forget(era.own(watermark), rows);
    this.#dropOver();
  }

  /** Gives up the eras that are over, once no rule reads them any more: those need their groups. */
  #dropOver(): void {
    if (this.#eras.length === 1) return;
    const { present } = this;
    this.#eras = this.#eras.filter((era) => {
      if (era === present || !era.windows.isOver || era.consumers.size > 0) return true;
      this.#drop(era);
      return false;
    });
  }

  /**
   * Fires the windows that the watermark passed, and again those that changed since they fired.
   *
   * @param clock What `early` goes by.
   */
  collect(watermark: EpochMicros, rows: EngineRow[], clock: EpochMicros): void {
    const { early } = this.settings;
    const tick = early === undefined ? -Infinity : Math.floor(clock / early);
    const isEarly = tick > this.#earlyTick && this.#earlyTick !== -Infinity;
    if (tick > this.#earlyTick) this.#earlyTick = tick;
    for (const era of this.#eras) era.windows.collect(era.own(watermark), rows, isEarly);
    this.#dropOver();
    this.#releaseGroups();
  }

  /** Why an event of the columns was late here: for its dead letter. */
  lateness(time: EpochMicros): {
    readonly windowEnd: EpochMicros;
    readonly allowed: DurationMicros;
  } {
    const { windows, rule } = this.present;
    return { windowEnd: windows.endFor(time), allowed: rule.allowedLateness };
  }

  /** When the newest window that holds data may be forgotten; -Infinity when none does. */
  lastForget(): EpochMicros {
    return epochMicros(
      Math.max(...this.#eras.map(({ windows, behind }) => windows.lastForget() + behind)),
    );
  }

  /** Every window that ends at or before it is forgotten; none begins before it any more. */
  get forgottenBefore(): EpochMicros {
    return epochMicros(Math.min(...this.#eras.map(({ windows }) => windows.forgottenBefore)));
  }

  /** The windows held that begin after `after`, oldest first, `limit` at most. */
  windows(after: EpochMicros, limit: number): HeldWindow[] {
    const all = this.#eras.flatMap(({ windows }) => windows.windows(after, limit));
    if (this.#eras.length > 1) all.sort((a, b) => a.start - b.start);
    return all.slice(0, limit).map((window) => ({ rule: this.name, ...window }));
  }

  /** How many windows are held, and how many of them have not fired. */
  windowCounts(): { readonly held: number; readonly open: number } {
    const counts = this.#eras.map(({ windows }) => windows.windowCounts());
    return counts.reduce((sum, { held, open }) => {
      return { held: sum.held + held, open: sum.open + open };
    });
  }

  /** Gathers what changed since the last call. */
  changes(into: PageCollector): void {
    into.remove.push(...this.#removed);
    this.#removed = [];
    for (const era of this.#eras) era.changes(into);
    const { meaning, ledger, fired, revisions } = this;
    into.json(`rule/${this.name}/state`, {
      meaning,
      ledger,
      fired,
      revisions,
      bornAt: storedNumber(this.#bornAt),
      nextEra: this.#nextEra,
      eras: this.#eras.map((era) => ({
        id: era.id,
        meaning: era.meaning,
        since: storedNumber(era.since),
        definition: era.definition,
        lower: this.lower?.eras.findIndex(({ consumers }) => consumers.has(era)) ?? -1,
      })),
    } satisfies StoredRule);
  }

  /**
   * Takes over what `changes` gave. Called once, before any event. Where the rule had another meaning then,
   * its windows go on under that one.
   *
   * @returns How many windows had to be given up: they hold code that is there no more.
   */
  restore(pages: StoredPages, options: RestoreOptions): number {
    const state = pages.json<StoredRule>(`rule/${this.name}/state`);
    if (state === undefined) {
      this.#bornAt = options.bornAt;
      return 0;
    }
    Object.assign(this.ledger, state.ledger);
    this.#firings.fired = state.fired;
    this.#firings.revisions = state.revisions;
    this.#bornAt = epochMicros(Number(state.bornAt ?? -Infinity));
    this.#nextEra = state.nextEra ?? 1;
    const present = this.present;
    const stored = state.eras ?? [{ id: 0, meaning: state.meaning, since: "-Infinity" as const }];
    // Also where nothing can go on: what was given up is not begun anew, or less would overwrite its rows.
    const boundary = options.boundaryOf(present.rule);
    this.#eras = [];
    this.lower?.present.consumers.delete(present);
    let givenUp = 0;
    for (const one of stored) {
      const rule = this.#ruleOf(one, present, options);
      if (rule === undefined) {
        givenUp += Math.max(pages.wordsBelow(`rule/${this.name}/pane`).length, 1);
        this.#removed.push(...eraPages(this.name, one.id));
        continue;
      }
      const lower = this.lower?.eras[one.lower ?? 0] ?? this.lower?.present;
      const era = this.#newEra(rule, { id: one.id, since: epochMicros(Number(one.since)), lower });
      era.restore(pages);
      this.#eras.push(era);
    }
    const last = this.#eras.at(-1);
    if (last?.meaning === present.meaning) return givenUp;
    this.#eras = this.#eras.filter(({ windows, since }, i, all) => {
      // Also those before the last one, which may not have begun yet.
      const until = Math.min(boundary, ...all.slice(i + 1).map((later) => later.since));
      windows.endAt(epochMicros(until));
      if (since < until) return true;
      this.#drop(all[i]!); // no window begins in it
      return false;
    });
    this.#eras.push(this.#newEra(present.rule, { id: this.#nextEra++, since: boundary }));
    return givenUp;
  }

  /** The rule of a stored era; undefined when it cannot be made again. */
  #ruleOf(stored: StoredEra, present: Era, options: RestoreOptions): RuleSettings | undefined {
    if (stored.meaning === present.meaning) return present.rule;
    const former = options.former.find(({ meaning }) => meaning === stored.meaning);
    if (former !== undefined) return { ...former.rule, to: present.rule.to };
    // Before version 0.2 only the meaning was stored.
    if (stored.definition === undefined) return undefined;
    const { functionNamed } = options;
    return ruleOfDefinition(stored.definition, { present: present.rule, functionNamed });
  }

  /** Gives up the series that have no events in any window held. */
  releaseSeries(): void {
    for (const { windows } of this.#eras) windows.releaseSeries();
  }

  /** Marks the names that are needed still. */
  markNames(inUse: Uint8Array): void {
    for (const { selection, windows } of this.#eras) {
      if (selection.table === undefined) windows.markGroups(inUse);
    }
  }

  /** The names were numbered anew; each that is needed still has a number. */
  renumber(numbers: Int32Array): void {
    for (const { selection, windows } of this.#eras) {
      if (selection.table === undefined) windows.renumber(numbers);
      selection.renumbered();
    }
  }

  /** Groups come and go: those without a series are forgotten now and then, at a bounded cost. */
  #releaseGroups(): void {
    const { selection } = this.present;
    const { table } = selection;
    if (table === undefined || this.lower !== undefined) return;
    if (table.size <= 2 * this.#groupsAfterRelease + GROUPS_SPARE) return;
    const users = this.#context.usersOf(selection);
    const inUse = new Uint8Array(table.size);
    for (const windows of users) {
      windows.releaseSeries();
      windows.markGroups(inUse);
    }
    const numbers = table.retain(inUse);
    for (const windows of users) windows.renumber(numbers);
    this.#groupsAfterRelease = table.size;
  }

  /** The windows that go by the groups of a selection. */
  usersOf(selection: Era["selection"]): Era["windows"][] {
    return this.#eras.flatMap((era) => (era.selection === selection ? [era.windows] : []));
  }
}

/** Of two eras the one that took the event tells what became of it. */
function better(one: number, other: number): number {
  const order = [
    0,
    MISSED.latePartial,
    MISSED.late,
    MISSED.overLimit,
    MISSED.failed,
    MISSED.filtered,
  ];
  return order.indexOf(one) <= order.indexOf(other) ? one : other;
}

/** A rule under a meaning that it had. */
export interface FormerRule {
  readonly meaning: string;
  readonly rule: RuleSettings;
}

interface StoredEra {
  readonly id: number;
  readonly meaning: string;
  readonly since: StoredNumber;
  readonly definition?: RuleDefinition;
  /** Which era of the rule that it reads feeds it. */
  readonly lower?: number;
}

interface StoredRule {
  readonly meaning: string;
  readonly ledger: LedgerCounts;
  readonly fired: number;
  readonly revisions: number;
  readonly bornAt?: StoredNumber;
  readonly nextEra?: number;
  readonly eras?: readonly StoredEra[];
}

/** What stored windows under another meaning need to go on. */
export interface RestoreOptions {
  /** Rules as this process had them before, with their code. */
  readonly former: readonly FormerRule[];
  /** Where a rule that was not there before begins: windows that began earlier are partial. */
  readonly bornAt: EpochMicros;
  readonly functionNamed: (name: string) => Aggregation | undefined;
  /** Where windows of another meaning may begin. */
  readonly boundaryOf: (rule: RuleSettings) => EpochMicros;
}
