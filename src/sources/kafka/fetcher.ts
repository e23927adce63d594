import { FatalError, messageOf, TransientError } from "../../core/errors.ts";
import type { SourceContext } from "../../core/source.ts";
import type { KafkaCluster } from "../../kafka/cluster.ts";
import { kafkaFailure } from "../../kafka/failure.ts";
import type { FetchedPartition } from "../../kafka/fetch-answer.ts";
import { RecordSet } from "../../kafka/record-set.ts";
import type { KafkaSourceOptions } from "./options.ts";
import type { OwnedPartition, OwnedPartitions } from "./partitions.ts";

/** How long a broker may hold back an answer: as long as a change (a partition held, say) may take. */
const FETCH_WAIT_MS_MAX = 500;

/** New partitions, and other leaders, are looked for so often. */
const METADATA_EVERY_MS = 5_000;

/** Of one partition at a time, where there are many. */
const PARTITION_BYTES_MIN = 64 * 1024;

const OFFSET_OUT_OF_RANGE = 1;

/** What the protocol's numbers mean, where it is worth a word of its own. */
const ERRORS: Readonly<Record<number, string>> = {
  3: "UNKNOWN_TOPIC_OR_PARTITION",
  5: "LEADER_NOT_AVAILABLE",
  6: "NOT_LEADER_FOR_PARTITION",
  29: "TOPIC_AUTHORIZATION_FAILED",
  56: "KAFKA_STORAGE_ERROR",
  74: "FENCED_LEADER_EPOCH",
  76: "UNKNOWN_LEADER_EPOCH",
};

/** Records that wait to be handed on. */
export interface Fetched {
  readonly owned: OwnedPartition;
  readonly records: RecordSet;
}

/**
 * Fetches ahead: from each broker with one request at a time, and no further than `fetchBytes` wait here.
 * It tries nothing again: its first failure ends it.
 */
export class Fetcher {
  /** In the order of arrival. */
  readonly ready: Fetched[] = [];
  readonly #cluster: KafkaCluster;
  readonly #partitions: OwnedPartitions;
  readonly #options: KafkaSourceOptions;
  readonly #context: SourceContext;
  readonly #place: string;
  /** Brokers that are asked at the moment. */
  readonly #asked = new Set<number>();
  #isRefreshing = false;
  #refreshedMs: number;
  #isClosed = false;
  /** Where the turn of the partitions begins: brokers fill an answer in the order of the request. */
  #turn = 0;
  #failure: Error | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(parts: {
    cluster: KafkaCluster;
    partitions: OwnedPartitions;
    options: KafkaSourceOptions;
    context: SourceContext;
    place: string;
  }) {
    this.#cluster = parts.cluster;
    this.#partitions = parts.partitions;
    this.#options = parts.options;
    this.#context = parts.context;
    this.#place = parts.place;
    this.#refreshedMs = parts.context.clock.monotonicMs();
  }

  /** Resolves when something came, a partition perhaps, since the last call of `next`. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  close(): void {
    this.#isClosed = true;
  }

  /**
   * The oldest records of a partition that is not held; undefined: none yet. Sends what is to be sent.
   *
   * @throws What ended it.
   */
  next(): Fetched | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    this.#changed = Promise.withResolvers<void>();
    this.#ask();
    return this.ready.find(({ owned }) => !owned.isHeld);
  }

  /** Whether records of the partition are still to be handed on. */
  isWaiting(partition: OwnedPartition): boolean {
    return this.ready.some(({ owned }) => owned === partition);
  }

  /** The records were handed on. */
  done(fetched: Fetched): void {
    this.ready.splice(this.ready.indexOf(fetched), 1);
    this.#ask();
  }

  #ask(): void {
    this.#refresh();
    // What is held waits apart, or it would keep the others from being read.
    const waiting = this.ready.filter(({ owned }) => !owned.isHeld);
    const bytes = waiting.reduce((sum, { records }) => sum + records.byteLength, 0);
    if (bytes >= this.#options.fetchBytes) return;
    const wanted = this.#partitions.all.filter(({ isHeld }) => !isHeld);
    for (const [leader, owned] of Map.groupBy(wanted, (partition) => partition.leader)) {
      if (!this.#asked.has(leader)) this.#run(this.#fetch(leader, owned), () => {});
    }
  }

  #refresh(): void {
    const nowMs = this.#context.clock.monotonicMs();
    if (this.#isRefreshing || nowMs - this.#refreshedMs < METADATA_EVERY_MS) return;
    this.#isRefreshing = true;
    this.#refreshedMs = nowMs;
    const refresh = async (): Promise<void> => {
      await this.#cluster.refresh();
      await this.#partitions.update();
    };
    this.#run(refresh(), () => {
      this.#isRefreshing = false;
    });
  }

  /** Work behind the reader's back: its failure is told to whoever reads next. */
  #run(work: Promise<void>, after: () => void): void {
    void work
      .catch((thrown: unknown) => {
        if (!this.#isClosed) this.#failure ??= kafkaFailure(`Cannot read ${this.#place}`, thrown);
      })
      .then(() => {
        after();
        this.#changed.resolve();
      });
  }

  async #fetch(leader: number, owned: readonly OwnedPartition[]): Promise<void> {
    this.#asked.add(leader);
    const { fetchBytes, isolation } = this.#options;
    const turn = this.#turn++ % owned.length;
    const inTurn = [...owned.slice(turn), ...owned.slice(0, turn)];
    try {
      const answers = await this.#cluster.fetch(leader, {
        positions: inTurn.map(({ topic, partition, fetched }) => ({
          topic,
          partition,
          offset: fetched,
        })),
        waitMsMax: Math.max(1, Math.floor(Math.min(FETCH_WAIT_MS_MAX, this.#context.waitMsMax))),
        bytesMax: fetchBytes,
        partitionBytesMax: Math.max(PARTITION_BYTES_MIN, Math.ceil(fetchBytes / owned.length)),
        isolation,
      });
      for (const answer of answers) await this.#take(answer);
    } finally {
      this.#asked.delete(leader);
    }
  }

  async #take(answer: FetchedPartition): Promise<void> {
    const owned = this.#partitions.get(answer);
    if (owned === undefined || this.#isClosed) return;
    if (answer.errorCode === OFFSET_OUT_OF_RANGE) return this.#goOnAtOldest(owned);
    if (answer.errorCode !== 0) throw this.#refused(answer);
    owned.end = answer.end;
    if (answer.records.length === 0) return;
    const records = this.#recordsOf(owned, answer);
    // The first batch may be cut off where other partitions filled the answer.
    if (records.end <= owned.fetched) return;
    owned.fetched = records.end;
    this.ready.push({ owned, records });
  }

  #recordsOf(owned: OwnedPartition, { records, aborted }: FetchedPartition): RecordSet {
    const from = owned.fetched;
    try {
      return new RecordSet(records, { from, aborted });
    } catch (thrown) {
      throw new FatalError(`Cannot read ${owned.key}@${from}: ${messageOf(thrown)}`);
    }
  }

  #refused({ topic, partition, errorCode }: FetchedPartition): Error {
    const name = ERRORS[errorCode] ?? `error ${errorCode} of Kafka`;
    const text = `Cannot read topic "${topic}", partition ${partition}: ${name}`;
    if (!name.includes("AUTHORIZATION")) return new TransientError(text);
    return new FatalError(`${text}; grant the user to read it`);
  }

  /**
   * The offset is not there. What was deleted is a gap, which is told and gone over; but a topic that ends
   * before it was made anew, and would be read twice, or not at all, if that went unsaid.
   */
  async #goOnAtOldest(owned: OwnedPartition): Promise<void> {
    const { topic, partition, fetched, key } = owned;
    const [oldest] = await this.#cluster.offsetsAt("earliest", [owned]);
    const [newest] = await this.#cluster.offsetsAt("latest", [owned]);
    if (oldest === undefined || newest === undefined || this.#isClosed) return;
    if (fetched > newest.offset) {
      throw new FatalError(
        `Cannot go on in topic "${topic}", partition ${partition}, at offset ${fetched}: it ends at ` +
          `${newest.offset}, so it was deleted and made anew, or cut; begin with an empty state folder ` +
          "to read what is there",
      );
    }
    if (fetched >= oldest.offset) return; // it came back into range meanwhile
    const lost = oldest.offset - fetched;
    this.#context.logger.error("Kafka no longer holds the records that come next: they are lost.", {
      topic,
      partition,
      offset: fetched,
      oldest: oldest.offset,
      lost,
    });
    owned.gap = {
      // Some offsets may have been marks of transactions, or compacted: never more than this.
      events: lost + (owned.gap?.events ?? 0),
      detail: `Kafka no longer held offsets ${fetched} to ${oldest.offset - 1} of ${key}`,
    };
    owned.fetched = oldest.offset;
  }
}
