import type { Admin, Kafka, Transaction } from "kafkajs";
import { FatalError } from "../../core/errors.ts";
import type { RefusedRow, RowBatch, SinkContext } from "../../core/sink.ts";
import { KafkaCluster } from "../../kafka/cluster.ts";
import { latestRecord } from "../../kafka/latest-record.ts";
import { openTopic } from "../../kafka/topic.ts";
import { Claim, type Progress, packRefused, unpackRefused } from "../support/claim.ts";
import type { KafkaOptions } from "./options.ts";

/** What Kafka forgets are earlier records of a key; small segments, since it leaves the last one alone. */
const TOPIC_CONFIG = {
  "cleanup.policy": "compact",
  "segment.bytes": String(16 * 1024 * 1024),
  "min.cleanable.dirty.ratio": "0.1",
};

/** A setting of a topic, in the numbers of the protocol. */
const TOPIC_RESOURCE = 2;

/** The topic beside `topic` that keeps the progress of those who write to it. */
export function progressTopicOf(topic: string): string {
  return `${topic}-progress`;
}

/**
 * How far a `(pipeline, share, sink)` is, as records of a compacted topic of one partition: written in the
 * transaction that writes the rows, and read back when there is no other transaction of ours any more.
 */
export class KafkaProgress {
  readonly #topic: string;
  readonly #client: Kafka;
  readonly #claim: Claim;
  readonly #key: readonly string[];
  /** As last committed. */
  #current: Progress | undefined;

  constructor(parts: {
    client: Kafka;
    options: KafkaOptions;
    place: string;
    context: SinkContext;
  }) {
    const { pipeline, owner, sink } = parts.context;
    this.#topic = progressTopicOf(parts.options.topic);
    this.#client = parts.client;
    this.#claim = Claim.of(parts.context, parts.place);
    this.#key = [pipeline, owner.share, sink];
  }

  get through(): number | undefined {
    return this.#current?.through;
  }

  /**
   * What is to be written to take the sink over, as far as one can see by now.
   *
   * @throws {FatalError} A newer one has it.
   */
  async look(open: "wait" | "pass", signal: AbortSignal): Promise<Progress> {
    const cluster = new KafkaCluster(this.#client);
    try {
      await cluster.connect([this.#topic]);
      const pick = (value: Buffer): Progress | undefined => this.#read(value);
      const found = await latestRecord(cluster, { topic: this.#topic, pick, open, signal });
      return this.#claim.takeOver(found);
    } finally {
      await cluster.disconnect();
    }
  }

  /** What was refused of a batch that was written before; undefined: it was not. */
  known({ through, rows }: RowBatch): RefusedRow[] | undefined {
    const current = this.#current;
    if (current?.through === undefined || through > current.through) return undefined;
    return through === current.through ? unpackRefused(current.refused, rows.length) : [];
  }

  /** What the progress is once the batch is written. */
  after(batch: RowBatch, refused: readonly RefusedRow[]): Progress {
    return {
      lineage: this.#current!.lineage,
      epoch: this.#current!.epoch,
      writer: this.#claim.writer,
      through: batch.through,
      refused: packRefused(refused, batch.rows.length),
    };
  }

  async send(transaction: Transaction, progress: Progress): Promise<void> {
    const [pipeline, share, sink] = this.#key;
    const value = JSON.stringify({ pipeline, share, sink, ...progress });
    const messages = [{ partition: 0, key: JSON.stringify(this.#key), value }];
    await transaction.send({ topic: this.#topic, messages });
  }

  /**
   * Appends something. A broker that was killed may hide a committed transaction, as if it were still
   * open, until its log grows.
   */
  async stir(transaction: Transaction): Promise<void> {
    const messages = [{ partition: 0, key: "stir", value: null }];
    await transaction.send({ topic: this.#topic, messages });
  }

  /** To be called once the transaction was committed. */
  committed(progress: Progress): void {
    this.#current = progress;
    this.#claim.hold();
  }

  /** Ours among the values of the topic. */
  #read(value: Buffer): Progress | undefined {
    const [pipeline, share, sink] = this.#key;
    const found = JSON.parse(value.toString()) as Entry; // only `send` writes it
    if (found.pipeline !== pipeline || found.share !== share || found.sink !== sink)
      return undefined;
    const { lineage, epoch, writer, through, refused } = found;
    return { lineage, epoch, writer, through, refused };
  }
}

interface Entry extends Progress {
  readonly pipeline: string;
  readonly share: string;
  readonly sink: string;
}

/**
 * Makes the topic of the progress when it is missing.
 *
 * @throws {FatalError} One that is there forgets progress, or it may not be made.
 */
export async function openProgressTopic(
  admin: Admin,
  { topic: rows, create, replication }: KafkaOptions,
): Promise<void> {
  const topic = progressTopicOf(rows);
  await openTopic(admin, { topic, create, partitions: 1, replication, config: TOPIC_CONFIG });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: TOPIC_RESOURCE, name: topic, configNames: ["cleanup.policy"] }],
  });
  const policy = resources[0]?.configEntries[0]?.configValue;
  if (policy === undefined || policy === "compact") return;
  throw new FatalError(
    `Cannot use topic "${topic}": its cleanup.policy is ${policy}, with which Kafka forgets how far ` +
      "a sink is; set it to compact",
  );
}
