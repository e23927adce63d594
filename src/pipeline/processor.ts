import { EventColumns, type LineRefusal } from "../core/columns.ts";
import { FatalError } from "../core/errors.ts";
import type { Refusal } from "../core/event.ts";
import { BATCH_EVENTS } from "../core/limits.ts";
import { takesObjectRoad } from "../core/object-road.ts";
import type { Page, PageChanges } from "../core/page.ts";
import type { ResultRow } from "../core/result.ts";
import type { Settings } from "../core/settings.ts";
import type { EventBatch } from "../core/source.ts";
import { PageCollector, type StoredNumber, StoredPages, storedNumber } from "../core/stored.ts";
import { type EpochMicros, epochMicros, millisOf } from "../core/time.ts";
import { type DecodeInput, Decoder, inputOf } from "../decode/decoder.ts";
import { type Arrival, Engine } from "../engine/engine.ts";
import type { EngineRow } from "../engine/engine-row.ts";
import type { EngineRefusal } from "../engine/refusals.ts";
import { eventRulesOf } from "./event-check.ts";
import { rowOf } from "./row-maker.ts";

const LINE_FEED = 10;

/** Where it is stored since when events are missing. */
const MISSING_PAGE = "missing";

/** Names beyond those in use that are kept before they are looked through. */
const NAMES_SPARE = 100_000;

/** Events that begin so are our own metrics, wherever they come from. */
export const OWN_METRIC_PREFIX = "aggregator.";

export interface ProcessorOptions {
  /** Seed of the name hash. */
  readonly seed: number;
  /** The monotonic clock now. */
  readonly nowMs: number;
  /** Takes every refused event. Called synchronously. */
  readonly onRefusal: (refusal: Refusal) => void;
  /** Told when a function of the configuration threw while it made a row. */
  readonly onRowFailure?: (detail: string) => void;
  /** Takes how late an event was, or how far ahead of the clock, in seconds. */
  readonly onLateness?: (seconds: number) => void;
  /** Looks at the events of some batches before they go in. */
  readonly observer?: ColumnsObserver | undefined;
  /** Looks at every event; with it they go in one by one, which changes nothing but the pace. */
  readonly watcher?: LineWatcher | undefined;
}

/**
 * Looks at the events that a source gives before they go in, and changes nothing. Where it does not look, they
 * go in faster.
 */
export interface ColumnsObserver {
  /** Whether it looks at the events that come next, of `bytes` bytes. Asked before each `add` or `passed`. */
  wants(bytes: number, nowMs: number): boolean;
  add(columns: EventColumns, arrival: ArrivalAfter): void;
  /** So many events went in that it did not want to see; lines that are no events, and our own metrics, are none. */
  passed(events: number): void;
}

/** Looks at every event as it goes in. */
export interface LineWatcher {
  /** The source itself refused something. */
  refused(refusal: Refusal): void;
  /** An event, or a line that is none, is about to go in. */
  before(engine: Engine): void;
  /** It went in. */
  after(line: AddedLine, engine: Engine): void;
}

/** One line that went in: an event alone in the columns, or none. */
export interface AddedLine {
  readonly at: string;
  /** As it came, cut to `DEAD_LETTER_BYTES_MAX`. */
  readonly event: string;
  readonly columns: EventColumns;
  /** Undefined when it is no event, or one of our own metrics. */
  readonly name: string | undefined;
  readonly refusal: Pick<Refusal, "reason" | "detail"> | undefined;
}

/** What windows need to go on under a meaning that a rule had. */
type RestoreOptions = NonNullable<Parameters<Engine["restore"]>[1]>;

/** How a batch came, and the newest event time of its partition before it. */
export interface ArrivalAfter extends Arrival {
  readonly newest: EpochMicros;
}

/** When events came, by both clocks. */
export interface Now {
  readonly now: EpochMicros;
  readonly nowMs: number;
}

/**
 * Decode and engine in one: batches of bytes in, rows out. Synchronous. `run` ends a batch with
 * `rows()` whenever a source batch was added; `replay` cuts by event count instead.
 */
export class Processor {
  readonly engine: Engine;
  readonly #settings: Settings;
  readonly #options: ProcessorOptions;
  readonly #decoder: Decoder;
  readonly #columns = new EventColumns(BATCH_EVENTS);
  /** 0 after a restart too: how many of the stored names are in use shows at the first look only. */
  #namesAfterRelease = 0;
  /** By partition: since when events are missing, until its next event tells up to when. */
  readonly #missingFrom = new Map<string, EpochMicros>();

  constructor(settings: Settings, options: ProcessorOptions) {
    this.#settings = settings;
    this.#options = options;
    const { time, rules, dedupe } = settings;
    const eventRules = eventRulesOf(settings);
    this.#decoder = new Decoder({
      ...eventRules,
      keepsLabels: rules.some((rule) => takesObjectRoad(rule)),
      seed: options.seed,
      ignoredPrefix: settings.source.definition.carriesMetrics ? OWN_METRIC_PREFIX : undefined,
    });
    this.engine = new Engine({
      rules,
      names: this.#decoder.names,
      functions: eventRules.functions,
      onRowFailure: (detail) => options.onRowFailure?.(detail),
      outOfOrderness: time.outOfOrderness,
      idleTimeoutMs: time.idleTimeout === "off" ? Infinity : millisOf(time.idleTimeout),
      maxFuture: time.maxFuture,
      dedupe,
      nowMs: options.nowMs,
    });
  }

  /**
   * Adds the events of a batch.
   *
   * @param cut When given, a batch of the engine ends after `cut.events` events, also in the middle of
   *   the bytes, and `cut.onFired` takes what fired: the result then does not hang on how the source cut.
   */
  add(
    batch: EventBatch,
    arrival: Now,
    cut?: { readonly events: number; onFired(fired: EngineRow[]): void },
  ): void {
    const { engine } = this;
    const { watcher } = this.#options;
    for (const refusal of batch.refusals) {
      this.#options.onRefusal(refusal);
      watcher?.refused(refusal);
    }
    engine.ledger.received += batch.refusals.length;
    engine.ledger.invalid += batch.refusals.length;
    engine.ledger.tombstones += batch.tombstones ?? 0;
    this.#markMissing(batch, arrival.now);
    this.#add(batch, { partition: batch.partition, ...arrival }, cut);
  }

  /** Adds events that come back from the dead letters: received again, and the watermark stays. */
  addReturned(lines: Pick<EventBatch, "bytes" | "length" | "place">, arrival: Now): void {
    const { ledger } = this.engine;
    const before = ledger.received;
    this.#add(lines, { partition: undefined, ...arrival });
    ledger.replayed += ledger.received - before;
  }

  #add(
    lines: Pick<EventBatch, "bytes" | "length" | "place">,
    arrival: Arrival,
    cut?: { readonly events: number; onFired(fired: EngineRow[]): void },
  ): void {
    const { watcher } = this.#options;
    // In which order events come back from the dead letters says nothing of the source.
    const observer = arrival.partition === undefined ? undefined : this.#options.observer;
    const input = inputOf(lines.bytes, lines.length);
    const columns = this.#columns;
    while (input.at < input.end) {
      const { at } = input;
      const { received } = columns;
      const max = cut?.events ?? Infinity;
      const isObserved = observer?.wants(input.end - at, arrival.nowMs) ?? false;
      // Who looks at the events sees them in the columns; a watcher, one by one.
      const isSeen = watcher !== undefined || isObserved;
      const taker = isSeen ? undefined : this.engine.taker(arrival);
      const decoded = watcher === undefined ? max : columns.received + 1;
      this.#decoder.decode(input, columns, decoded, taker);
      watcher?.before(this.engine);
      if (isObserved) {
        const newest = this.engine.arrivals.newestOf(arrival.partition);
        observer?.add(columns, { ...arrival, newest });
      } else {
        const { refusals: refused, filtered } = columns;
        observer?.passed(columns.received - received - refused.length - filtered);
      }
      const refusals = this.engine.add(columns, arrival);
      this.#report(refusals, input, lines);
      if (watcher !== undefined) this.#show(watcher, { input, at, lines, refusals });
      columns.clear();
      if (cut !== undefined && columns.received >= cut.events) cut.onFired(this.fire());
    }
  }

  /** Shows the one line that went in, unless there were but blank ones. */
  #show(
    watcher: LineWatcher,
    added: {
      readonly input: DecodeInput;
      readonly at: number;
      readonly lines: Pick<EventBatch, "place">;
      readonly refusals: readonly EngineRefusal[];
    },
  ): void {
    const { input, lines } = added;
    const columns = this.#columns;
    const { length, filtered } = columns;
    const [refused] = columns.refusals;
    if (length + filtered === 0 && refused === undefined) return;
    // Of our own metrics nothing is kept: theirs is the last line that was passed.
    const line = refused?.line ?? (length > 0 ? columns.line[0]! : input.line - 1);
    const last = Math.max(input.bytes.lastIndexOf(LINE_FEED, input.at - 2) + 1, added.at);
    const start = length > 0 ? columns.start[0]! : last;
    const shown: AddedLine = {
      at: lines.place(line),
      event: refused?.event ?? this.#decoder.textAt(input, start),
      columns,
      name: length > 0 ? this.#decoder.names.text(columns.name[0]!) : undefined,
      refusal: refused ?? added.refusals[0],
    };
    watcher.after(shown, this.engine);
  }

  /** Gathers what of the state changed since the last call. Called between batches. */
  changes(): PageChanges {
    const names = new PageCollector();
    this.#decoder.names.changes(names);
    const missing = [...this.#missingFrom].map(([name, from]) => [name, storedNumber(from)]);
    names.json(MISSING_PAGE, missing);
    const { remove, put } = this.engine.changes();
    return { remove: [...names.remove, ...remove], put: [...names.put, ...put] };
  }

  /**
   * Takes over what all `changes` together gave. Returns the rules whose windows had to be given up.
   *
   * @throws {FatalError} It is the state behind the end of an input, which is never stored.
   */
  restore(
    stored: Iterable<Page>,
    options: RestoreOptions = {},
  ): readonly { readonly rule: string; readonly windows: number }[] {
    const pages = new StoredPages(stored);
    this.#decoder.names.restore(pages);
    for (const [partition, from] of pages.json<[string, StoredNumber][]>(MISSING_PAGE) ?? []) {
      this.#missingFrom.set(partition, epochMicros(Number(from)));
    }
    const givenUp = this.engine.restore(pages, options);
    if (this.engine.watermark === Infinity) {
      throw new FatalError(
        "The state is damaged (its watermark is behind the end of the input, so that every event would be " +
          "late). Restore it from a backup (aggregator restore), or name an empty folder in state.dir and " +
          "read the source again from its start",
      );
    }
    return givenUp;
  }

  /**
   * Ends a batch of the engine: the rows of the windows that fired in it.
   *
   * @param clock What `early` goes by; event time when left out.
   */
  rows(clock?: EpochMicros): ResultRow[] {
    return this.rowsOf(this.fire(clock));
  }

  /** As {@link rows}, and leaves it to the caller when to make rows of it: a window may hold many. */
  fire(clock?: EpochMicros): EngineRow[] {
    this.#columns.received = 0;
    const fired = this.engine.collect(clock);
    this.#releaseNames();
    return fired;
  }

  rowsOf(fired: readonly EngineRow[]): ResultRow[] {
    return fired.map((row) => rowOf(this.#settings.name, row));
  }

  #report(
    refusals: readonly EngineRefusal[],
    input: DecodeInput,
    batch: Pick<EventBatch, "place">,
  ): void {
    const columns = this.#columns;
    if (columns.refusals.length + refusals.length === 0) return;
    const all: LineRefusal[] = [...columns.refusals];
    for (const { index, reason, detail, bySeconds } of refusals) {
      const event = this.#decoder.textAt(input, columns.start[index]!);
      all.push({ reason, detail, event, line: columns.line[index]! });
      if (reason === "late") this.#options.onLateness?.(bySeconds);
    }
    // Whoever refused them: in the order in which they came.
    all.sort((a, b) => a.line - b.line);
    for (const { reason, detail, event, line } of all) {
      this.#options.onRefusal({ reason, detail, event, at: batch.place(line) });
    }
  }

  /**
   * Of the windows up to the next event of the partition some events are missing: all of those before a
   * late start, and those from the watermark on at a gap.
   */
  #markMissing(batch: EventBatch, now: EpochMicros): void {
    const { partition, gap, startsLate = false } = batch;
    // One at the least where the source cannot tell: a gap of 0 would raise no alert, and look as if all were well.
    if (gap !== undefined) this.engine.ledger.gaps += gap.events ?? 1;
    if (startsLate) this.#missingFrom.set(partition, epochMicros(-Infinity));
    else if (gap !== undefined && !this.#missingFrom.has(partition)) {
      this.#missingFrom.set(partition, this.engine.watermark);
    }
    const from = this.#missingFrom.get(partition);
    const first = from === undefined ? undefined : this.#firstTimeOf(batch);
    // The event that ends it may come with a later batch.
    if (from === undefined || first === undefined) return;
    this.#missingFrom.delete(partition);
    const { maxFuture } = this.#settings.time;
    // A first event of a clock that is ahead says nothing of what is missing.
    const limit = maxFuture === "off" ? Infinity : now + maxFuture;
    this.engine.markPartial(from, epochMicros(Math.min(first, limit)));
  }

  #firstTimeOf(batch: EventBatch): EpochMicros | undefined {
    const columns = new EventColumns(1);
    const input = inputOf(batch.bytes, batch.length);
    while (input.at < input.end && columns.length === 0) {
      this.#decoder.decode(input, columns, Infinity);
    }
    return columns.length === 0 ? undefined : epochMicros(columns.time[0]!);
  }

  /** Names come and go: those without a series are forgotten now and then, at a bounded cost. */
  #releaseNames(): void {
    const { names } = this.#decoder;
    if (names.used <= 2 * this.#namesAfterRelease + NAMES_SPARE) return;
    this.engine.renumber(names.retain(this.engine.namesInUse(names.size)));
    this.#namesAfterRelease = names.size;
  }
}
