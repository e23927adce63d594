import type { Clock } from "./clock.ts";
import type { Metric, Refusal } from "./event.ts";
import type { EventLog } from "./event-log.ts";
import type { Logger } from "./logger.ts";
import type { OptionSchema } from "./plugin.ts";

/** An opaque resume point of a source; only the source that made it reads it. */
export type Cursor = string;

/** Events as they came, not yet looked at. */
export interface EventBatch {
  /** The watermark is kept per partition; a source without partitions says `"0"`. */
  readonly partition: string;
  /**
   * NDJSON: whole records in [0, `length`), each ended by a line feed but perhaps the last. What lies
   * behind `length` is slack. With at least `SCAN_SLACK_BYTES` of slack the bytes are decoded in place,
   * otherwise they are copied first. Valid until the next call of `read`.
   */
  readonly bytes: Uint8Array;
  readonly length: number;
  /** Where to go on once this batch is committed. */
  readonly cursor: Cursor;
  /** Names the place of the record that began after `line` line feeds of this batch: `line 7`. */
  place(line: number): string;
  /** Events known to wait behind this batch; undefined when the source cannot tell. */
  readonly pending: number | undefined;
  /** Records that the source itself could not hand over (too large, say); counted as received. */
  readonly refusals: readonly Refusal[];
  /**
   * Set when records before this batch are gone for good: the bus threw them away before we read
   * them. Windows around the gap are marked `partial`.
   */
  readonly gap: Gap | undefined;
  /**
   * Reading begins here, but not at the first event that the source ever had: `from: "latest"`, or what
   * came before is no longer kept. Windows up to the next event of the partition are marked `partial`. Only
   * for a reader without a cursor. A source that cannot tell leaves it out.
   */
  readonly startsLate?: boolean;
  /** Records without a value (tombstones) that were passed over before this batch ended; absent: 0. */
  readonly tombstones?: number;
}

export interface Gap {
  /** How many events; undefined when the source cannot tell. */
  readonly events: number | undefined;
  /** What happened, for the log and `/status`. */
  readonly detail: string;
}

/**
 * What one read gave: events; nothing although all is well (the source is caught up: the idle rule may
 * count); or the end of the input, after which every window fires.
 */
export type SourceRead =
  | { readonly kind: "batch"; readonly batch: EventBatch }
  | { readonly kind: "empty" }
  | { readonly kind: "end" };

/**
 * An open source. The pipeline calls `read` and `ack` never concurrently with themselves; `ack` may
 * overlap a `read`. After any throw the pipeline closes the reader and opens a new one at the last
 * committed cursor, so a reader needs no retry of its own.
 */
export interface SourceReader {
  /** The partitions that it reads; the watermark waits for each. Absent: `"0"`, known by its first event. */
  readonly partitions?: readonly string[];
  /**
   * The next events. Waits for some, but at most `SourceContext.waitMsMax`; then says `empty`. May read
   * ahead.
   *
   * @throws {TransientError} The source is away, or asks for patience.
   * @throws {FatalError} Trying again cannot help.
   */
  read(signal: AbortSignal): Promise<SourceRead>;
  /**
   * The partitions of which nothing is left to read by now: only these may be idle. Asked after every read.
   * Absent: all of them when a read says `empty`, none otherwise.
   */
  caughtUp?(): readonly string[];
  /** From the next read on, these partitions wait, since they are too far ahead; all others go on. */
  hold?(partitions: readonly string[]): void;
  /** All up to `cursor` is committed and will never be asked for again. */
  ack(cursor: Cursor, signal: AbortSignal): Promise<void>;
  /** Frees everything. May be called twice, and while a read is under way (which then rejects). */
  close(): Promise<void>;
}

export interface SourceContext {
  /** Where to go on; undefined: from the start that the options name. */
  readonly cursor: Cursor | undefined;
  /** How long one read may wait for events, in milliseconds. */
  readonly waitMsMax: number;
  /** The journal of this process: the log behind the embedded bus. Undefined where none is open. */
  readonly log: EventLog | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A source kind: one file, one line in `sources/list.ts`. */
export interface SourceDefinition<Options, Input = unknown> {
  /** The word in the configuration: `vabus`. */
  readonly name: string;
  /** One sentence for the help and the reference. */
  readonly summary: string;
  /**
   * `"cursor"`: can be read again from a cursor. `"none"`: what was handed over is gone from it, so the
   * pipeline writes it to the journal before it counts, and acknowledges it then. `"pipe"`: neither: a
   * crash loses what came since the last checkpoint.
   */
  replay(options: Options): "cursor" | "none" | "pipe";
  /** Whether our own metrics may come back on it as events: then they are filtered. */
  readonly carriesMetrics: boolean;
  readonly options: OptionSchema<Options, Input>;
  /** Options that work, for the reference. */
  readonly example: Readonly<Record<string, unknown>>;
  /** How a person finds it in `/status`, without secrets: `http://bus:8000/vabus`. */
  describe(options: Options): string;
  /**
   * Which part of the source this instance reads, as `index/count`. Absent: `0/1`, all of it. Instances of
   * one pipeline are told apart by it.
   */
  share?(options: Options): string;
  /**
   * How long one read may take, in milliseconds, where its own limits may be longer than `CALL_MS_MAX`: the
   * pipeline gives it up then, as if it had lost the connection. Absent: `CALL_MS_MAX`.
   */
  callMsMax?(options: Options): number;
  /**
   * Connects.
   *
   * @throws {TransientError} Away for now.
   * @throws {FatalError} Trying again cannot help.
   */
  open(options: Options, context: SourceContext, signal: AbortSignal): Promise<SourceReader>;
  /**
   * Sends metrics of our own to the bus behind this source, once. Absent where there is no bus.
   *
   * @throws {TransientError} The bus is away: the newest values are kept and sent later.
   */
  sendMetrics?(
    options: Options,
    metrics: readonly Metric[],
    context: Pick<SourceContext, "clock" | "logger">,
    signal: AbortSignal,
  ): Promise<void>;
}

/** Gives a source definition its types. */
export function defineSource<Options, Input>(
  definition: SourceDefinition<Options, Input>,
): SourceDefinition<Options, Input> {
  return definition;
}
