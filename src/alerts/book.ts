import { SEVERITIES, type Severity } from "../core/alert-settings.ts";
import { NOTICES_MAX } from "../core/limits.ts";
import type { Labels } from "./instances.ts";

/** An alert that fired, as others are told of it. Times are Unix seconds of our clock. */
export interface Incident {
  readonly alert: string;
  /** Of the instance. */
  readonly key: string;
  readonly severity: Severity;
  /** Those of the instance and of the alert. */
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly summary: string;
  readonly description: string | undefined;
  readonly value: number | null;
  readonly startsAt: number;
  /** Undefined: it fires. */
  readonly endsAt: number | undefined;
}

interface Entry {
  incident: Incident;
  /** Who is to hear of it as it is now. */
  readonly owed: Set<string>;
  /** Who heard that it fires, and when last. */
  readonly told: Map<string, number>;
  /** Who refused to hear that it fires, and when last. */
  readonly refused: Map<string, number>;
}

/** Whoever refused is asked again after so many seconds where nothing is said again by itself: it may be mended. */
const REFUSED_AGAIN = 3_600;

export interface StoredEntry {
  readonly incident: Incident;
  readonly owed: readonly string[];
  readonly told: readonly (readonly [string, number])[];
  readonly refused: readonly (readonly [string, number])[];
}

/**
 * Who has to be told what: what is owed to a notifier stays until it has it, over failures and restarts. Of one
 * incident the newest state alone is told, so that what waits is never more than there are incidents.
 */
export class Book {
  readonly #entries = new Map<string, Entry>();
  readonly #max: number;
  /** By notifier: what there was no room for. */
  readonly dropped = new Map<string, number>();

  constructor(max = NOTICES_MAX) {
    this.#max = max;
  }

  /** It fires: those are to hear of it; none while it is silenced. */
  fire(incident: Incident, notify: readonly string[]): void {
    const id = idOf(incident);
    const before = this.#entries.get(id);
    // It fires again before all have heard that it had ended: they hear that it fires.
    const told = before?.told ?? new Map<string, number>();
    this.#entries.delete(id);
    this.#entries.set(id, { incident, owed: new Set(notify), told, refused: new Map() });
    this.#makeRoom();
  }

  /** It fires on: with another value, say. */
  update(alert: string, key: string, change: Partial<Incident>): void {
    const entry = this.#entries.get(idOf({ alert, key }));
    if (entry !== undefined) entry.incident = { ...entry.incident, ...change };
  }

  find(alert: string, key: string): Incident | undefined {
    return this.#entries.get(idOf({ alert, key }))?.incident;
  }

  /** It ended: those hear of it who heard that it fires, and those who were to hear that. */
  resolve(alert: string, key: string, endsAt: number): Incident | undefined {
    const id = idOf({ alert, key });
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.incident.endsAt !== undefined) return undefined;
    // A clock that was set back a little must not end it before it began: Alertmanager refuses that.
    entry.incident = { ...entry.incident, endsAt: Math.max(endsAt, entry.incident.startsAt) };
    // Who refused to hear of it is not told of its end.
    for (const notifier of entry.told.keys()) entry.owed.add(notifier);
    if (entry.owed.size === 0) this.#entries.delete(id);
    return entry.incident;
  }

  /**
   * Of what fires: who has to hear of it by now, since a silence ended, or it is time to say it again; and who
   * has not, since it is silenced.
   *
   * @param notify Who is told of it, with the pause in seconds after which it is said again.
   */
  look(
    incident: Pick<Incident, "alert" | "key">,
    options: {
      readonly now: number;
      readonly isSilenced: boolean;
      readonly notify: ReadonlyMap<string, number | undefined>;
    },
  ): void {
    const entry = this.#entries.get(idOf(incident));
    if (entry === undefined || entry.incident.endsAt !== undefined) return;
    const { now, isSilenced, notify } = options;
    if (isSilenced) {
      entry.owed.clear();
      return;
    }
    for (const [notifier, repeat] of notify) {
      const refused = entry.refused.get(notifier);
      const last = refused ?? entry.told.get(notifier) ?? -Infinity;
      const pause = repeat ?? (refused === undefined ? Infinity : REFUSED_AGAIN);
      if (last === -Infinity || now - last >= pause) entry.owed.add(notifier);
    }
  }

  /**
   * The clock was set, or it may have been while nobody looked: what lies ahead is now. Else nothing would be said
   * again until the clock is there once more, and what began ahead would end before it began.
   */
  clockSet(now: number): void {
    for (const entry of this.#entries.values()) {
      const { startsAt, endsAt } = entry.incident;
      if (startsAt > now) entry.incident = { ...entry.incident, startsAt: now };
      if (endsAt !== undefined && endsAt > now) entry.incident = { ...entry.incident, endsAt: now };
      for (const times of [entry.told, entry.refused]) {
        for (const [notifier, at] of times) if (at > now) times.set(notifier, now);
      }
    }
  }

  /** What fires, by the book. */
  get firing(): Incident[] {
    return [...this.#entries.values()]
      .map(({ incident }) => incident)
      .filter(({ endsAt }) => endsAt === undefined);
  }

  /** What a notifier is to be told, the oldest first. */
  owedTo(notifier: string, max: number): Incident[] {
    const owed: Incident[] = [];
    for (const { incident, owed: to } of this.#entries.values()) {
      if (owed.length >= max) break;
      if (to.has(notifier)) owed.push(incident);
    }
    return owed;
  }

  waiting(notifier: string): number {
    let count = 0;
    for (const { owed } of this.#entries.values()) if (owed.has(notifier)) count++;
    return count;
  }

  /** A notifier has heard of these, as they were; what changed meanwhile it is still to hear. */
  delivered(notifier: string, incidents: readonly Incident[], now: number): void {
    for (const incident of incidents) {
      const id = idOf(incident);
      const entry = this.#entries.get(id);
      if (entry === undefined) continue;
      const isSame = entry.incident.startsAt === incident.startsAt;
      const isEnded = incident.endsAt !== undefined;
      entry.refused.delete(notifier);
      if (isEnded) entry.told.delete(notifier);
      else entry.told.set(notifier, now);
      if (isSame && entry.incident.endsAt === incident.endsAt) entry.owed.delete(notifier);
      if (entry.incident.endsAt !== undefined && entry.owed.size === 0) this.#entries.delete(id);
    }
  }

  /** A notifier refused these as they are. What fires it is asked to take again, later. */
  drop(notifier: string, incidents: readonly Incident[], now: number): void {
    this.#count(notifier, incidents.length);
    for (const incident of incidents) {
      const entry = this.#entries.get(idOf(incident));
      if (entry === undefined) continue;
      const hasEnded = entry.incident.endsAt !== incident.endsAt;
      // It ended while this was said: whoever had heard before is still to hear that.
      if (!hasEnded || !entry.told.has(notifier)) entry.owed.delete(notifier);
      entry.refused.set(notifier, now);
      if (entry.incident.endsAt !== undefined && entry.owed.size === 0) {
        this.#entries.delete(idOf(incident));
      }
    }
  }

  /** Only these notifiers are there by now, under settings that may be others: who refused is asked again. */
  keepNotifiers(names: ReadonlySet<string>): void {
    for (const [id, { incident, owed, told, refused }] of this.#entries) {
      for (const name of owed) if (!names.has(name)) owed.delete(name);
      for (const name of told.keys()) if (!names.has(name)) told.delete(name);
      if (incident.endsAt === undefined) {
        for (const name of refused.keys()) if (told.has(name)) owed.add(name);
      }
      refused.clear();
      if (incident.endsAt !== undefined && owed.size === 0) this.#entries.delete(id);
    }
  }

  store(): StoredEntry[] {
    return [...this.#entries.values()].map(({ incident, owed, told, refused }) => ({
      incident,
      owed: [...owed],
      told: [...told],
      refused: [...refused],
    }));
  }

  restore(stored: readonly StoredEntry[]): void {
    for (const { incident, owed, told, refused } of stored) {
      this.#entries.set(idOf(incident), {
        // What is undefined is not in JSON.
        incident: { ...incident, endsAt: incident.endsAt ?? undefined },
        owed: new Set(owed),
        told: new Map(told),
        refused: new Map(refused),
      });
    }
  }

  /**
   * What nobody is told of goes first, then what has ended, then what matters least; of these the oldest. Whoever
   * was told that it fires will not hear of its end, and so it counts for them, too.
   */
  #makeRoom(): void {
    if (this.#entries.size <= this.#max) return;
    let [id, least] = [...this.#entries][0]!; // it has more than it may
    for (const [other, entry] of this.#entries) {
      if (weightOf(entry) < weightOf(least)) [id, least] = [other, entry];
    }
    this.#entries.delete(id);
    for (const name of new Set([...least.owed, ...least.told.keys()])) this.#count(name, 1);
  }

  #count(notifier: string, more: number): void {
    this.dropped.set(notifier, (this.dropped.get(notifier) ?? 0) + more);
  }
}

function weightOf({ incident, owed, told, refused }: Entry): number {
  if (owed.size + told.size + refused.size === 0) return 0;
  if (incident.endsAt !== undefined) return 1;
  return 2 + SEVERITIES.length - SEVERITIES.indexOf(incident.severity);
}

function idOf({ alert, key }: Pick<Incident, "alert" | "key">): string {
  return `${alert}\n${key}`;
}
