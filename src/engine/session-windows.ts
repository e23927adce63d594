import { MISSED } from "../core/columns.ts";
import { SESSIONS_MAX } from "../core/limits.ts";
import type { AggregateSettings } from "../core/settings.ts";
import { type PageCollector, type StoredPages, storedNumber } from "../core/stored.ts";
import { type DurationMicros, type EpochMicros, epochMicros } from "../core/time.ts";
import { DueHeap } from "./due-heap.ts";
import type { EngineRow } from "./engine-row.ts";
import type { FunctionSet } from "./function-set.ts";
import type { SlotOwner } from "./object-slots.ts";
import type { RowWriter } from "./row-writer.ts";
import type { RuleEvents, WatermarkPath } from "./rule-events.ts";
import { functionSetsOf } from "./series-table.ts";
import {
  newSession,
  PAGE_KEYS,
  restorePage,
  type Session,
  type SessionPages,
  type SessionSeries,
  type StoredSessions,
  storePage,
} from "./session-pages.ts";
import { SessionQueue } from "./session-queue.ts";
import { SessionStore } from "./session-store.ts";
import { type HeldWindow, joinedByStart, type Windows, type WindowsContext } from "./windows.ts";

/**
 * Windows of activity, per series. A session that is over fires; an event that comes late may still make
 * it longer, or one of two: then the row of the later one is withdrawn.
 *
 * What is late hangs on the watermark at each event, which `add` follows by itself: the engine need not
 * call `forget` in time.
 */
export class SessionWindows implements Windows {
  readonly #gap: DurationMicros;
  readonly #context: WindowsContext;
  readonly #writer: RowWriter;
  readonly #functions: readonly FunctionSet[];
  readonly #store = new SessionStore();
  readonly #series = new Map<number, SessionSeries>();
  readonly #due = new SessionQueue();
  /** Series with a forgotten session, by when no event may be late for it any more. */
  readonly #quiet = new DueHeap<number>();
  #seriesCount = 0;
  #sessionCount = 0;
  /** Sessions that fired and changed since; and rows made within a batch. */
  #changed: Session[] = [];
  #rows: EngineRow[] = [];
  readonly #changedPages = new Set<number>();
  #latestEnd = -Infinity;
  /** No session held begins before it; when that was exact: once in a gap all are looked at. */
  #oldest = Infinity;
  #oldestAsOf = -Infinity;
  #watermark = epochMicros(-Infinity);
  #until: EpochMicros;

  constructor(options: {
    readonly gap: DurationMicros;
    readonly aggregate: AggregateSettings;
    readonly context: WindowsContext;
    readonly writer: RowWriter;
  }) {
    this.#gap = options.gap;
    this.#context = options.context;
    this.#writer = options.writer;
    this.#until = options.context.until;
    this.#functions = functionSetsOf(options.aggregate);
  }

  get seriesCount(): number {
    return this.#seriesCount;
  }

  get forgottenBefore(): EpochMicros {
    if (this.#watermark >= this.#oldestAsOf + this.#gap) {
      this.#oldestAsOf = this.#watermark;
      this.#oldest = Infinity;
      for (const { sessions } of this.#series.values()) {
        if (sessions.length > 0) this.#oldest = Math.min(this.#oldest, sessions[0]!.first);
      }
    }
    const begins = this.#watermark - this.#gap - this.#context.allowedLateness;
    return epochMicros(Math.min(begins, this.#oldest));
  }

  get isOver(): boolean {
    const last = this.#until + this.#gap + this.#context.allowedLateness;
    return this.#sessionCount === 0 && this.#watermark >= last;
  }

  reaches(time: EpochMicros): boolean {
    return time >= this.#context.since && time < this.#until;
  }

  nextForget(): EpochMicros {
    return epochMicros(Infinity);
  }

  add(events: RuleEvents, from: number, to: number, path: WatermarkPath): number {
    const { group, fn, value, time, marks } = events;
    const stride = this.#functions.length;
    let { newest } = path;
    let marked = 0;
    for (let i = from; i < to; i++) {
      const t = time[i]!;
      if (t > newest) newest = t;
      if (group[i]! < 0) {
        marked++;
        continue;
      }
      const watermark = Math.max(path.value, Math.min(path.others, newest - path.outOfOrderness));
      const key = stride === 1 ? group[i]! : group[i]! * stride + fn[i]!;
      const missed = this.#addOne(key, { t, value: value[i]!, watermark });
      if (missed === 0) continue;
      marks[i] = missed;
      marked++;
    }
    return marked;
  }

  #setOf(key: number): FunctionSet {
    return this.#functions[key % this.#functions.length]!;
  }

  #addOne(key: number, event: { t: number; value: number; watermark: number }): number {
    const { t, value, watermark } = event;
    let series = this.#series.get(key);
    if (series !== undefined) this.#forgetOf(series, watermark);
    // Sessions of a series never overlap: what lies in a forgotten one belongs to no other.
    if (series !== undefined && t < series.forgottenEnd) return MISSED.late;
    const session = series === undefined ? undefined : this.#join(series, t);
    if (session !== undefined) {
      this.#take(session, t, value);
      return 0;
    }
    if (t + this.#gap + this.#context.allowedLateness <= watermark) return MISSED.late;
    if (!this.#hasRoom(key, series, watermark)) return MISSED.overLimit;
    if (series === undefined || this.#series.get(key) === undefined) {
      series = { sessions: [], forgottenEnd: -Infinity };
      this.#series.set(key, series);
    }
    if (series.sessions.length === 0) this.#seriesCount += this.#setOf(key).functions.length;
    this.#take(this.#begin(key, series, t), t, value);
    return 0;
  }

  /** A session for one more series may have to wait until others are forgotten. */
  #hasRoom(key: number, series: SessionSeries | undefined, watermark: number): boolean {
    const needed =
      series === undefined || series.sessions.length === 0 ? this.#setOf(key).functions.length : 0;
    const isFull = (): boolean =>
      this.#seriesCount + needed > this.#context.seriesMax || this.#sessionCount >= SESSIONS_MAX;
    if (!isFull()) return true;
    this.#passDue(watermark);
    return !isFull();
  }

  #begin(key: number, series: SessionSeries, t: number): Session {
    const at = this.#store.add(this.#setOf(key));
    const session = newSession(key, at, t);
    const { sessions } = series;
    let place = sessions.length;
    while (place > 0 && sessions[place - 1]!.first > t) place--;
    sessions.splice(place, 0, session);
    this.#sessionCount++;
    this.#due.schedule(session, t + this.#gap);
    return session;
  }

  /** The session that an event of this time belongs to; two that it bridges are made one. */
  #join({ sessions }: SessionSeries, t: number): Session | undefined {
    // From the newest on: most events belong there.
    for (let i = sessions.length - 1; i >= 0; i--) {
      const session = sessions[i]!;
      if (t >= session.last + this.#gap) return undefined;
      if (t <= session.first - this.#gap) continue;
      const earlier = sessions[i - 1];
      if (earlier === undefined || t >= earlier.last + this.#gap) return session;
      this.#merge(earlier, session);
      sessions.splice(i, 1);
      return earlier;
    }
    return undefined;
  }

  #merge(earlier: Session, later: Session): void {
    const set = this.#setOf(later.key);
    set.merge(this.#store, earlier.at, this.#store, later.at);
    this.#withdraw(later);
    earlier.last = Math.max(earlier.last, later.last);
    later.isGone = true;
    this.#store.remove(set, later.at);
    this.#sessionCount--;
  }

  /** Takes back the row of a session, if it has one. */
  #withdraw(session: Session): void {
    if (session.firings === 0) return;
    this.#writer.writeWithdrawn(this.#rows, this.#groupOf(session.key), {
      set: this.#setOf(session.key),
      place: this.#placeOf(session),
    });
  }

  #groupOf(key: number): number {
    return Math.floor(key / this.#functions.length);
  }

  #placeOf({ first, last, firings }: Session) {
    const start = epochMicros(first);
    const end = epochMicros(last + this.#gap);
    return { start, end, revision: firings, partial: this.#context.isPartial(start, end) };
  }

  #take(session: Session, t: number, value: number): void {
    if (t < session.first) {
      // The row is known by its start: with another start it is another row.
      this.#withdraw(session);
      session.first = t;
      session.firings = 0;
    }
    if (t > session.last) session.last = t;
    if (t < this.#oldest) this.#oldest = t;
    this.#latestEnd = Math.max(this.#latestEnd, session.last + this.#gap);
    const set = this.#setOf(session.key);
    this.#store.cells[session.at]!++;
    set.add(this.#store, session.at, value, t);
    this.#note(session);
    this.#changedPages.add(Math.floor(session.key / PAGE_KEYS));
  }

  #note(session: Session): void {
    session.changed = true;
    this.#list(session);
  }

  #list(session: Session): void {
    if (session.isListed) return;
    session.isListed = true;
    this.#changed.push(session);
  }

  /** Forgets those sessions of a series that the watermark passed. */
  #forgetOf(series: SessionSeries, watermark: number): void {
    const limit = watermark - this.#context.allowedLateness;
    while (series.sessions.length > 0 && series.sessions[0]!.last + this.#gap <= limit) {
      this.#forgetFirst(series, this.#rows);
    }
  }

  #forgetFirst(series: SessionSeries, rows: EngineRow[]): void {
    const session = series.sessions.shift()!;
    this.#lookForGaps(session);
    if (session.changed) this.#fire(session, rows);
    series.forgottenEnd = session.last + this.#gap;
    const set = this.#setOf(session.key);
    session.isGone = true;
    this.#store.remove(set, session.at);
    this.#sessionCount--;
    if (series.sessions.length === 0) this.#seriesCount -= set.functions.length;
    this.#changedPages.add(Math.floor(session.key / PAGE_KEYS));
    this.#quiet.push(this.#quietFrom(series.forgottenEnd), session.key);
  }

  #fire(session: Session, rows: EngineRow[]): void {
    const place = this.#placeOf(session);
    this.#writer.write(rows, this.#groupOf(session.key), {
      set: this.#setOf(session.key),
      from: this.#store,
      at: session.at,
      place,
    });
    if (session.firings === 0) this.#context.firings.fired++;
    else this.#context.firings.revisions++;
    session.firings++;
    session.partial = place.partial;
    session.changed = false;
    this.#changedPages.add(Math.floor(session.key / PAGE_KEYS));
  }

  forget(watermark: EpochMicros, rows: EngineRow[]): void {
    this.#watermark = watermark;
    this.#passDue(watermark);
    this.#flush(rows);
  }

  collect(watermark: EpochMicros, rows: EngineRow[], isEarly: boolean): void {
    this.#watermark = watermark;
    this.#passDue(watermark);
    this.#fireChanged(watermark, isEarly);
    this.#flush(rows);
    this.#dropQuiet(watermark);
  }

  #flush(rows: EngineRow[]): void {
    for (const row of this.#rows) rows.push(row);
    this.#rows = [];
  }

  /** What an early row did not know: that events are missing. */
  #lookForGaps(session: Session): void {
    if (!this.#context.isEarly || session.changed || session.partial) return;
    if (this.#placeOf(session).partial) session.changed = true;
  }

  /** Looks at the sessions that the watermark passed: forgets them, or lists them for the end of the batch. */
  #passDue(watermark: number): void {
    const { allowedLateness } = this.#context;
    while (this.#due.isDue(watermark)) {
      const session = this.#due.take();
      if (session === undefined) continue;
      const end = session.last + this.#gap;
      if (end + allowedLateness <= watermark) {
        this.#forgetOf(this.#series.get(session.key)!, watermark);
      } else if (end <= watermark) {
        // It fires with those that changed; until it is forgotten nobody looks at it again.
        this.#lookForGaps(session);
        if (session.changed) this.#list(session);
        this.#due.schedule(session, end + allowedLateness);
      } else {
        this.#due.schedule(session, end);
      }
    }
  }

  #fireChanged(watermark: EpochMicros, isEarly: boolean): void {
    if (this.#context.isFinal) {
      for (const session of this.#changed) session.isListed = false;
      this.#changed = [];
      return;
    }
    const waiting: Session[] = [];
    for (const session of this.#changed) {
      session.isListed = false;
      if (session.isGone || !session.changed) continue;
      if (isEarly || session.last + this.#gap <= watermark) this.#fire(session, this.#rows);
      // It is not over any more, and may have been put off until it would have been forgotten.
      else this.#due.schedule(session, session.last + this.#gap);
      if (session.changed && this.#context.isEarly) {
        session.isListed = true;
        waiting.push(session);
      }
    }
    this.#changed = waiting;
  }

  /**
   * The watermark from which on no event before the end of a forgotten session can be taken: those that
   * join none are late by then, and no session begins so near that such an event would join it.
   */
  #quietFrom(forgottenEnd: number): number {
    return forgottenEnd + 2 * this.#gap + this.#context.allowedLateness;
  }

  /** Series that have no session and for which nothing can be late any more are given up. */
  #dropQuiet(watermark: EpochMicros): void {
    while (this.#quiet.size > 0 && this.#quiet.next <= watermark) {
      const key = this.#quiet.pop();
      const series = this.#series.get(key);
      if (series === undefined || series.sessions.length > 0) continue;
      if (this.#quietFrom(series.forgottenEnd) > watermark) continue;
      this.#series.delete(key);
      this.#changedPages.add(Math.floor(key / PAGE_KEYS));
    }
  }

  lastForget(): EpochMicros {
    if (this.#sessionCount === 0) return epochMicros(-Infinity);
    // The session that ends last is forgotten last: while any is held, it is.
    return epochMicros(this.#latestEnd + this.#context.allowedLateness);
  }

  endFor(time: EpochMicros): EpochMicros {
    return epochMicros(time + this.#gap);
  }

  /** The session held of a series that an instant lies in: for who asks what became of an event. */
  sessionAt(
    series: { readonly group: number; readonly fn: number },
    time: number,
  ): Pick<Session, "first" | "last"> | undefined {
    const stride = this.#functions.length;
    const key = series.group * stride + (stride === 1 ? 0 : series.fn);
    const held = this.#series.get(key)?.sessions ?? [];
    return held.find(({ first, last }) => first <= time && time < last + this.#gap);
  }

  endAt(until: EpochMicros): void {
    this.#until = until;
  }

  #sessions(): Session[] {
    return [...this.#series.values()].flatMap(({ sessions }) => sessions);
  }

  /** Sessions that begin at one instant are shown as one. */
  windows(after: EpochMicros, limit: number): Omit<HeldWindow, "rule">[] {
    const shown = this.#sessions().map((session) => ({
      start: epochMicros(session.first),
      end: epochMicros(session.last + this.#gap),
      series: this.#setOf(session.key).functions.length,
      count: this.#store.cells[session.at]!,
      fired: session.firings > 0,
    }));
    return joinedByStart(shown.filter(({ start }) => start > after)).slice(0, limit);
  }

  windowCounts(): { readonly held: number; readonly open: number } {
    const open = this.#sessions().filter(({ firings }) => firings === 0).length;
    return { held: this.#sessionCount, open };
  }

  changes(prefix: string, into: PageCollector): void {
    const prefixed = `${prefix}/session`;
    for (const number of this.#changedPages) {
      storePage(this.#pages(), { prefix: prefixed, number }, into);
    }
    this.#changedPages.clear();
    this.#store.objects.changes(prefix, into);
    into.json(`${prefix}/sessions`, {
      watermark: storedNumber(this.#watermark),
      until: storedNumber(this.#until),
    } satisfies StoredSessions);
  }

  *#slotOwners(): Iterable<SlotOwner> {
    if (this.#functions.every(({ isPlain }) => isPlain)) return;
    for (const { key, at } of this.#sessions()) {
      yield* this.#setOf(key).slotsOf(this.#store.cells, at);
    }
  }

  restore(prefix: string, pages: StoredPages): void {
    const state = pages.json<StoredSessions>(`${prefix}/sessions`);
    if (state === undefined) return;
    this.#watermark = epochMicros(Number(state.watermark));
    this.#until = epochMicros(Number(state.until));
    for (const { bytes } of pages.below(`${prefix}/session`)) {
      restorePage(this.#pages(), bytes, (key, series) => this.#takeOver(key, series));
    }
    this.#store.objects.restore(prefix, pages, this.#slotOwners());
  }

  #pages(): SessionPages {
    return { series: this.#series, store: this.#store, setOf: (key) => this.#setOf(key) };
  }

  /** Goes on with a series that was stored. */
  #takeOver(key: number, { sessions, forgottenEnd }: SessionSeries): void {
    for (const session of sessions) {
      if (session.changed) this.#note(session);
      this.#due.schedule(session, session.last + this.#gap);
      this.#latestEnd = Math.max(this.#latestEnd, session.last + this.#gap);
    }
    this.#sessionCount += sessions.length;
    if (sessions.length > 0) this.#seriesCount += this.#setOf(key).functions.length;
    if (forgottenEnd !== -Infinity) this.#quiet.push(this.#quietFrom(forgottenEnd), key);
  }

  releaseSeries(): void {}

  markGroups(inUse: Uint8Array): void {
    for (const key of this.#series.keys()) inUse[this.#groupOf(key)] = 1;
  }

  renumber(numbers: Int32Array): void {
    const stride = this.#functions.length;
    const old = [...this.#series];
    this.#series.clear();
    for (const [key, series] of old) {
      const renumbered = numbers[this.#groupOf(key)]! * stride + (key % stride);
      this.#changedPages.add(Math.floor(key / PAGE_KEYS));
      this.#changedPages.add(Math.floor(renumbered / PAGE_KEYS));
      for (const session of series.sessions) (session as { key: number }).key = renumbered;
      this.#series.set(renumbered, series);
      if (series.forgottenEnd === -Infinity) continue;
      this.#quiet.push(this.#quietFrom(series.forgottenEnd), renumbered);
    }
  }
}
