import { zstdCompressSync } from "node:zlib";
import { lz4Compress, snappyCompress } from "@platformatic/wasm-utils/bundled";
import { CompressionCodecs, CompressionTypes, type Message } from "kafkajs";
import { testClient } from "./topic-reading.ts";

/** How often a new topic is looked at, every 50 ms: a busy broker takes a second. */
const LOOKS_MAX = 200;

/** Makes a topic, and returns when it can be used. */
export async function makeTopic(
  brokers: string,
  topic: string,
  options: {
    readonly partitions?: number;
    readonly config?: Readonly<Record<string, string>>;
  } = {},
): Promise<void> {
  await withAdmin(brokers, async (admin) => {
    await admin.createTopics({
      waitForLeaders: false,
      topics: [
        {
          topic,
          numPartitions: options.partitions ?? 1,
          replicationFactor: 1,
          configEntries: Object.entries(options.config ?? {}).map(([name, value]) => ({
            name,
            value,
          })),
        },
      ],
    });
    // The client's own waiting takes a broker that has not heard of the topic yet for a failure.
    for (let tries = 0; ; tries++) {
      const known = await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => undefined);
      const partitions = known?.topics[0]?.partitions ?? [];
      const isLed = partitions.length > 0 && partitions.every(({ leader }) => leader >= 0);
      // The one that leads it may not know so yet: then it does not tell its offsets.
      if (isLed && (await admin.fetchTopicOffsets(topic).catch(() => undefined)) !== undefined)
        return;
      if (tries === LOOKS_MAX) throw new Error(`Topic ${topic} has no leaders`);
      await Bun.sleep(50);
    }
  });
}

type Admin = ReturnType<ReturnType<typeof testClient>["admin"]>;

export async function withAdmin<Result>(
  brokers: string,
  work: (admin: Admin) => Promise<Result>,
): Promise<Result> {
  const admin = testClient(brokers).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

type Producer = ReturnType<ReturnType<typeof testClient>["producer"]>;

/** A producer that puts each message where it says. */
export async function withProducer<Result>(
  brokers: string,
  work: (producer: Producer) => Promise<Result>,
  transactionalId?: string,
): Promise<Result> {
  teachCodecs();
  const producer = testClient(brokers).producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
    // Else a partition that is just being made gets a message twice.
    idempotent: true,
    maxInFlightRequests: 1,
    ...(transactionalId === undefined ? {} : { transactionalId }),
  });
  await producer.connect();
  try {
    return await work(producer);
  } finally {
    await producer.disconnect();
  }
}

/** Sends lines, or whole messages, to partition 0 unless they say otherwise. */
export async function produce(
  brokers: string,
  topic: string,
  messages: readonly (string | Message)[],
  compression: CompressionTypes = CompressionTypes.None,
): Promise<void> {
  await withProducer(brokers, (producer) =>
    producer.send({
      topic,
      compression,
      messages: messages.map((message) =>
        typeof message === "string" ? { value: message } : message,
      ),
    }),
  );
}

/** kafkajs brings gzip alone. */
function teachCodecs(): void {
  const codec = (compress: (bytes: Buffer) => Buffer) => () => ({
    compress: async ({ buffer }: { buffer: Buffer }) => compress(buffer),
    decompress: async (bytes: Buffer) => bytes,
  });
  CompressionCodecs[CompressionTypes.Snappy] = codec(snappyCompress);
  CompressionCodecs[CompressionTypes.LZ4] = codec(lz4Compress);
  CompressionCodecs[CompressionTypes.ZSTD] = codec((bytes) => zstdCompressSync(bytes));
}

/** Offsets that are committed to a group, by partition; "-1": none. */
export async function committedOffsets(
  brokers: string,
  group: string,
  topic: string,
): Promise<string[]> {
  return await withAdmin(brokers, async (admin) => {
    const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    return found!.partitions.toSorted((a, b) => a.partition - b.partition).map((one) => one.offset);
  });
}
