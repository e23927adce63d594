import { FatalError, messageOf } from "../../core/errors.ts";
import type {
  Cursor,
  EventBatch,
  SourceContext,
  SourceRead,
  SourceReader,
} from "../../core/source.ts";
import type { KafkaCluster } from "../../kafka/cluster.ts";
import { unlessAborted } from "../vabus/pace.ts";
import { type Fetched, Fetcher } from "./fetcher.ts";
import { GroupOffsets } from "./group-offsets.ts";
import { LineBuffer } from "./line-buffer.ts";
import { describeKafkaSource, type KafkaSourceOptions } from "./options.ts";
import { type OwnedPartition, OwnedPartitions } from "./partitions.ts";

/** How long `close` waits for an answer that is on its way. */
const CLOSE_MS_MAX = 1_000;

/** Reads the partitions of one share. Each batch is of one of them. */
export class KafkaReader implements SourceReader {
  readonly #cluster: KafkaCluster;
  readonly #context: SourceContext;
  readonly #place: string;
  readonly #partitions: OwnedPartitions;
  readonly #fetcher: Fetcher;
  readonly #group: GroupOffsets;
  readonly #lines = new LineBuffer();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;
  /** A start behind the last record has to be kept, or a restart would begin further behind. */
  #tellsStart = false;

  constructor(cluster: KafkaCluster, options: KafkaSourceOptions, context: SourceContext) {
    this.#cluster = cluster;
    this.#context = context;
    this.#place = describeKafkaSource(options);
    this.#partitions = new OwnedPartitions(options, cluster);
    this.#group = new GroupOffsets(cluster, options.group, context);
    const partitions = this.#partitions;
    this.#fetcher = new Fetcher({ cluster, partitions, options, context, place: this.#place });
  }

  get partitions(): readonly string[] {
    return this.#partitions.names;
  }

  async open(): Promise<void> {
    const { cursor, logger } = this.#context;
    this.#tellsStart = await this.#partitions.open(cursor);
    if (this.partitions.length > 0) return;
    logger.warn("The topic has no partition for this share: there is nothing to read so far.", {
      source: this.#place,
    });
  }

  async read(signal: AbortSignal): Promise<SourceRead> {
    const { clock, waitMsMax } = this.#context;
    const either = AbortSignal.any([signal, this.#closing.signal]);
    const deadlineMs = clock.monotonicMs() + waitMsMax;
    if (this.#tellsStart && this.partitions.length > 0) {
      either.throwIfAborted();
      this.#tellsStart = false;
      return { kind: "batch", batch: this.#startBatch() };
    }
    for (;;) {
      either.throwIfAborted();
      const fetched = this.#fetcher.next();
      if (fetched !== undefined) return { kind: "batch", batch: this.#batchOf(fetched) };
      const leftMs = deadlineMs - clock.monotonicMs();
      if (leftMs <= 0) return { kind: "empty" };
      const over = new AbortController();
      const pause = clock.sleep(leftMs, AbortSignal.any([either, over.signal]));
      try {
        await unlessAborted(Promise.race([this.#fetcher.changed, pause]), either);
      } finally {
        over.abort();
      }
    }
  }

  /** Those that were handed on up to where they end, as the last fetch told it. */
  caughtUp(): readonly string[] {
    return this.#partitions.all
      .filter((owned) => !owned.isHeld && this.#leftIn(owned) === 0)
      .map(({ name }) => name);
  }

  hold(partitions: readonly string[]): void {
    for (const owned of this.#partitions.all) owned.isHeld = partitions.includes(owned.name);
  }

  async ack(cursor: Cursor): Promise<void> {
    this.#group.commit(this.#partitions.offsets(cursor));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { clock, logger } = this.#context;
    this.#closing.abort(new Error(`Cannot read ${this.#place}: the source is closed`));
    this.#fetcher.close();
    const over = new AbortController();
    const end = async (): Promise<void> => {
      await this.#group.close();
      await this.#cluster.disconnect();
    };
    const ended = end().catch((thrown: unknown) => {
      logger.debug("The connection to Kafka was left to itself.", { error: messageOf(thrown) });
    });
    await Promise.race([ended, clock.sleep(CLOSE_MS_MAX, over.signal)]);
    over.abort();
  }

  #batchOf(fetched: Fetched): EventBatch {
    const { owned, records } = fetched;
    const lines = this.#lines;
    lines.begin(owned.key);
    try {
      records.take(lines);
    } catch (thrown) {
      throw new FatalError(`Cannot read ${owned.key}@${records.next}: ${messageOf(thrown)}`);
    }
    owned.next = records.next;
    if (records.isDone) this.#fetcher.done(fetched);
    const gap = lines.length > 0 ? owned.gap : undefined;
    if (gap !== undefined) owned.gap = undefined;
    const { startsLate } = owned;
    if (lines.length > 0) owned.startsLate = false;
    return {
      partition: owned.name,
      bytes: lines.bytes,
      length: lines.length,
      cursor: this.#partitions.cursor(),
      place: (line) => lines.place(line),
      pending: this.#pending(),
      refusals: lines.refusals,
      gap,
      startsLate,
      tombstones: lines.tombstones,
    };
  }

  /** Nothing but the place where reading begins. */
  #startBatch(): EventBatch {
    const [first] = this.#partitions.all;
    return {
      partition: first!.name, // there is one
      bytes: new Uint8Array(0),
      length: 0,
      cursor: this.#partitions.cursor(),
      place: () => first!.key,
      pending: undefined,
      refusals: [],
      gap: undefined,
    };
  }

  #pending(): number | undefined {
    let sum = 0;
    for (const owned of this.#partitions.all) sum += this.#leftIn(owned) ?? Number.NaN;
    return Number.isNaN(sum) ? undefined : sum;
  }

  /** Offsets still to be handed on; undefined before the first answer. What was lost does not count. */
  #leftIn(owned: OwnedPartition): number | undefined {
    if (owned.end === undefined) return undefined;
    const next = this.#fetcher.isWaiting(owned) ? owned.next : owned.fetched;
    return Math.max(0, owned.end - next);
  }
}
