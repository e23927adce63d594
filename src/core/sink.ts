import type { Clock } from "./clock.ts";
import type { History, HistoryQuery } from "./history.ts";
import type { Logger } from "./logger.ts";
import type { OptionSchema } from "./plugin.ts";
import type { ResultRow } from "./result.ts";

/** Rows that belong together: a sink writes them in one transaction where it has transactions. */
export interface RowBatch {
  /**
   * At most `SINK_BATCH_ROWS_MAX`. A row id may stand in it more than once: the last one of the greatest
   * revision counts.
   */
  readonly rows: readonly ResultRow[];
  /**
   * Outbox sequence of the last row. Grows from batch to batch over the life of a lineage; a transactional
   * sink keeps it as its progress, in the same transaction as the rows.
   */
  readonly through: number;
}

/** A row that the store will never take. */
export interface RefusedRow {
  /** Index in `rows`. */
  readonly index: number;
  /** What the store said, without secrets. */
  readonly reason: string;
}

export interface WriteOutcome {
  /** Empty when all was written. */
  readonly refused: readonly RefusedRow[];
}

/** An open sink. The pipeline calls `write` one at a time. */
export interface SinkWriter {
  /**
   * `through` of the last batch that was committed in this lineage, read back when it was opened, so that a
   * batch whose confirmation was lost is known: `write` does not write again what ends there or before, and
   * tells again what was refused of the batch that ends there. Undefined: none yet, or the sink keeps no
   * progress.
   */
  readonly progress?: number | undefined;
  /**
   * Resolves when the rows are durable. Throwing means that nothing is known of any row: the pipeline
   * closes the writer, waits, opens again, and the whole batch comes again. A row with `withdrawn` is
   * deleted. A row that is there already is overwritten when `(generation, revision)` is greater, or equal.
   *
   * @throws {TransientError} The store is away.
   * @throws {FatalError} Trying again cannot help: a fenced owner, a table of another shape.
   */
  write(batch: RowBatch, signal: AbortSignal): Promise<WriteOutcome>;
  /** Frees everything within a few seconds. May be called twice. */
  close(): Promise<void>;
}

/**
 * Who writes. A transactional sink keeps `(pipeline, share, sink, lineage, epoch, through)`: the writer with
 * the highest epoch of a lineage, or of a newer lineage, has the sink, and an older one is fenced.
 */
export interface Owner {
  /** Which share of the partitions: `0/1` where there is but one instance. */
  readonly share: string;
  /** Made with the state: a restored or fresh state is a new lineage. UUID. */
  readonly lineage: string;
  /** Counts the starts of this lineage, from 1. */
  readonly epoch: number;
}

export interface SinkContext {
  readonly owner: Owner;
  /** The name of the sink in the configuration. */
  readonly sink: string;
  readonly pipeline: string;
  /** Unix seconds at which this state, or this `replay --to`, began; kept beside every row. */
  readonly generation: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface HistoryContext {
  readonly clock: Clock;
  /** Aborts when nobody waits for it any more. */
  readonly signal: AbortSignal;
}

/** A sink kind: one file, one line in `sinks/list.ts`. */
export interface SinkDefinition<Options, Input = unknown> {
  /** The word in the configuration: `postgres`. */
  readonly name: string;
  readonly summary: string;
  /**
   * What a retry does: `"transactional"`: rows and progress commit together; `"idempotent"`: the same
   * row is overwritten; `"at-least-once"`: a row may appear twice, with the same id.
   */
  readonly delivery: "transactional" | "idempotent" | "at-least-once";
  readonly options: OptionSchema<Options, Input>;
  readonly example: Readonly<Record<string, unknown>>;
  /** How a person finds it in `/status`, without secrets: `postgres://db:5432/plant table aggregates`. */
  describe(options: Options): string;
  /**
   * How long one write may take, in milliseconds: the pipeline gives it up then, as if it had lost the
   * connection. Absent: `CALL_MS_MAX`.
   */
  callMsMax?(options: Options): number;
  /** Connects, and makes the table or topic when it is missing. Throws like `write`. */
  open(options: Options, context: SinkContext, signal: AbortSignal): Promise<SinkWriter>;
  /**
   * Reads rows of a series back, for a chart; beside the writer, and without holding up anything for longer
   * than a few milliseconds. Looks at no more than `HISTORY_ROWS_MAX` rows, the newest ones, and for no
   * longer than `HISTORY_MS_MAX`. Absent: what is written there is not read again.
   *
   * @throws {TransientError} The store is away, or it took too long.
   * @throws {FatalError} It cannot be read in time: an index is missing, say.
   */
  history?(options: Options, query: HistoryQuery, context: HistoryContext): Promise<History>;
}

/** Gives a sink definition its types. */
export function defineSink<Options, Input>(
  definition: SinkDefinition<Options, Input>,
): SinkDefinition<Options, Input> {
  return definition;
}
