import { Kafka, logLevel } from "kafkajs";
import { repairTimer } from "../../src/kafka/timer-repair.ts";

/** A record as a reader of committed records sees it. */
export interface ReadRecord {
  readonly partition: number;
  readonly key: string;
  /** null: a tombstone. */
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

let readers = 0;

export function testClient(brokers: string): Kafka {
  repairTimer();
  return new Kafka({
    brokers: [brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 5_000,
    retry: { initialRetryTime: 50, retries: 10 },
  });
}

/**
 * Every committed record of a topic up to now, in the order of each partition. The end is found by a last
 * record of our own in each partition, so that the topic has some afterwards.
 */
export async function readTopic(brokers: string, topic: string): Promise<ReadRecord[]> {
  readers++;
  const end = `end-${process.pid}-${readers}`;
  const client = testClient(brokers);
  await markEnd(client, topic, end);
  const consumer = client.consumer({ groupId: end, maxWaitTimeInMs: 50 });
  const records: ReadRecord[] = [];
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const partitions = await partitionsOf(client, topic);
    let ended = 0;
    await new Promise<void>((resolve, reject) => {
      // What passes (a coordinator that is loading) it tries again by itself.
      consumer.on("consumer.crash", ({ payload }) => {
        if (!payload.restart) reject(payload.error);
      });
      consumer
        .run({
          eachBatch: async ({ batch: { partition, messages } }) => {
            for (const { key, value, headers } of messages) {
              if (headers?.["end"] === undefined) {
                const texts = Object.entries(headers ?? {}).map(([k, text]) => [k, String(text)]);
                records.push({
                  partition,
                  key: String(key),
                  value: value === null ? null : value.toString(),
                  headers: Object.fromEntries(texts) as Record<string, string>,
                });
              } else if (String(headers["end"]) === end && ++ended === partitions) resolve();
            }
          },
        })
        .catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return records;
}

async function partitionsOf(client: Kafka, topic: string): Promise<number> {
  const admin = client.admin();
  await admin.connect();
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  await admin.disconnect();
  return topics[0]!.partitions.length;
}

async function markEnd(client: Kafka, topic: string, end: string): Promise<void> {
  const partitions = await partitionsOf(client, topic);
  const producer = client.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  await producer.connect();
  const messages = Array.from({ length: partitions }, (_, partition) => ({
    partition,
    key: "end",
    value: null,
    headers: { end },
  }));
  await producer.send({ topic, messages });
  await producer.disconnect();
}
