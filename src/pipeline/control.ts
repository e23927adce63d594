import type { RefusalReason } from "../core/event.ts";
import type { Silence, SilenceRequest } from "./view.ts";

/** Which dead letters come back; of all when nothing is said. */
export interface ReplayQuery {
  readonly reason?: RefusalReason | undefined;
  /** Only those up to this number. */
  readonly through?: number | undefined;
  /** Only those with these numbers; at least one. */
  readonly seqs?: readonly number[] | undefined;
}

/** Dead letters that stay what they are, and why. */
export interface ReplayLeft {
  readonly reason: RefusalReason;
  readonly count: number;
  readonly why: string;
}

/** What became of the dead letters that were asked for. The shape is a public one. */
export interface ReplayOutcome {
  /** Letters that are none any more: events received again, and rows that go to their sink again. */
  readonly replayed: number;
  /** How many of these events were refused again, and are dead letters anew. */
  readonly refused_again: number;
  readonly left: readonly ReplayLeft[];
}

/**
 * What an operator may do to a running service besides looking at it. Each call resolves when it is done,
 * and rejects with a reason that can be shown. What is left out, this service cannot do.
 */
export interface ServiceControl {
  /**
   * Stops reading from the source at once, until `resume`, also over a restart. What is held stays, rows are
   * still delivered. Again: nothing happens.
   *
   * @throws {TransientError} It is paused, but could not be written down.
   */
  pause(): Promise<void>;
  /** Reads on. @throws {TransientError} It does, but could not write that down. */
  resume(): Promise<void>;
  /** Makes a checkpoint now. */
  checkpoint(): Promise<void>;
  /**
   * Takes dead letters back: events as if they were received again, rows to the sink that refused them.
   *
   * @throws {TransientError} It cannot be done now. What was taken back before that stays so.
   */
  readonly replayDeadLetters?: (query: ReplayQuery) => Promise<ReplayOutcome>;
  /** Removes dead letters for good. Resolves with how many. @throws {TransientError} The disk is full. */
  readonly purgeDeadLetters?: (query: {
    readonly through: number;
    readonly reason?: RefusalReason | undefined;
  }) => Promise<number>;
  /** For a while nobody is told of some alerts. @throws {Error} There is no such alert, or no room. */
  readonly silenceAlerts?: (request: SilenceRequest) => Promise<Silence>;
  /** Ends silences before their time, by id or by name. Resolves with how many. */
  readonly unsilenceAlerts?: (which: {
    readonly id?: string | undefined;
    readonly name?: string | undefined;
  }) => Promise<number>;
  /** Tells a notifier of an alert that is none, once. Rejects with why it could not be told. */
  readonly testNotifier?: (name: string) => Promise<void>;
  /** Makes a backup now. */
  readonly backup?: (() => Promise<void>) | undefined;
  /** Reads the configuration anew, and tells what changed. Rejects with a ConfigError when it is wrong. */
  readonly reload?: () => Promise<unknown>;
}
