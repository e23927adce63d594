import { type EventColumns, type EventTaker, MISSED, type Names } from "../core/columns.ts";
import { assert } from "../core/errors.ts";
import { emptyLedger, type LedgerCounts } from "../core/ledger.ts";
import type { PageChanges } from "../core/page.ts";
import type { DedupeSettings, RuleSettings } from "../core/settings.ts";
import {
  PageCollector,
  type StoredNumber,
  type StoredPages,
  storedNumber,
} from "../core/stored.ts";
import { type DurationMicros, type EpochMicros, epochMicros } from "../core/time.ts";
import type { WindowRule } from "../core/window.ts";
import type { EngineRow } from "./engine-row.ts";
import type { RuleContext } from "./era.ts";
import { shareFunctions } from "./function-numbers.ts";
import { commonBoundary } from "./pane-layout.ts";
import type { PaneTaker } from "./pane-taker.ts";
import { PartialIntervals } from "./partial-intervals.ts";
import { type EngineRefusal, futureRefusal, lateRefusal } from "./refusals.ts";
import { type FormerRule, type RestoreOptions, RuleEngine } from "./rule-engine.ts";
import { SeenIds } from "./seen-ids.ts";
import { sortRows } from "./sort-rows.ts";
import { type StoredWatermark, Watermark } from "./watermark.ts";
import type { HeldWindow } from "./windows.ts";

export interface EngineOptions {
  readonly rules: readonly RuleSettings[];
  readonly names: Names;
  /** What the function numbers of the columns mean, for the functions of rules; as decode has them. */
  readonly functions?: readonly string[];
  /** Told when a function of the configuration threw while it made a row. */
  readonly onRowFailure?: (detail: string) => void;
  readonly outOfOrderness: DurationMicros;
  /** Infinity: off. */
  readonly idleTimeoutMs: number;
  /** `"off"`: no event is too far ahead. */
  readonly maxFuture: DurationMicros | "off";
  readonly dedupe: DedupeSettings;
  /** The monotonic clock now. */
  readonly nowMs: number;
}

/** When a batch of events came. */
export interface Arrival {
  /** Undefined: they come back from the dead letters, in any order, and move no watermark. */
  readonly partition: string | undefined;
  /** The wall clock, for the future rule. */
  readonly now: EpochMicros;
  /** The monotonic clock, for the idle rule. */
  readonly nowMs: number;
}

/**
 * The window engine: columns of events in, rows out. Pure and synchronous; both clocks come in as
 * arguments. One batch is any number of `add`, then one `collect`. What is late does not hang on how the
 * input was cut: the watermark moves event by event. For speed, `add` splits the columns where the
 * watermark forgets a window; in between no rule needs to look.
 */
export class Engine {
  readonly ledger: LedgerCounts = emptyLedger();
  /** A rule stands behind the one that it reads. */
  readonly rules: readonly RuleEngine[];
  /** Those that read events. */
  readonly #readers: readonly RuleEngine[];
  readonly #context: RuleContext;
  readonly #outOfOrderness: DurationMicros;
  /** By index of the columns: what a function of a rule threw. */
  readonly #failures = new Map<number, string>();
  readonly #watermark: Watermark;
  readonly #seen: SeenIds;
  readonly #partial = new PartialIntervals();
  readonly #maxFuture: DurationMicros | "off";
  #rows: EngineRow[] = [];
  /** Takes events of the batch that is being decoded. */
  #taker: PaneTaker | undefined;
  /** Stored rules that are not ours. */
  #strangers: string[] = [];
  /** The watermark at which the next window of any rule is forgotten. */
  #nextForget = epochMicros(-Infinity);

  constructor(options: EngineOptions) {
    this.#watermark = new Watermark(options);
    this.#seen = new SeenIds(options.dedupe);
    this.#maxFuture = options.maxFuture;
    assert(shareFunctions(options.rules), "rules by event must know the same functions");
    this.#outOfOrderness = options.outOfOrderness;
    this.#context = {
      names: options.names,
      functions: options.functions ?? [],
      outOfOrderness: options.outOfOrderness,
      isPartial: (start, end) => this.#partial.touch(start, end),
      onFailure: ({ index, detail }) => this.#failures.set(index, detail),
      onRowFailure: options.onRowFailure ?? (() => undefined),
      usersOf: (selection) => this.rules.flatMap((rule) => rule.usersOf(selection)),
    };
    this.rules = this.#makeRules(options.rules);
    this.#readers = this.rules.filter(({ lower }) => lower === undefined);
  }

  #makeRules(rules: readonly RuleSettings[]): RuleEngine[] {
    const made: RuleEngine[] = [];
    for (const rule of rules) {
      const lower = made.find(({ name }) => name === rule.from);
      made.push(new RuleEngine(rule, this.#context, lower));
    }
    return made;
  }

  /** Event time up to which no event is expected any more; -Infinity before the first event. */
  get watermark(): EpochMicros {
    return this.#watermark.value;
  }

  /** Ids forgotten before their time, because there were too many. */
  get idsEvicted(): number {
    return this.#seen.evicted;
  }

  /** The partitions that are known, and how far each is. */
  get arrivals(): Pick<Watermark, "partitions" | "newestOf"> {
    return this.#watermark;
  }

  /** Makes a partition known: from now on the watermark waits for it. */
  openPartition(partition: string): void {
    this.#watermark.open(partition);
  }

  /**
   * Takes events as they are decoded, without the columns, where one rule reads them that asks for no more
   * than name, function, value and time; undefined where they have to be looked at first. `add` of the
   * columns, with what it did not take, has to follow.
   */
  taker({ partition, now }: Arrival): EventTaker | undefined {
    const [rule, another] = this.#readers;
    if (rule === undefined || another !== undefined || this.#watermark.isIdle(partition)) return;
    const others = this.#watermark.boundOf(partition);
    const needed = this.#watermark.neededFor(this.#nextForget, others);
    this.#taker = rule.takeUntil(Math.min(needed, this.#futureLimit(now)));
    return this.#taker;
  }

  /** Takes what was taken as it was decoded into the account. */
  #settle(arrival: Arrival): void {
    const settled = this.#taker?.settle();
    this.#taker = undefined;
    if (settled === undefined || settled.taken === 0) return;
    this.ledger.received += settled.taken;
    this.ledger.aggregated += settled.taken;
    this.#readers[0]!.countTaken(settled.taken);
    this.#arrived(arrival, Math.max(this.#watermark.newestOf(arrival.partition), settled.newest));
  }

  #futureLimit(now: EpochMicros): number {
    return this.#maxFuture === "off" ? Infinity : now + this.#maxFuture;
  }

  /**
   * Takes the events of the columns, the filtered and the refused ones into the account, and adds what
   * can be added.
   *
   * @returns The events that were refused here, by index.
   */
  add(columns: EventColumns, arrival: Arrival): EngineRefusal[] {
    const refusals: EngineRefusal[] = [];
    const { ledger } = this;
    ledger.received += columns.length + columns.filtered + columns.refusals.length;
    ledger.filtered += columns.filtered;
    ledger.invalid += columns.refusals.length;
    this.#watermark.tick(arrival.nowMs);
    this.#settle(arrival);
    if (columns.length === 0) return refusals;
    if (columns.idCount === 0) this.#addRange(columns, 0, columns.length, arrival, refusals);
    else this.#addWithIds(columns, arrival, refusals);
    return refusals;
  }

  /** Events with an id go one by one: whether one is a duplicate hangs on what became of the others. */
  #addWithIds(columns: EventColumns, arrival: Arrival, refusals: EngineRefusal[]): void {
    let from = 0;
    for (let i = 0; i < columns.length; i++) {
      const id = columns.ids[i];
      if (id === undefined) continue;
      this.#addRange(columns, from, i, arrival, refusals);
      from = i + 1;
      if (this.#seen.has(id, this.watermark)) {
        this.ledger.duplicate++;
        continue;
      }
      const refused = refusals.length;
      this.#addRange(columns, i, i + 1, arrival, refusals);
      if (refusals.length > refused) continue; // a refused event is not remembered
      this.#seen.add(id, epochMicros(columns.time[i]!), this.watermark);
    }
    this.#addRange(columns, from, columns.length, arrival, refusals);
  }

  #addRange(
    columns: EventColumns,
    first: number,
    last: number,
    arrival: Arrival,
    refusals: EngineRefusal[],
  ): void {
    if (first >= last) return;
    const { time } = columns;
    const { partition } = arrival;
    const futureLimit = this.#futureLimit(arrival.now);
    const others = this.#watermark.boundOf(partition);
    // The first event of a partition that wakes always takes the slow way: see `Watermark.isIdle`.
    const wakes = this.#watermark.isIdle(partition);
    let newest: number = wakes ? -Infinity : this.#watermark.newestOf(partition);
    let needed: number = wakes ? -Infinity : this.#watermark.neededFor(this.#nextForget, others);
    const { newest: latest, length } = columns;
    const isPlain = -Infinity < latest && latest < needed && latest <= futureLimit;
    if (isPlain && last - first === length) {
      // None is ahead of the clock, none lets a window be forgotten: there is no need to look at each.
      this.#addToRules(columns, { from: first, to: last, arrival }, refusals);
      this.#arrived(arrival, Math.max(newest, latest));
      return;
    }
    let from = first;
    let ahead = 0;
    for (let i = first; i < last; i++) {
      const t = time[i]!;
      if (t > futureLimit) {
        ahead++;
        this.#addToRules(columns, { from, to: i, arrival }, refusals);
        if (i > from) this.#arrived(arrival, newest);
        from = i + 1;
        this.ledger.future++;
        refusals.push(futureRefusal(i, t, arrival.now));
      } else if (t > newest) {
        newest = t;
        if (t < needed) continue;
        // This event lets a window be forgotten: those before it are added first.
        this.#addToRules(columns, { from, to: i, arrival }, refusals);
        from = i;
        this.#watermark.arrived(partition, epochMicros(newest), arrival.nowMs);
        newest = this.#watermark.newestOf(partition);
        this.#forget(this.#watermark.advance());
        needed = this.#watermark.neededFor(this.#nextForget, others);
      }
    }
    this.#addToRules(columns, { from, to: last, arrival }, refusals);
    // A device whose clock is ahead must not keep its partition waited for.
    if (ahead < last - first) this.#arrived(arrival, newest);
  }

  #arrived({ partition, nowMs }: Arrival, newest: number): void {
    this.#watermark.arrived(partition, epochMicros(newest), nowMs);
    this.#watermark.advance();
  }

  #addToRules(
    columns: EventColumns,
    range: { from: number; to: number; arrival: Arrival },
    refusals: EngineRefusal[],
  ): void {
    const { from, to } = range;
    if (from >= to) return;
    let marked = false;
    const path = {
      value: this.watermark,
      newest: this.#watermark.newestOf(range.arrival.partition),
      others: this.#watermark.boundOf(range.arrival.partition),
      outOfOrderness: this.#outOfOrderness,
    };
    for (const rule of this.#readers) {
      if (rule.add(columns, range, path)) marked = true;
    }
    if (marked) this.#account(columns, range, refusals);
    else this.ledger.aggregated += to - from;
  }

  /** Some rule did not take some event: looks at each one. */
  #account(
    columns: EventColumns,
    range: { from: number; to: number; arrival: Arrival },
    refusals: EngineRefusal[],
  ): void {
    const { ledger } = this;
    let newest = -Infinity;
    for (let i = range.from; i < range.to; i++) {
      newest = Math.max(newest, columns.time[i]!);
      const missed = columns.missed[i]!;
      if (columns.missedBy[i]! < this.#readers.length) {
        ledger.aggregated++;
        // No dead letter: another rule has it. Yet somebody has to know.
        if ((missed & MISSED.failed) !== 0) this.#context.onRowFailure(this.#failures.get(i)!);
        if ((missed & (MISSED.late | MISSED.latePartial)) !== 0) ledger.late_partial++;
      } else if ((missed & MISSED.late) !== 0) {
        ledger.late++;
        // No window is forgotten within the range, so the watermark may follow the events one by one.
        this.#arrived(range.arrival, newest);
        const time = epochMicros(columns.time[i]!);
        const lateness = this.#readers.map((rule) => rule.lateness(time));
        refusals.push(lateRefusal(i, lateness, this.watermark));
      } else if ((missed & MISSED.overLimit) !== 0) {
        ledger.over_limit++;
        const detail = "one series more than maxSeries allows in every rule";
        refusals.push({ index: i, reason: "over_limit", detail, bySeconds: 0 });
      } else if ((missed & MISSED.failed) !== 0) {
        ledger.invalid++;
        const detail = this.#failures.get(i)!;
        refusals.push({ index: i, reason: "rule_failed", detail, bySeconds: 0 });
      } else {
        ledger.filtered++;
      }
    }
    this.#failures.clear();
  }

  #forget(watermark: EpochMicros): void {
    let next = Infinity;
    for (const rule of this.rules) {
      rule.forget(watermark, this.#rows);
      next = Math.min(next, rule.nextForget(watermark));
    }
    this.#nextForget = epochMicros(next);
    // A window may still be opened by a late event, so it is not enough to look at those held.
    if (this.#partial.isEmpty) return;
    const oldest = Math.min(...this.rules.map((rule) => rule.forgottenBefore));
    this.#partial.forgetBefore(epochMicros(oldest));
  }

  /**
   * Ends a batch: the rows of the windows that fired in it, in their order.
   *
   * @param clock What `early` goes by; event time when left out.
   */
  collect(clock: EpochMicros = this.watermark): EngineRow[] {
    for (const rule of this.rules) rule.collect(this.watermark, this.#rows, clock);
    const rows = sortRows(this.#rows);
    this.#rows = [];
    return rows;
  }

  /**
   * The source, or these partitions of it, are caught up: see {@link Watermark.idle}. A `collect` has to
   * follow.
   */
  idle(nowMs: number, caughtUp?: readonly string[]): void {
    let limit = -Infinity;
    for (const rule of this.rules) limit = Math.max(limit, rule.lastForget());
    const watermark = this.#watermark.idle(nowMs, epochMicros(limit), caughtUp);
    if (watermark >= this.#nextForget && watermark !== -Infinity) this.#forget(watermark);
  }

  /** The partitions that are further ahead of the watermark than `skew`. */
  partitionsAhead(skew: DurationMicros): string[] {
    return this.#watermark.aheadBy(skew);
  }

  /** The source has more of these partitions than it has handed out: see {@link Watermark.wake}. */
  wake(partitions: readonly string[]): void {
    this.#watermark.wake(partitions);
  }

  /** The source was away: what was quiet meanwhile was not idle. */
  restartIdle(nowMs: number): void {
    this.#watermark.restartIdle(nowMs);
  }

  /** The input has ended: every window fires. A `collect` has to follow. */
  finish(): void {
    this.#forget(this.#watermark.finish());
  }

  /** Events from `from` to `to` are missing: windows that touch this stretch are marked `partial`. */
  markPartial(from: EpochMicros, to: EpochMicros): void {
    this.#partial.add(from, to);
  }

  /** Gathers what of the state changed since the last call. Called between batches. */
  changes(): PageChanges {
    const into = new PageCollector();
    for (const rule of this.#strangers) into.remove.push(`rule/${rule}`);
    this.#strangers = [];
    for (const rule of this.rules) rule.changes(into);
    this.#seen.changes(this.watermark, into);
    const { ledger } = this;
    into.json("engine", {
      ledger,
      watermark: this.#watermark.stored(),
      nextForget: storedNumber(this.#nextForget),
      partial: this.#partial.stored(),
      idsEvicted: this.#seen.evicted,
    } satisfies StoredEngine);
    return into;
  }

  /**
   * Takes over what all `changes` together gave. Called once, before any event. Rules that mean something
   * else now go on with the windows they hold under the old meaning, and begin the new one at its first
   * boundary after the newest event.
   *
   * @returns The rules that had to give up windows: they are gone, or their code is; with how many each.
   */
  restore(
    pages: StoredPages,
    options: Partial<Pick<RestoreOptions, "former" | "functionNamed">> = {},
  ): { readonly rule: string; readonly windows: number }[] {
    const state = pages.json<StoredEngine>("engine");
    if (state === undefined) return [];
    Object.assign(this.ledger, state.ledger);
    this.#watermark.restore(state.watermark);
    this.#nextForget = epochMicros(Number(state.nextForget));
    this.#partial.restore(state.partial);
    this.#seen.evicted = state.idsEvicted;
    this.#seen.restore(pages);
    const newest = this.#watermark.newest;
    const restoring: RestoreOptions = {
      former: options.former ?? [],
      functionNamed: options.functionNamed ?? (() => undefined),
      bornAt: epochMicros(newest + 1),
      boundaryOf: (rule) => commonBoundary(this.#windowsAbove(rule), newest),
    };
    const givenUp = this.rules.map((rule) => ({
      rule: rule.name,
      windows: rule.restore(pages, restoring),
    }));
    // A rule that is new here has forgotten as much as the others have.
    if (this.watermark !== -Infinity) this.#forget(this.watermark);
    return [...givenUp.filter(({ windows }) => windows > 0), ...this.#dropStrangers(pages)];
  }

  /** The windows of a rule and of all that read it, directly or not. */
  #windowsAbove({ name, window }: RuleSettings): WindowRule[] {
    const readers = this.rules.filter(({ settings }) => settings.from === name);
    return [window, ...readers.flatMap(({ settings }) => this.#windowsAbove(settings))];
  }

  /** The stored rules that are no rules any more, with how many windows each held. Their pages go. */
  #dropStrangers(pages: StoredPages): { readonly rule: string; readonly windows: number }[] {
    const strangers = pages
      .wordsBelow("rule")
      .filter((name) => this.rules.every((one) => one.name !== name));
    this.#strangers.push(...strangers);
    return strangers.map((rule) => {
      return { rule, windows: pages.wordsBelow(`rule/${rule}/pane`).length };
    });
  }

  /** The rules with every meaning under which they hold windows: for `restore` in the same process. */
  formerRules(): FormerRule[] {
    return this.rules.flatMap(({ eras }) => eras.map(({ meaning, rule }) => ({ meaning, rule })));
  }

  /** The windows held: rule by rule, the oldest of each first. */
  windows(): HeldWindow[] {
    return this.rules.flatMap((rule) => rule.windows(epochMicros(-Infinity), Infinity));
  }

  /**
   * A page of {@link windows}.
   *
   * @param after The last window of the page before, which may be gone by now; undefined: the first page.
   */
  windowPage(after: Pick<HeldWindow, "rule" | "start"> | undefined, limit: number): HeldWindow[] {
    const windows: HeldWindow[] = [];
    let from = after?.start ?? epochMicros(-Infinity);
    const first = this.rules.findIndex(({ name }) => after === undefined || name === after.rule);
    // A rule that is not there has nothing behind it either.
    if (first < 0) return windows;
    for (let i = first; i < this.rules.length && windows.length < limit; i++) {
      windows.push(...this.rules[i]!.windows(from, limit - windows.length));
      from = epochMicros(-Infinity);
    }
    return windows;
  }

  /**
   * Gives up the series without events in any window held, and says which names are still needed.
   * Called between batches, when many names have come and gone.
   */
  namesInUse(count: number): Uint8Array {
    const inUse = new Uint8Array(count);
    for (const rule of this.rules) {
      rule.releaseSeries();
      rule.markNames(inUse);
    }
    return inUse;
  }

  /** The names were numbered anew, after `namesInUse`. */
  renumber(numbers: Int32Array): void {
    for (const rule of this.rules) rule.renumber(numbers);
  }
}

interface StoredEngine {
  readonly ledger: LedgerCounts;
  readonly watermark: StoredWatermark;
  readonly nextForget: StoredNumber;
  readonly partial: [StoredNumber, StoredNumber][];
  readonly idsEvicted: number;
}
