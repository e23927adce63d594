import {
  CompressionTypes,
  type Kafka,
  type Message,
  type Producer,
  type Transaction,
} from "kafkajs";
import * as v from "valibot";
import { FatalError, messageOf } from "../core/errors.ts";
import { CALL_TIMEOUT_MS } from "../core/limits.ts";
import type { ResultRow } from "../core/result.ts";
import { rowToJson } from "../core/result-json.ts";
import {
  defineSink,
  type RefusedRow,
  type RowBatch,
  type SinkContext,
  type SinkWriter,
  type WriteOutcome,
} from "../core/sink.ts";
import { createKafkaClient } from "../kafka/client.ts";
import { kafkaConnectionEntries } from "../kafka/connection-options.ts";
import { kafkaErrorType, kafkaFailure } from "../kafka/failure.ts";
import { openTopic } from "../kafka/topic.ts";
import { within } from "./support/deadline.ts";
import { partitionOf } from "./support/series-partition.ts";

/**
 * A batch of records for one partition is limited by the brokers (`message.max.bytes`, 1 MB unless they
 * say otherwise): well below it. What is still too large is halved.
 */
const SEND_BYTES_MAX = 512 * 1024;

/** Key, headers and frame of a record. */
const RECORD_OVERHEAD_BYTES = 160;

/** The brokers abort a transaction that takes longer; a write of ours never does. */
const TRANSACTION_TIMEOUT_MS = 2 * CALL_TIMEOUT_MS;

/** How long `close` tries to end what is open in an orderly way. */
const CLOSE_TIMEOUT_MS = 2_000;

const kafkaOptions = v.strictObject({
  ...kafkaConnectionEntries,
  topic: v.pipe(
    v.optional(v.string(), "aggregates"),
    v.regex(
      /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/,
      "must be 1 to 249 letters, digits, dots, dashes or underscores",
    ),
    v.description("The topic; made when it is missing."),
  ),
  create: v.pipe(
    v.optional(v.boolean(), true),
    v.description("Whether a missing topic is made; if not, it stops the start."),
  ),
  partitions: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
    v.description("Partitions of a topic that is made."),
  ),
  replication: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    v.description("Copies of a topic that is made. Default: what the brokers have."),
  ),
  topicConfig: v.pipe(
    v.optional(v.record(v.string(), v.string()), {}),
    v.description('Settings of a topic that is made, such as { "cleanup.policy": "compact" }.'),
  ),
  compression: v.pipe(
    v.optional(v.picklist(["none", "gzip"]), "none"),
    v.description("How records are compressed."),
  ),
});

type KafkaOptions = v.InferOutput<typeof kafkaOptions>;

/** A topic: one record a row, and a tombstone for one that is withdrawn. */
export const kafka = defineSink({
  name: "kafka",
  summary: "Writes window results to a Kafka topic, one transaction a batch.",
  // A batch whose confirmation was lost comes again: until progress is kept beside the rows, twice.
  delivery: "at-least-once",
  options: kafkaOptions,
  example: { brokers: "localhost:9092", topic: "aggregates" },
  describe: describeKafka,
  async open(options, context, signal) {
    const place = describeKafka(options);
    const client = createKafkaClient(options, {
      clientId: `aggregator-${context.pipeline}`,
      logger: context.logger,
    });
    const writer = new KafkaWriter({ client, options, place, context });
    try {
      const action = `Cannot open ${place}`;
      const { clock } = context;
      await within(writer.connect(), { action, ms: CALL_TIMEOUT_MS, clock, signal });
      return writer;
    } catch (thrown) {
      await writer.close();
      throw kafkaFailure(`Cannot open ${place}`, thrown);
    }
  },
});

function describeKafka({ brokers, topic }: KafkaOptions): string {
  return `kafka://${brokers.join(",")} topic ${topic}`;
}

/** A record and the index of its row in the batch. */
interface Entry {
  readonly index: number;
  readonly message: Message;
  readonly bytes: number;
}

class KafkaWriter implements SinkWriter {
  readonly #client: Kafka;
  readonly #options: KafkaOptions;
  readonly #place: string;
  readonly #context: SinkContext;
  readonly #producer: Producer;
  #partitions = 1;
  /** The transaction that is under way, if any. */
  #transaction: Transaction | undefined;
  #closed: Promise<void> | undefined;

  constructor(parts: {
    client: Kafka;
    options: KafkaOptions;
    place: string;
    context: SinkContext;
  }) {
    this.#client = parts.client;
    this.#options = parts.options;
    this.#place = parts.place;
    this.#context = parts.context;
    this.#producer = this.#client.producer({
      // Whoever opens with the same id later fences us.
      transactionalId: `aggregator-${parts.context.pipeline}-${parts.context.sink}`,
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
      allowAutoTopicCreation: false,
      maxInFlightRequests: 1,
      // Each message names its own.
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
    });
  }

  /** Makes the topic when it is missing, ends what a former owner left open, and fences that owner. */
  async connect(): Promise<void> {
    const { topic, create, partitions, replication, topicConfig } = this.#options;
    const admin = this.#client.admin();
    try {
      await admin.connect();
      const plan = { topic, create, partitions, replication, config: topicConfig };
      this.#partitions = await openTopic(admin, plan);
    } finally {
      await admin.disconnect();
    }
    await this.#producer.connect();
    // The first transaction gets the producer its id; an empty one leaves nothing behind.
    const transaction = await this.#producer.transaction();
    await transaction.abort();
  }

  async write(batch: RowBatch, signal: AbortSignal): Promise<WriteOutcome> {
    if (batch.rows.length === 0) return { refused: [] };
    const { clock } = this.#context;
    const action = `Cannot write to ${this.#place}`;
    const startMs = clock.monotonicMs();
    try {
      const work = this.#transact(batch.rows.map((row, index) => this.#entry(row, index)));
      return { refused: await within(work, { action, ms: CALL_TIMEOUT_MS, clock, signal }) };
    } catch (thrown) {
      // The brokers also say so of a transaction that took too long: this machine slept, say.
      const tookLong = clock.monotonicMs() - startMs >= TRANSACTION_TIMEOUT_MS;
      if (isFenced(thrown) && !tookLong) {
        throw new FatalError(
          `${action}: fenced, since another process writes as pipeline ` +
            `"${this.#context.pipeline}", sink "${this.#context.sink}"; stop one of the two, or rename it`,
        );
      }
      throw kafkaFailure(action, thrown);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { clock, logger } = this.#context;
    const { signal } = new AbortController();
    // Readers of committed records wait for the end of a transaction that is left open.
    const end = async (): Promise<void> => {
      if (this.#transaction?.isActive() === true) await this.#transaction.abort();
      await this.#producer.disconnect();
    };
    try {
      await within(end(), { action: "Cannot close", ms: CLOSE_TIMEOUT_MS, clock, signal });
    } catch (thrown) {
      logger.debug("The Kafka producer was left to itself.", { error: messageOf(thrown) });
    }
  }

  async #transact(entries: readonly Entry[]): Promise<RefusedRow[]> {
    const transaction = await this.#producer.transaction();
    this.#transaction = transaction;
    const refused: RefusedRow[] = [];
    for (const part of partsOf(entries)) await this.#send(transaction, part, refused);
    await transaction.commit();
    this.#transaction = undefined;
    return refused;
  }

  /** Sends what can be sent and collects the rest, by halving what is too large. */
  async #send(
    transaction: Transaction,
    entries: readonly Entry[],
    refused: RefusedRow[],
  ): Promise<void> {
    const { topic, compression } = this.#options;
    try {
      await transaction.send({
        topic,
        messages: entries.map(({ message }) => message),
        compression: compression === "gzip" ? CompressionTypes.GZIP : CompressionTypes.None,
      });
      return;
    } catch (thrown) {
      const type = kafkaErrorType(thrown);
      if (type !== "MESSAGE_TOO_LARGE" && type !== "RECORD_LIST_TOO_LARGE") throw thrown;
      if (entries.length === 1) {
        const { index, bytes } = entries[0]!;
        refused.push({ index, reason: `the record of ${bytes} bytes is too large (${type})` });
        return;
      }
    }
    const middle = entries.length >> 1;
    await this.#send(transaction, entries.slice(0, middle), refused);
    await this.#send(transaction, entries.slice(middle), refused);
  }

  #entry(row: ResultRow, index: number): Entry {
    const value = row.withdrawn ? null : Buffer.from(rowToJson(row));
    return {
      index,
      bytes: (value?.length ?? 0) + RECORD_OVERHEAD_BYTES,
      message: {
        key: row.id,
        value,
        partition: partitionOf(row, this.#partitions),
        headers: {
          revision: String(row.revision),
          generation: String(this.#context.generation),
        },
      },
    };
  }
}

/** Cuts a batch into requests, in its order. */
function partsOf(entries: readonly Entry[]): Entry[][] {
  const parts: Entry[][] = [];
  let bytes = Infinity;
  for (const entry of entries) {
    if (bytes + entry.bytes > SEND_BYTES_MAX) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(entry);
    bytes += entry.bytes;
  }
  return parts;
}

/** Whether somebody opened with our transactional id after us. */
function isFenced(thrown: unknown): boolean {
  const type = kafkaErrorType(thrown);
  // The client does not know the newer code for it.
  return (
    type === "INVALID_PRODUCER_EPOCH" ||
    (type === "KAFKAJS_UNKNOWN_ERROR_CODE" && /\b90\b/.test(messageOf(thrown)))
  );
}
