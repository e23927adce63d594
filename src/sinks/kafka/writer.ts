import { randomUUID } from "node:crypto";
import { CompressionTypes, type Kafka, type Producer, type Transaction } from "kafkajs";
import { messageOf } from "../../core/errors.ts";
import { CALL_TIMEOUT_MS } from "../../core/limits.ts";
import type {
  RefusedRow,
  RowBatch,
  SinkContext,
  SinkWriter,
  WriteOutcome,
} from "../../core/sink.ts";
import { createKafkaClient } from "../../kafka/client.ts";
import { kafkaErrorType, kafkaFailure } from "../../kafka/failure.ts";
import { openTopic } from "../../kafka/topic.ts";
import { Claim, type Progress } from "../support/claim.ts";
import { within } from "../support/deadline.ts";
import { type Entry, requestsOf } from "./entries.ts";
import { describeKafka, type KafkaOptions } from "./options.ts";
import { KafkaProgress, openProgressTopic } from "./progress.ts";

/** The brokers abort a transaction that takes longer; a write of ours never does. */
const TRANSACTION_TIMEOUT_MS = 2 * CALL_TIMEOUT_MS;

/** How long `close` tries to end what is open in an orderly way. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Connects, and makes what is missing. Throws as told at `open` of a sink.
 */
export async function openKafka(
  options: KafkaOptions,
  context: SinkContext,
  signal: AbortSignal,
): Promise<SinkWriter> {
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
    throw writer.failure(`Cannot open ${place}`, thrown);
  }
}

interface WriterParts {
  readonly client: Kafka;
  readonly options: KafkaOptions;
  readonly place: string;
  readonly context: SinkContext;
}

class KafkaWriter implements SinkWriter {
  readonly #parts: WriterParts;
  readonly #producer: Producer;
  /** Undefined: nobody's, who keeps none. */
  readonly #progress: KafkaProgress | undefined;
  readonly #stopped = new AbortController();
  progress: number | undefined;
  #partitions = 1;
  /** The transaction that is under way, if any. */
  #transaction: Transaction | undefined;
  #closed: Promise<void> | undefined;

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.#progress = Claim.isWanted(parts.context) ? new KafkaProgress(parts) : undefined;
    this.#producer = parts.client.producer({
      transactionalId: transactionalIdOf(parts.context),
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

  /** Makes the topics when they are missing, and takes the sink over. */
  async connect(): Promise<void> {
    const { client, options } = this.#parts;
    const { topic, create, partitions, replication, topicConfig } = options;
    const admin = client.admin();
    try {
      await admin.connect();
      const plan = { topic, create, partitions, replication, config: topicConfig };
      this.#partitions = await openTopic(admin, plan);
      await openProgressTopic(admin, options);
    } finally {
      await admin.disconnect();
    }
    const { signal } = this.#stopped;
    // Before anybody is fenced: one who is older by what can be seen leaves the newer one alone.
    await this.#progress?.look("pass", signal);
    await this.#producer.connect();
    // The first transaction gets the producer its id, fences whoever had it, and ends what that one left
    // open. It is aborted, so that it leaves nothing to read.
    const transaction = await this.#producer.transaction();
    this.#transaction = transaction;
    await this.#progress?.stir(transaction);
    await transaction.abort();
    this.#transaction = undefined;
    // Nothing of ours is under way any more: what is not there was not written.
    const mine = await this.#progress?.look("wait", signal);
    if (mine === undefined) return;
    await this.#commit(async (claim) => {
      await this.#progress?.send(claim, mine);
      return mine;
    });
    this.progress = mine.through;
  }

  async write(batch: RowBatch, signal: AbortSignal): Promise<WriteOutcome> {
    const known = this.#progress?.known(batch);
    if (known !== undefined) return { refused: known };
    const { context, place } = this.#parts;
    const { clock } = context;
    const action = `Cannot write to ${place}`;
    const startMs = clock.monotonicMs();
    try {
      const work = this.#writeAll(batch);
      return { refused: await within(work, { action, ms: CALL_TIMEOUT_MS, clock, signal }) };
    } catch (thrown) {
      // The brokers also say so of a transaction that took too long: this machine slept, say. Opening
      // tells the two apart.
      const tookLong = clock.monotonicMs() - startMs >= TRANSACTION_TIMEOUT_MS;
      throw tookLong ? kafkaFailure(action, thrown) : this.failure(action, thrown);
    }
  }

  /** The failure of a call, as the pipeline wants it. */
  failure(action: string, thrown: unknown): Error {
    const { context, place } = this.#parts;
    return isFenced(thrown) ? Claim.of(context, place).fenced() : kafkaFailure(action, thrown);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#stopped.abort();
    const { clock, logger } = this.#parts.context;
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

  /** Rows and progress in one transaction. */
  async #writeAll({ rows, through }: RowBatch): Promise<readonly RefusedRow[]> {
    const { generation } = this.#parts.context;
    const requests = requestsOf(rows, { partitions: this.#partitions, generation });
    const refused: RefusedRow[] = [];
    await this.#commit(async (transaction) => {
      for (const request of requests) await this.#send(transaction, request, refused);
      const progress = this.#progress?.after({ rows, through }, refused);
      if (progress !== undefined) await this.#progress?.send(transaction, progress);
      return progress;
    });
    return refused;
  }

  async #commit(work: (transaction: Transaction) => Promise<Progress | undefined>): Promise<void> {
    const transaction = await this.#producer.transaction();
    this.#transaction = transaction;
    const progress = await work(transaction);
    await transaction.commit();
    this.#transaction = undefined;
    if (progress !== undefined) this.#progress?.committed(progress);
  }

  /** Sends what can be sent and collects the rest, by halving what is too large. */
  async #send(
    transaction: Transaction,
    entries: readonly Entry[],
    refused: RefusedRow[],
  ): Promise<void> {
    const { topic, compression } = this.#parts.options;
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
}

/** Whoever opens with the same id later fences us; nobody's is his alone. */
function transactionalIdOf({ pipeline, sink, owner }: SinkContext): string {
  const id = `aggregator-${pipeline}-${owner.share}-${sink}`;
  return owner.epoch > 0 ? id : `${id}-${randomUUID()}`;
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
