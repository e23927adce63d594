import type { LedgerCounts } from "../core/ledger.ts";
import { emptyLedger } from "../core/ledger.ts";
import { type Logger, partOf } from "../core/logger.ts";
import type { ResultRow } from "../core/result.ts";
import type { Cursor, EventBatch } from "../core/source.ts";
import type { CheckpointMade } from "./checkpointer.ts";
import type { ReturnedLetters } from "./letter-replay.ts";

/** What ran is summed up so often, where there is anything to tell. */
const SUMMARY_EVERY_MS = 60_000;

/** Rows of one delivery, or dead letters, that are told one by one at `debug`; at `trace` all of them are. */
const IDS_MAX = 20;

/** What one line at `trace` names: collectors cut lines, the one of Docker at 16 KiB. */
const IDS_A_LINE_MAX = 200;

/** Windows that fired in one batch and are told one by one at `debug`; at `trace` all of them are. */
const WINDOWS_MAX = 100;

/** What a batch brought, by what became of it. */
type Outcomes = Partial<LedgerCounts>;

/**
 * The lines by which a row leads back to its events: each batch, firing, checkpoint and delivery has its own,
 * with the number by which the next one names it (`docs/logs.md`). At `debug`, and nothing is made for them
 * while that is off; at `info` a summary a minute.
 */
export class OperationLog {
  readonly #source: Logger;
  readonly #engine: Logger;
  readonly #state: Logger;
  readonly #sink: Logger;
  readonly #logger: Logger;
  /** Counts the starts of the state: numbers of batches and checkpoints begin anew with each. */
  readonly #epoch: number;
  #batch: number;
  #checkpoint: number;
  /** Of the first batch that is in no checkpoint yet. */
  #uncommitted: number;
  /** Before the batch that is being added; undefined: nobody wants to know. */
  #before: LedgerCounts | undefined;
  #summary: { sinceMs: number; ledger: LedgerCounts; batches: number; rows: Map<string, number> };

  /** @param options.former The one of the pipeline before in this process: its numbers go on. */
  constructor(
    logger: Logger,
    options: {
      readonly epoch: number;
      readonly ledger: LedgerCounts;
      readonly nowMs: number;
      readonly former: OperationLog | undefined;
    },
  ) {
    const { epoch, ledger, nowMs, former } = options;
    this.#logger = logger;
    this.#source = partOf(logger, "source");
    this.#engine = partOf(logger, "engine");
    this.#state = partOf(logger, "state");
    this.#sink = partOf(logger, "sink");
    this.#epoch = epoch;
    this.#batch = former?.batches ?? 0;
    this.#checkpoint = former?.checkpoints ?? 0;
    this.#uncommitted = this.#batch + 1;
    this.#summary = {
      sinceMs: nowMs,
      ledger: { ...ledger },
      batches: this.#batch,
      rows: new Map(),
    };
  }

  /** Batches read since the start of the process. */
  get batches(): number {
    return this.#batch;
  }

  /** Checkpoints made since the start of the process. */
  get checkpoints(): number {
    return this.#checkpoint;
  }

  /** A batch is about to go into the engine. */
  reading(ledger: LedgerCounts): void {
    this.#batch++;
    this.#before = this.#source.isEnabled?.("debug") === true ? { ...ledger } : undefined;
  }

  /**
   * It is in the engine.
   *
   * @param from The cursor that it was read from.
   */
  read(batch: EventBatch, from: Cursor | undefined, ledger: LedgerCounts): void {
    if (this.#before === undefined) return;
    this.#source.debug("A batch was read.", {
      batch: this.#id(this.#batch),
      partition: batch.partition,
      from: from ?? null,
      to: batch.cursor,
      bytes: batch.length,
      ...difference(this.#before, ledger),
    });
  }

  /** Windows fired: one line each. */
  fired(rows: readonly ResultRow[]): void {
    if (rows.length === 0 || this.#engine.isEnabled?.("debug") !== true) return;
    const windows = new Map<string, ResultRow[]>();
    for (const row of rows) {
      const key = `${row.window_start} ${row.window_end} ${row.rule}`;
      const known = windows.get(key);
      if (known === undefined) windows.set(key, [row]);
      else known.push(row);
    }
    const told = this.#engine.isEnabled("trace") ? windows.size : WINDOWS_MAX;
    for (const of of [...windows.values()].slice(0, told)) {
      const { rule, window_start, window_end } = of[0]!; // made with its first row
      this.#engine.debug("A window fired.", {
        rule,
        window_start,
        window_end,
        rows: of.length,
        revision: of.reduce((most, { revision }) => Math.max(most, revision), 0),
        batch: this.#id(this.#batch),
        checkpoint: this.#id(this.#checkpoint + 1),
      });
    }
    if (windows.size > told) {
      this.#engine.debug("More windows fired at once than are told one by one.", {
        more: windows.size - told,
        batch: this.#id(this.#batch),
        checkpoint: this.#id(this.#checkpoint + 1),
      });
    }
  }

  /**
   * A checkpoint was made.
   *
   * @param placeOfLast The place in the outbox of a sink that its last row has.
   */
  committed(made: CheckpointMade, placeOfLast: (sink: string) => number): void {
    this.#checkpoint++;
    const first = this.#uncommitted;
    this.#uncommitted = this.#batch + 1;
    this.#state.debug("A checkpoint was made.", () => {
      const isEmpty = first > this.#batch;
      const places = [...made.rows].map(([sink, rows]) => {
        const last = placeOfLast(sink);
        return [sink, [last - rows.length + 1, last]] as const;
      });
      return {
        checkpoint: this.#id(this.#checkpoint),
        cursor: made.cursor ?? null,
        batches: isEmpty ? null : [this.#id(first), this.#id(this.#batch)],
        rows: Object.fromEntries(places),
        dead_letters: made.refusals,
        ms: rounded(made.seconds * 1000),
      };
    });
  }

  /** Rows are durable in a sink. */
  delivered(
    sink: string,
    delivery: {
      readonly rows: readonly ResultRow[];
      readonly through: number;
      readonly refused: number;
      readonly attempts: number;
      readonly ms: number;
    },
  ): void {
    const { rows, through, refused, attempts, ms } = delivery;
    const { rows: counts } = this.#summary;
    counts.set(sink, (counts.get(sink) ?? 0) + rows.length - refused);
    const first = through - rows.length + 1;
    this.#sink.debug("Rows were delivered.", () => ({
      sink,
      rows: [first, through],
      count: rows.length,
      ...(rows.length <= IDS_MAX
        ? { ids: rows.map(({ id }) => id) }
        : { first_id: rows[0]!.id, last_id: rows.at(-1)!.id }),
      refused,
      attempts,
      ms: rounded(ms),
    }));
    if (rows.length <= IDS_MAX || this.#sink.isEnabled?.("trace") !== true) return;
    inLines(rows, (some, at) =>
      this.#sink.trace("These rows were among them.", () => ({
        sink,
        rows: [first + at, first + at + some.length - 1],
        ids: some.map(({ id }) => id),
      })),
    );
  }

  /**
   * Dead letters came back: their events are in the windows, and in no batch.
   *
   * @param account The one before them, and the one now.
   */
  returned(
    { seqs, events, rows }: ReturnedLetters,
    account: { readonly before: LedgerCounts; readonly now: LedgerCounts },
  ): void {
    if (this.#state.isEnabled?.("debug") !== true) return;
    let count = seqs.length;
    for (const refused of rows.values()) count -= refused.length;
    // Where they were when they first came.
    const at = Array.from({ length: count }, (_, line) => events.place(line));
    const checkpoint = this.#id(this.#checkpoint + 1);
    this.#state.debug("Dead letters came back.", {
      checkpoint,
      letters: [seqs[0], seqs.at(-1)],
      count: seqs.length,
      ...(count <= IDS_MAX ? { at } : {}),
      ...difference(account.before, account.now),
    });
    if (count <= IDS_MAX) return;
    inLines(at, (some) =>
      this.#state.trace("These events were among them.", { checkpoint, at: some }),
    );
  }

  /** Sums up what was done, when it is time; called often. */
  sumUp(nowMs: number, ledger: LedgerCounts): void {
    const { sinceMs, batches, rows, ledger: before } = this.#summary;
    if (nowMs - sinceMs < SUMMARY_EVERY_MS) return;
    if (this.#batch > batches || rows.size > 0) {
      this.#logger.info("Events were aggregated.", {
        seconds: Math.round((nowMs - sinceMs) / 1000),
        batches: this.#batch - batches,
        ...difference(before, ledger),
        rows: Object.fromEntries(rows),
      });
    }
    const counted = { ...ledger };
    this.#summary = { sinceMs: nowMs, ledger: counted, batches: this.#batch, rows: new Map() };
  }

  #id(number: number): string {
    return `${this.#epoch}-${number}`;
  }
}

/** As many at a time as one line may name. */
function inLines<Item>(
  all: readonly Item[],
  tell: (some: readonly Item[], at: number) => void,
): void {
  for (let at = 0; at < all.length; at += IDS_A_LINE_MAX) {
    tell(all.slice(at, at + IDS_A_LINE_MAX), at);
  }
}

/** What came since; what did not is left out. */
function difference(before: LedgerCounts, after: LedgerCounts): Outcomes {
  const names = Object.keys(emptyLedger()) as (keyof LedgerCounts)[]; // its own
  return Object.fromEntries(
    names.map((name) => [name, after[name] - before[name]]).filter(([, count]) => count !== 0),
  ) as Outcomes;
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
