import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { CompressionTypes } from "kafkajs";
import * as v from "valibot";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import type { Logger } from "../../src/core/logger.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { SourceContext, SourceReader } from "../../src/core/source.ts";
import { KafkaCluster } from "../../src/kafka/cluster.ts";
import { kafkaSourceOptions } from "../../src/sources/kafka/options.ts";
import { kafka } from "../../src/sources/kafka.ts";
import { testSource } from "../contract/sources.ts";
import { describeWithKafka } from "../services/kafka.ts";
import {
  committedOffsets,
  makeTopic,
  produce,
  withAdmin,
  withProducer,
} from "../support/kafka-topic.ts";
import { rejectionOf } from "../support/rejection.ts";
import { contextOf, forever, readLines, seen } from "../support/source-reading.ts";
import { testClient } from "../support/topic-reading.ts";

// A real broker, on a machine that does other things too.
setDefaultTimeout(60_000);

type Options = Omit<v.InferInput<typeof kafkaSourceOptions>, "brokers"> & { brokers?: string };

const lines = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `{"i":${from + i}}`);

await describeWithKafka("source kafka", (server) => {
  function open(options: Options, context: SourceContext = contextOf()): Promise<SourceReader> {
    const checked = v.parse(kafkaSourceOptions, {
      brokers: server.brokers,
      // Readers of one process must not find each other.
      group: `group of ${String(options.topic)}`,
      ...options,
    });
    return kafka.open(checked, context, forever);
  }

  async function linesOf(reader: SourceReader, count: number): Promise<string[]> {
    return (await readLines(reader, count)).flatMap((batch) => batch.lines);
  }

  async function topicWith(
    messages: readonly string[],
    options: Parameters<typeof makeTopic>[2] = {},
  ): Promise<string> {
    const topic = server.topic();
    await makeTopic(server.brokers, topic, options);
    if (messages.length > 0) await produce(server.brokers, topic, messages);
    return topic;
  }

  testSource("kafka", {
    atEnd: "empty",
    async prepare() {
      const topic = await topicWith(lines(25));
      await produce(server.brokers, topic, lines(15, 25));
      return { lines: lines(40), open: (context) => open({ topic }, context) };
    },
  });

  test("makes one line of each record, and tells its place", async () => {
    const topic = await topicWith([]);
    const values = ["a", null, "b\nc\n\nd", "", " \n\r\t", "e"];
    await produce(
      server.brokers,
      topic,
      values.map((value) => ({ value })),
    );
    const reader = await open({ topic });
    seen(await reader.read(forever)); // where it begins
    const read = await reader.read(forever);
    await reader.close();
    expect(seen(read)).toMatchObject({
      lines: ["a", "b\rc\r\rd", "e"],
      places: [`${topic}/0@0`, `${topic}/0@2`, `${topic}/0@5`],
      refusals: [
        { reason: "invalid_json", at: `${topic}/0@3`, detail: "value is empty" },
        { reason: "invalid_json", at: `${topic}/0@4`, detail: "value is blank" },
      ],
      cursor: `{"${topic}/0":6}`,
    });
    expect(read).toMatchObject({ batch: { tombstones: 1, partition: "0", pending: 0 } });
  });

  describe.each([
    ["gzip", CompressionTypes.GZIP],
    ["snappy", CompressionTypes.Snappy],
    ["lz4", CompressionTypes.LZ4],
    ["zstd", CompressionTypes.ZSTD],
  ] as const)("records compressed by %s", (name, compression) => {
    const many = lines(2_000);

    test("are read as a producer wrote them", async () => {
      const topic = await topicWith([]);
      await produce(server.brokers, topic, many, compression);
      const reader = await open({ topic });
      expect(await linesOf(reader, many.length)).toEqual(many);
      await reader.close();
    });

    test("are read as the broker itself compresses them", async () => {
      const topic = await topicWith(many, { config: { "compression.type": name } });
      const reader = await open({ topic });
      expect(await linesOf(reader, many.length)).toEqual(many);
      await reader.close();
    });
  });

  test("passes over what was aborted, and waits for what is open", async () => {
    const topic = await topicWith(["before"]);
    const reader = await open({ topic });
    const dirty = await open({ topic, isolation: "uncommitted" });
    await withProducer(
      server.brokers,
      async (producer) => {
        for (const outcome of ["abort", "commit", "abort", "commit"] as const) {
          const transaction = await producer.transaction();
          const messages = [{ value: `${outcome} 1` }, { value: `${outcome} 2` }];
          await transaction.send({ topic, messages });
          await transaction[outcome]();
        }
        const last = await producer.transaction();
        await last.send({ topic, messages: [{ value: "open" }] });
        const committed = ["before", "commit 1", "commit 2", "commit 1", "commit 2"];
        expect(await linesOf(reader, 5)).toEqual(committed);
        expect(await linesOf(dirty, 10)).toContain("open");
        // Something is there that cannot be read yet.
        const early = await openBriefly(topic);
        expect(await linesOf(early, 9)).toEqual(committed);
        expect(early.caughtUp?.()).toEqual([]);
        await last.abort();
        await untilCaughtUp(early);
        expect(seen(await early.read(forever))).toBe("empty");
        await early.close();
      },
      `transactions-${topic}`,
    );
    await Promise.all([reader.close(), dirty.close()]);
  });

  const openBriefly = (topic: string): Promise<SourceReader> =>
    open({ topic }, contextOf({ waitMsMax: 200 }));

  async function untilCaughtUp(reader: SourceReader): Promise<void> {
    const end = performance.now() + 10_000;
    while (reader.caughtUp?.().length !== reader.partitions?.length) {
      if (performance.now() > end) throw new Error("not caught up");
      await reader.read(forever);
    }
  }

  test("reads a share of the partitions, and new ones from their start", async () => {
    const topic = await topicWith([], { partitions: 4 });
    const send = (partitions: readonly number[], text: string): Promise<void> =>
      produce(
        server.brokers,
        topic,
        partitions.map((partition) => ({ partition, value: `${text} ${partition}` })),
      );
    await send([0, 1, 2, 3], "first");
    const readers = await Promise.all(
      [0, 1].map((index) =>
        open({ topic, share: { index, count: 2 } }, contextOf({ waitMsMax: 8_000 })),
      ),
    );
    expect(readers.map((reader) => reader.partitions)).toEqual([
      ["0", "2"],
      ["1", "3"],
    ]);
    expect((await linesOf(readers[0]!, 2)).toSorted()).toEqual(["first 0", "first 2"]);
    expect((await linesOf(readers[1]!, 2)).toSorted()).toEqual(["first 1", "first 3"]);
    await withAdmin(server.brokers, (admin) =>
      admin.createPartitions({ topicPartitions: [{ topic, count: 6 }] }),
    );
    await send([4, 5], "later");
    const later = await Promise.all(readers.map((reader) => readLines(reader, 1)));
    expect(later.flat().map((batch) => [batch.lines, batch.places])).toEqual([
      [["later 4"], [`${topic}/4@0`]],
      [["later 5"], [`${topic}/5@0`]],
    ]);
    expect(readers[0]!.partitions).toEqual(["0", "2", "4"]);
    await Promise.all(readers.map((reader) => reader.close()));
    const moved = rejectionOf(
      open({ topic, share: { index: 0, count: 4 } }, contextOf({ cursor: `{"${topic}/2":1}` })),
    );
    expect((await moved).message).toStartWith(
      `Cannot go on as share 0 of 4: the state has read partition ${topic}/2`,
    );
    expect(await moved).toBeInstanceOf(FatalError);
  });

  test("names partitions by their topic where there are several", async () => {
    const topics = [await topicWith(["one"]), await topicWith(["two"])];
    const reader = await open({ topic: topics });
    expect(reader.partitions).toEqual(topics.map((topic) => `${topic}/0`));
    expect((await linesOf(reader, 2)).toSorted()).toEqual(["one", "two"]);
    await reader.close();
  });

  test("begins behind the last record, and keeps that place", async () => {
    const topic = await topicWith(["old"]);
    const first = await open({ topic, from: "latest" }, contextOf({ waitMsMax: 50 }));
    const start = seen(await first.read(forever));
    expect(start).toMatchObject({ lines: [], cursor: `{"${topic}/0":1}` });
    await first.close();
    await produce(server.brokers, topic, ["new"]);
    const cursor = `{"${topic}/0":1}`;
    const second = await open({ topic, from: "latest" }, contextOf({ cursor }));
    expect(await linesOf(second, 1)).toEqual(["new"]);
    await second.close();
  });

  /** The fetch that is under way waits at most half a second. */
  const untilFetched = (): Promise<void> => Bun.sleep(700);

  test("holds a partition, and lets it go", async () => {
    const topic = await topicWith([], { partitions: 2 });
    const reader = await open({ topic }, contextOf({ waitMsMax: 700 }));
    reader.hold?.(["0"]);
    const messages = [0, 1].map((partition) => ({ partition, value: `in ${partition}` }));
    await produce(server.brokers, topic, messages);
    expect(await linesOf(reader, 2)).toEqual(["in 1"]);
    expect(reader.caughtUp?.()).toEqual(["1"]);
    reader.hold?.([]);
    expect(await linesOf(reader, 1)).toEqual(["in 0"]);
    // What is held after it was fetched waits as well.
    await produce(server.brokers, topic, messages);
    await untilFetched();
    const [first] = await linesOf(reader, 1);
    const other = first === "in 0" ? "1" : "0";
    reader.hold?.([other]);
    expect(await linesOf(reader, 1)).toEqual([]);
    reader.hold?.([]);
    expect(await linesOf(reader, 1)).toEqual([`in ${other}`]);
    await reader.close();
  });

  test("gives large and many records in bounded batches", async () => {
    const topic = await topicWith([], { config: { "max.message.bytes": "4000000" } });
    const large = JSON.stringify({ text: "x".repeat(900_000) });
    for (let i = 0; i < 4; i++) await produce(server.brokers, topic, [large, ...lines(5)]);
    const reader = await open({ topic, fetchBytes: 16_384 });
    const batches = await readLines(reader, 24);
    await reader.close();
    expect(batches.flatMap((batch) => batch.lines)).toHaveLength(24);
    expect(Math.max(...batches.map((batch) => batch.lines.join("").length))).toBeLessThan(
      1_500_000,
    );
  });

  test("tells what was deleted before it was read, and goes on at the oldest", async () => {
    const topic = await topicWith(lines(10));
    const errors: unknown[] = [];
    const logger: Logger = { ...silentLogger, error: (_, fields) => errors.push(fields) };
    await withAdmin(server.brokers, async (admin) => {
      // Else it does not know where the topic is.
      await admin.fetchTopicMetadata({ topics: [topic] });
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "7" }] });
    });
    const cursor = `{"${topic}/0":2}`;
    const reader = await open({ topic }, contextOf({ cursor, logger }));
    const batch = seen(await reader.read(forever));
    await reader.close();
    expect(batch).toMatchObject({
      lines: lines(3, 7),
      gap: `Kafka no longer held offsets 2 to 6 of ${topic}/0`,
      cursor: `{"${topic}/0":10}`,
    });
    expect(errors).toMatchObject([{ topic, partition: 0, offset: 2, oldest: 7, lost: 5 }]);
  });

  test("stops where the topic ends before what was read: it was made anew", async () => {
    const topic = await topicWith(lines(3));
    const reader = await open({ topic }, contextOf({ cursor: `{"${topic}/0":100}` }));
    const failure = await rejectionOf(readLines(reader, 1));
    await reader.close();
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toStartWith(
      `Cannot go on in topic "${topic}", partition 0, at offset 100: it ends at 3`,
    );
  });

  test("waits for a topic that does not exist", async () => {
    const topic = server.topic();
    const failure = await rejectionOf(open({ topic }));
    expect(failure).toBeInstanceOf(TransientError);
    expect(failure.message).toBe(`Cannot read topic ${topic}: it does not exist`);
  });

  test("refuses a cursor that is none", async () => {
    const topic = await topicWith([]);
    for (const cursor of ["12@7", "[]", '{"a/0":-1}', '{"a/0":"1"}']) {
      const failure = await rejectionOf(open({ topic }, contextOf({ cursor })));
      expect(failure).toBeInstanceOf(FatalError);
      expect(failure.message).toContain("it is none of a Kafka source");
    }
  });

  test("finds another process that reads the same partitions", async () => {
    const topic = await topicWith(lines(3));
    const other = new KafkaCluster(testClient(server.brokers));
    await other.connect([topic]);
    const reader = await open({ topic, group: topic });
    const end = performance.now() + 10_000;
    let failure: unknown;
    while (failure === undefined && performance.now() < end) {
      failure = await reader.ack(`{"${topic}/0":3}`, forever).catch((thrown: unknown) => thrown);
      await Bun.sleep(100);
      await other.commit(topic, [{ topic, partition: 0, offset: 2, note: "another" }]);
    }
    await other.disconnect();
    await reader.close();
    expect(failure).toBeInstanceOf(FatalError);
    expect(String(failure)).toContain("another process reads it for the group");
  });

  test.each([
    ["plain", "saslTlsBrokers"],
    ["scram-sha-256", "saslBrokers"],
    ["scram-sha-512", "saslTlsBrokers"],
  ] as const)("proves its password by %s", async (mechanism, listener) => {
    const topic = await topicWith(["secret"]);
    const options = {
      topic,
      brokers: server[listener],
      ...(listener === "saslBrokers" ? {} : { ca: join(server.folder, "ca.crt") }),
    };
    const sasl = { mechanism, username: "tester", password: "secret" };
    const reader = await open({ ...options, sasl });
    expect(await linesOf(reader, 1)).toEqual(["secret"]);
    await reader.close();
    const wrong = { ...sasl, password: "wrong" };
    expect(await rejectionOf(open({ ...options, sasl: wrong }))).toBeInstanceOf(FatalError);
  });

  test("shows its certificate to brokers that want one", async () => {
    const topic = await topicWith(["secret"]);
    const file = (name: string): string => join(server.folder, name);
    const reader = await open({
      topic,
      brokers: server.tlsBrokers,
      ca: file("ca.crt"),
      cert: file("client.crt"),
      key: file("client.key"),
    });
    expect(await linesOf(reader, 1)).toEqual(["secret"]);
    await reader.close();
  });

  test("commits what was acknowledged to the group", async () => {
    const topic = await topicWith(lines(3));
    const reader = await open({ topic, group: topic });
    await readLines(reader, 3);
    await reader.ack(`{"${topic}/0":2}`, forever);
    await reader.ack(`{"${topic}/0":3}`, forever);
    // The last one is committed on closing, without waiting for its turn.
    await reader.close();
    expect(await committedOffsets(server.brokers, topic, topic)).toEqual(["3"]);
  });

  // The last one: nobody else wants the broker meanwhile.
  test("goes on where it was after kill -9 of the broker, each event once", async () => {
    const topic = await topicWith(lines(1_000), { partitions: 1 });
    let reader = await open({ topic, fetchBytes: 16_384 });
    let cursor: string | undefined;
    const got: string[] = [];
    const take = async (count: number): Promise<void> => {
      for (const batch of await readLines(reader, count)) {
        got.push(...batch.lines);
        cursor = batch.cursor;
      }
    };
    await take(500);
    await server.kill9();
    const failure = await rejectionOf(readLines(reader));
    expect(failure).toBeInstanceOf(TransientError);
    await reader.close();
    const isAway = open({ topic }, contextOf());
    expect(await rejectionOf(isAway)).toBeInstanceOf(TransientError);
    await server.restart();
    await produce(server.brokers, topic, lines(1_000, 1_000));
    const again = contextOf(cursor === undefined ? {} : { cursor });
    reader = await open({ topic }, again);
    await take(2_000 - got.length);
    await reader.close();
    expect(got).toEqual(lines(2_000));
  });
});
