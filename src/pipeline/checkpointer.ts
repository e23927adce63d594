import type { Clock } from "../core/clock.ts";
import { TransientError } from "../core/errors.ts";
import type { Refusal } from "../core/event.ts";
import { CHECKPOINT_EVERY_MS, REFUSALS_PENDING_MAX } from "../core/limits.ts";
import type { Logger } from "../core/logger.ts";
import type { PageChanges } from "../core/page.ts";
import type { ResultRow } from "../core/result.ts";
import type { Settings } from "../core/settings.ts";
import type { Cursor } from "../core/source.ts";
import { secondsOf } from "../core/time.ts";
import type { State } from "../state/state.ts";
import { Backoff } from "./backoff.ts";
import type { Processor } from "./processor.ts";

/** What a checkpoint moved forward. */
export interface CheckpointMade {
  /** How long it took. */
  readonly seconds: number;
  readonly cursor: Cursor | undefined;
  /** By sink: the rows that fired for it. */
  readonly rows: ReadonlyMap<string, readonly ResultRow[]>;
  /** Events and rows that were refused. */
  readonly refusals: number;
}

export interface CheckpointerOptions {
  readonly state: State;
  readonly processor: Processor;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** Told of each checkpoint. */
  readonly onCheckpoint?: (made: CheckpointMade) => void;
  /** Told of every try that failed for now. */
  readonly onFailure?: () => void;
}

const NO_PAGES: PageChanges = { remove: [], put: [] };

/**
 * Gathers what the loop has done since the last checkpoint and moves it all forward in one transaction:
 * at every firing, and every few seconds while anything changed.
 */
export class Checkpointer {
  readonly #settings: Settings;
  readonly #options: CheckpointerOptions;
  readonly #backoff: Backoff;
  readonly #everyMs: number;
  /** By sink: the rules whose rows go to it. */
  readonly #rulesOf: ReadonlyMap<string, "all" | ReadonlySet<string>>;
  #committedMs: number;
  /**
   * Whether anything but the clock changed since the last checkpoint. The pace of an idle watermark is the
   * clock's: what it makes fire is rows, and what is refused by it is an event.
   */
  #changed = false;
  /** By sink: rows that fired and are not in a checkpoint yet. */
  #rows = new Map<string, ResultRow[]>();
  #refusals: Refusal[] = [];
  /** Numbers of the dead letters that came back, whose effect is not in a checkpoint yet. */
  #taken: number[] = [];
  /** Pages of a checkpoint that was given up when a stop came: they go into the next one. */
  #pages: PageChanges = NO_PAGES;
  #cursor: Cursor | undefined;
  #problem: string | undefined;

  constructor(settings: Settings, options: CheckpointerOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#cursor = options.state.cursor;
    this.#everyMs = settings.state.checkpointEveryMs ?? CHECKPOINT_EVERY_MS;
    this.#rulesOf = new Map(
      settings.sinks.map(({ name: sink }) => {
        const rules = settings.rules.filter(({ to }) => to.includes(sink));
        const isAll = rules.length === settings.rules.length;
        return [sink, isAll ? "all" : new Set(rules.map(({ name }) => name))];
      }),
    );
    this.#backoff = new Backoff(options.random);
    this.#committedMs = options.clock.monotonicMs();
  }

  /** Why a checkpoint cannot be made now; undefined when nothing is wrong. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** On the monotonic clock: when the last checkpoint was made, or this was. */
  get committedMs(): number {
    return this.#committedMs;
  }

  /** A refused event or row: kept with the next checkpoint. */
  refuse(refusal: Refusal): void {
    this.#refusals.push(refusal);
  }

  /** The loop has processed a read. @param cursor Behind it; undefined when it moved nothing. */
  processed(rows: readonly ResultRow[], cursor: Cursor | undefined): void {
    if (cursor !== undefined) {
      this.#changed = true;
      this.#cursor = cursor;
    }
    if (rows.length === 0) return;
    this.#changed = true;
    for (const { name: sink } of this.#settings.sinks) {
      const wanted = this.#rulesOf.get(sink)!;
      this.#add(sink, wanted === "all" ? rows : rows.filter(({ rule }) => wanted.has(rule)));
    }
  }

  /**
   * Dead letters come back: they go with the next checkpoint, which holds what became of them.
   *
   * @param rows By sink: rows that it refused, and gets again.
   */
  returned(seqs: readonly number[], rows: ReadonlyMap<string, readonly ResultRow[]>): void {
    if (seqs.length === 0) return;
    this.#changed = true;
    for (const seq of seqs) this.#taken.push(seq);
    for (const [sink, refused] of rows) this.#add(sink, refused);
  }

  /** @param caughtUp Nothing waits in the source: there is time, so refused events are shown at once. */
  isDue(caughtUp: boolean): boolean {
    // One that was asked for could not be made: the loop sees to it.
    if (this.#problem !== undefined) return true;
    if (this.#rows.size > 0 || this.#refusals.length >= REFUSALS_PENDING_MAX) return true;
    if (caughtUp && this.#refusals.length > 0) return true;
    const sinceMs = this.#options.clock.monotonicMs() - this.#committedMs;
    return this.#changed && sinceMs >= this.#everyMs;
  }

  /**
   * Makes a checkpoint of everything up to now. While the disk is full it waits and tries again; nothing
   * is read meanwhile, so nothing is lost. May be called while another call waits.
   *
   * @returns The cursor that is safe now, to acknowledge; undefined when none is, or `signal` ended it.
   */
  async commit(signal: AbortSignal): Promise<Cursor | undefined> {
    this.#pages = merged(this.#pages, this.#options.processor.changes());
    return await this.#write({ isLast: false }, signal);
  }

  /**
   * At the end of the input: the rows of the windows that were still open go out, but the stored state
   * keeps these windows open. An input that has grown until the next start goes on where it was.
   */
  async commitLastRows(signal: AbortSignal): Promise<void> {
    await this.#write({ isLast: true }, signal);
  }

  async #write(
    { isLast }: { readonly isLast: boolean },
    signal: AbortSignal,
  ): Promise<Cursor | undefined> {
    const { state, clock, logger, onCheckpoint, onFailure } = this.#options;
    for (;;) {
      const startMs = clock.monotonicMs();
      try {
        state.commit({
          // At each try those that wait now: another call may have written them, and newer ones.
          pages: isLast ? NO_PAGES : this.#pages,
          isLast,
          cursor: this.#cursor,
          rows: this.#rows,
          refusals: this.#refusals,
          refusedAt: secondsOf(clock.now()),
          taken: this.#taken,
        });
      } catch (failure) {
        if (!(failure instanceof TransientError)) throw failure;
        onFailure?.();
        if (this.#problem === undefined) {
          logger.error("Cannot make a checkpoint; reading waits until it can be made.", {
            error: failure.message,
          });
        }
        this.#problem = failure.message;
        await clock.sleep(this.#backoff.afterMs(failure), signal);
        if (signal.aborted) return undefined;
        continue;
      }
      onCheckpoint?.({
        seconds: (clock.monotonicMs() - startMs) / 1000,
        cursor: this.#cursor,
        rows: this.#rows,
        refusals: this.#refusals.length,
      });
      break;
    }
    if (this.#problem !== undefined) logger.info("Checkpoints are made again.");
    this.#problem = undefined;
    if (!isLast) this.#pages = NO_PAGES;
    this.#backoff.reset();
    this.#rows = new Map();
    this.#refusals = [];
    this.#taken = [];
    this.#changed = false;
    this.#committedMs = clock.monotonicMs();
    return this.#cursor;
  }

  #add(sink: string, rows: readonly ResultRow[]): void {
    if (rows.length === 0) return;
    const waiting = this.#rows.get(sink);
    if (waiting === undefined) this.#rows.set(sink, [...rows]);
    else for (const row of rows) waiting.push(row);
  }
}

/** Two changes as one: a page that the second removes is not put by the first any more. */
function merged(first: PageChanges, second: PageChanges): PageChanges {
  if (first.put.length + first.remove.length === 0) return second;
  const isGone = (key: string): boolean =>
    second.remove.some((prefix) => key === prefix || key.startsWith(`${prefix}/`));
  const kept = first.put.filter(({ key }) => !isGone(key));
  return { remove: [...first.remove, ...second.remove], put: [...kept, ...second.put] };
}
