import type { Refusal } from "../core/event.ts";
import { anyGlobMatcher } from "../core/glob.ts";
import { TAP_LOOKS_PER_SECOND_MAX, TAPS_MAX } from "../core/limits.ts";
import type { RuleSettings } from "../core/settings.ts";
import type { EventBatch } from "../core/source.ts";
import type { OpenTap, TakenFromTap, Tap, TapFilter, TappedEvent } from "./view.ts";

const LINE_FEED = 10;

/**
 * What is decoded comes in bursts of so much at the most: a look again and again finds something each time, instead of
 * everything at the start of a second.
 */
const LOOK_BURST_MS = 250;

/** What is shown, in a whole second's: the few events that somebody publishes by hand are all seen. */
const SHOW_BURST_MS = 1_000;

/**
 * Shows passing events to whoever looks. The pipeline asks {@link EventTap.isOpen} once a batch; nothing else
 * is done while nobody looks. While somebody does, a bounded number of events a second is decoded a second
 * time, on the side: what is beyond it passes unseen.
 */
export class EventTap implements Tap {
  readonly #nowMs: () => number;
  readonly #taps = new Set<Looker>();
  readonly #looks: Budget;

  /** @param nowMs The monotonic clock. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#looks = new Budget(
      { perSecond: TAP_LOOKS_PER_SECOND_MAX, burstMs: LOOK_BURST_MS },
      nowMs(),
    );
  }

  /** Whether anybody looks. */
  get isOpen(): boolean {
    return this.#taps.size > 0;
  }

  open(filter: TapFilter): OpenTap | undefined {
    if (this.#taps.size >= TAPS_MAX) return undefined;
    const looker = new Looker(filter, this.#nowMs());
    this.#taps.add(looker);
    return {
      take: () => looker.take(),
      close: () => void this.#taps.delete(looker),
    };
  }

  /** A batch is about to be processed. Its bytes are read now, and not kept. */
  look(batch: EventBatch, rules: readonly RuleSettings[]): void {
    const nowMs = this.#nowMs();
    const wanting = [...this.#taps].filter((looker) => looker.filter.events);
    if (wanting.length === 0) return;
    let line = 0;
    for (let at = 0; at < batch.length && this.#looks.take(nowMs); line++) {
      const found = batch.bytes.indexOf(LINE_FEED, at);
      const end = found < 0 || found >= batch.length ? batch.length : found;
      const event = eventIn(batch.bytes.subarray(at, end));
      at = end + 1;
      for (const looker of wanting) {
        looker.looked++;
        if (event === undefined || !looker.wants(event, rules)) continue;
        looker.addEvent(event, { place: () => batch.place(line), nowMs });
      }
    }
  }

  /** An event, or a row, was refused. */
  refuse(refusal: Refusal): void {
    const nowMs = this.#nowMs();
    for (const looker of this.#taps) looker.addRefusal(refusal, nowMs);
  }
}

type ShownEvent = TappedEvent["event"];

const decoder = new TextDecoder();

/** Undefined: it is none; whoever looks sees it among what was refused. */
function eventIn(bytes: Uint8Array): ShownEvent | undefined {
  try {
    const event: unknown = JSON.parse(decoder.decode(bytes));
    if (typeof event !== "object" || event === null || Array.isArray(event)) return undefined;
    return event as ShownEvent; // just checked
  } catch {
    return undefined;
  }
}

/** One who looks, with what was found for him. */
class Looker {
  readonly filter: TapFilter;
  looked = 0;
  #events: TappedEvent[] = [];
  #refused: Refusal[] = [];
  #droppedEvents = 0;
  #droppedRefused = 0;
  readonly #eventBudget: Budget;
  readonly #refusedBudget: Budget;
  /** The `match` of the rule that is asked for, of these very rules. */
  #match: { readonly rules: readonly RuleSettings[]; readonly takes: EventMatcher } | undefined;

  constructor(filter: TapFilter, nowMs: number) {
    this.filter = filter;
    const { perSecond } = filter;
    this.#eventBudget = new Budget({ perSecond, burstMs: SHOW_BURST_MS }, nowMs);
    this.#refusedBudget = new Budget({ perSecond, burstMs: SHOW_BURST_MS }, nowMs);
  }

  wants(event: ShownEvent, rules: readonly RuleSettings[]): boolean {
    const { name, aggFunc, labels, rule } = this.filter;
    if (name !== undefined && !name(textOf(event["name"]))) return false;
    // One that names none is summed.
    if (aggFunc !== undefined && (event["agg_func"] ?? "sum") !== aggFunc) return false;
    if (labels !== undefined && !hasLabels(event, labels)) return false;
    return rule === undefined || this.#matcherOf(rule, rules)(event);
  }

  addEvent(
    event: ShownEvent,
    { place, nowMs }: { readonly place: () => string; readonly nowMs: number },
  ): void {
    if (this.#eventBudget.take(nowMs)) this.#events.push({ at: place(), event });
    else this.#droppedEvents++;
  }

  addRefusal(refusal: Refusal, nowMs: number): void {
    const { refused, name, aggFunc, labels, rule } = this.filter;
    if (!refused) return;
    // Of what is no event nobody knows the name: it is shown where nothing is asked for.
    const asks = [name, aggFunc, labels, rule].some((one) => one !== undefined);
    if (asks) {
      const event = eventIn(new TextEncoder().encode(refusal.event));
      if (event === undefined || !this.wants(event, this.#match?.rules ?? [])) return;
    }
    if (this.#refusedBudget.take(nowMs)) this.#refused.push(refusal);
    else this.#droppedRefused++;
  }

  take(): TakenFromTap {
    const taken = {
      events: this.#events,
      refused: this.#refused,
      looked: this.looked,
      dropped: { events: this.#droppedEvents, refused: this.#droppedRefused },
    };
    this.#events = [];
    this.#refused = [];
    this.looked = 0;
    this.#droppedEvents = 0;
    this.#droppedRefused = 0;
    return taken;
  }

  #matcherOf(name: string, rules: readonly RuleSettings[]): EventMatcher {
    if (this.#match?.rules !== rules) this.#match = { rules, takes: matcherOf(name, rules) };
    return this.#match.takes;
  }
}

type EventMatcher = (event: ShownEvent) => boolean;

/** What the `match` of a rule takes; nothing where there is no such rule. */
function matcherOf(name: string, rules: readonly RuleSettings[]): EventMatcher {
  const rule = rules.find((one) => one.name === name);
  if (rule === undefined) return () => false;
  // A rule that merges the windows of another one takes what that takes.
  if (rule.from !== undefined) return matcherOf(rule.from, rules);
  const names = rule.match?.name;
  const takesName = names === undefined ? () => true : anyGlobMatcher(names);
  const labels = new Map(
    [...(rule.match?.labels ?? [])].map(([label, globs]) => [label, anyGlobMatcher(globs)]),
  );
  return (event) => takesName(textOf(event["name"])) && hasLabels(event, labels);
}

function hasLabels(
  { labels }: ShownEvent,
  wanted: ReadonlyMap<string, (value: string) => boolean>,
): boolean {
  if (wanted.size === 0) return true;
  if (typeof labels !== "object" || labels === null) return false;
  const held = new Map<string, unknown>(Object.entries(labels));
  return [...wanted].every(([label, matches]) => {
    const value = held.get(label);
    return typeof value === "string" && matches(value);
  });
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** So many a second, in bursts of so long at the most; one at the least. */
class Budget {
  readonly #perMs: number;
  readonly #burst: number;
  #left: number;
  #atMs: number;

  constructor(
    { perSecond, burstMs }: { readonly perSecond: number; readonly burstMs: number },
    nowMs: number,
  ) {
    this.#perMs = perSecond / 1000;
    this.#burst = Math.max(this.#perMs * burstMs, 1);
    this.#left = this.#burst;
    this.#atMs = nowMs;
  }

  take(nowMs: number): boolean {
    this.#left = Math.min(this.#left + (nowMs - this.#atMs) * this.#perMs, this.#burst);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
