import type { Logger } from "../core/logger.ts";
import type { SourceRead, SourceReader } from "../core/source.ts";
import type { DurationMicros } from "../core/time.ts";
import type { Engine } from "../engine/engine.ts";

/**
 * What the engine and an open source have to tell each other about partitions: which there are, which are
 * read to their end and may be idle, and which are so far ahead that they must wait.
 */
export class PartitionWatch {
  readonly #engine: Engine;
  readonly #reader: SourceReader;
  readonly #maxSkew: DurationMicros | "off";
  readonly #logger: Logger;
  #opened: readonly string[] | undefined;
  /** Known from the state, and no longer read: nobody waits for them. */
  #gone: readonly string[] = [];
  #held: readonly string[] = [];

  constructor(parts: {
    engine: Engine;
    reader: SourceReader;
    maxSkew: DurationMicros | "off";
    logger: Logger;
  }) {
    this.#engine = parts.engine;
    this.#reader = parts.reader;
    this.#maxSkew = parts.maxSkew;
    this.#logger = parts.logger;
    this.open();
  }

  /** Makes the partitions known that there are by now: before their first event is added. */
  open(): void {
    const { partitions } = this.#reader;
    if (partitions === undefined || partitions === this.#opened) return;
    this.#opened = partitions;
    for (const partition of partitions) this.#engine.openPartition(partition);
    this.#gone = this.#engine.arrivals.partitions.filter(
      (partition) => !partitions.includes(partition),
    );
  }

  /** Before the events of a read are added: they must not close windows that a backlog belongs to. */
  wake(): void {
    const caughtUp = this.#reader.caughtUp?.();
    if (caughtUp === undefined || this.#opened === undefined) return;
    const behind = this.#opened.filter((partition) => !caughtUp.includes(partition));
    this.#engine.wake(behind);
  }

  /** After the events of a read were added: moves the watermark over what is quiet. */
  idle(read: SourceRead, nowMs: number): void {
    const caughtUp = this.#reader.caughtUp?.();
    if (caughtUp !== undefined) this.#engine.idle(nowMs, [...caughtUp, ...this.#gone]);
    else if (read.kind === "empty") this.#engine.idle(nowMs);
  }

  /** Whether the source has nothing more by now, as far as a read that gave nothing can tell. */
  get isCaughtUp(): boolean {
    const caughtUp = this.#reader.caughtUp?.();
    return caughtUp === undefined || caughtUp.length === (this.#opened?.length ?? 0);
  }

  /** Holds the partitions that are too far ahead, and lets go those that no longer are. */
  hold(): void {
    if (this.#maxSkew === "off" || this.#reader.hold === undefined) return;
    const ahead = this.#engine.partitionsAhead(this.#maxSkew);
    if (ahead.join("\n") === this.#held.join("\n")) return;
    this.#held = ahead;
    this.#reader.hold(ahead);
    this.#logger.debug("Partitions wait, since they are further ahead than maxPartitionSkew.", {
      partitions: ahead,
    });
  }
}
