import { doublesOf, type PageCollector, type StoredNumber } from "../core/stored.ts";
import type { FunctionSet } from "./function-set.ts";
import type { SessionStore } from "./session-store.ts";

/** Keys of one stored page. */
export const PAGE_KEYS = 64;

// Bits of a stored session.
const CHANGED = 1;
const PARTIAL = 2;

/** The events of a series that are closer than the gap, each to the next. */
export interface Session {
  readonly key: number;
  first: number;
  last: number;
  /** Where its accumulators stand. */
  readonly at: number;
  /** How often its row was written: the next revision. */
  firings: number;
  /** Whether it changed since it fired. */
  changed: boolean;
  /** Whether its row said that events are missing. */
  partial: boolean;
  /** Whether it is in the list of those that did. */
  isListed: boolean;
  isGone: boolean;
  /** When it is looked at next; Infinity: never. */
  due: number;
}

/** A series: its sessions, oldest first, and where the last forgotten one ended. */
export interface SessionSeries {
  sessions: Session[];
  forgottenEnd: number;
}

/** What is stored of all sessions together. */
export interface StoredSessions {
  readonly watermark: StoredNumber;
  readonly until: StoredNumber;
}

/** A session that has one event, or none yet. */
export function newSession(key: number, at: number, time: number): Session {
  return {
    key,
    first: time,
    last: time,
    at,
    firings: 0,
    changed: false,
    partial: false,
    isListed: false,
    isGone: false,
    due: Infinity,
  };
}

/** What the pages of sessions are made of. */
export interface SessionPages {
  readonly series: Map<number, SessionSeries>;
  readonly store: SessionStore;
  readonly setOf: (key: number) => FunctionSet;
}

/**
 * Stores the series of a page as numbers in a row: key, end of the last forgotten session, how many are
 * held, and for each its fields and cells.
 */
export function storePage(
  { series, store, setOf }: SessionPages,
  page: { readonly prefix: string; readonly number: number },
  into: PageCollector,
): void {
  const numbers: number[] = [];
  for (let key = page.number * PAGE_KEYS; key < (page.number + 1) * PAGE_KEYS; key++) {
    const one = series.get(key);
    if (one === undefined) continue;
    const { width } = setOf(key);
    numbers.push(key, one.forgottenEnd, one.sessions.length);
    for (const { first, last, firings, changed, partial, at } of one.sessions) {
      numbers.push(first, last, firings, (changed ? CHANGED : 0) + (partial ? PARTIAL : 0));
      for (let cell = 0; cell < width; cell++) numbers.push(store.cells[at + cell]!);
    }
  }
  const pageKey = `${page.prefix}/${page.number}`;
  if (numbers.length === 0) into.remove.push(pageKey);
  else into.numbers(pageKey, Float64Array.from(numbers));
}

/** Takes over what {@link storePage} gave; tells every series. */
export function restorePage(
  { series, store, setOf }: SessionPages,
  bytes: Uint8Array,
  onSeries: (key: number, restored: SessionSeries) => void,
): void {
  const numbers = doublesOf(bytes);
  let i = 0;
  while (i < numbers.length) {
    const [key, forgottenEnd, count] = numbers.subarray(i, i + 3) as unknown as [
      number,
      number,
      number,
    ];
    i += 3;
    const set = setOf(key);
    const sessions: Session[] = [];
    for (let n = 0; n < count; n++) {
      const at = store.reserve(set);
      const session = newSession(key, at, numbers[i]!);
      session.last = numbers[i + 1]!;
      session.firings = numbers[i + 2]!;
      session.changed = (numbers[i + 3]! & CHANGED) !== 0;
      session.partial = (numbers[i + 3]! & PARTIAL) !== 0;
      store.cells.set(numbers.subarray(i + 4, i + 4 + set.width), at);
      i += 4 + set.width;
      sessions.push(session);
    }
    const restored = { sessions, forgottenEnd };
    series.set(key, restored);
    onSeries(key, restored);
  }
}
