import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import type { ResultRow } from "../../src/core/result.ts";
import type { SinkWriter } from "../../src/core/sink.ts";
import { kafka } from "../../src/sinks/kafka.ts";
import { type KeptRow, testSink, write } from "../contract/sinks.ts";
import { describeWithKafka, type KafkaServer } from "../services/kafka.ts";
import { rejectionOf } from "../support/rejection.ts";
import { rowOf, sinkContext } from "../support/sink-writing.ts";
import { readTopic, testClient } from "../support/topic-reading.ts";

// Servers that start, stop and are killed on a machine that does other things too.
setDefaultTimeout(60_000);

const forever = new AbortController().signal;

type Options = Parameters<typeof kafka.open>[0];

/** The options as a configuration makes them. */
function optionsOf(input: Readonly<Record<string, unknown>>): Options {
  // The core knows the shape of a schema alone; this one is valibot's.
  return v.parse(kafka.options as unknown as v.GenericSchema<unknown, Options>, input);
}

await describeWithKafka("kafka", (server) => {
  testSink("kafka", {
    async prepare() {
      const topic = server.topic();
      const options = optionsOf({ brokers: server.brokers, topic, partitions: 3 });
      return {
        open: (context, signal) => kafka.open(options, context, signal),
        readBack: () => readRows(server, topic),
        refuseSome: async () => ({ detail: { padding: "x".repeat(1_100_000) } }),
        failOnce(attempt) {
          // The records are on their way when it is stopped; closing aborts the transaction.
          const stop = new AbortController();
          const failure = rejectionOf(attempt(stop.signal));
          stop.abort();
          return failure;
        },
      };
    },
    skip: {
      older: { reason: "a log keeps what is written; its readers compare the headers" },
      shape: { reason: "a topic has no columns" },
    },
  });

  describe("records", () => testRecords(server));
  describe("failures", () => testFailures(server));
  describe("connections", () => testConnections(server));
});

let writers: SinkWriter[] = [];

async function open(options: Options, context = sinkContext()): Promise<SinkWriter> {
  const writer = await kafka.open(options, context, forever);
  writers.push(writer);
  return writer;
}

async function closeAll(): Promise<void> {
  for (const writer of writers) await writer.close();
  writers = [];
}

function testRecords(server: KafkaServer): void {
  afterEach(closeAll);

  test.each(["none", "gzip"])(
    "hold the row, its id, revision and generation (%s)",
    async (compression) => {
      const topic = server.topic();
      const writer = await open(optionsOf({ brokers: server.brokers, topic, compression }));
      await write(writer, [
        rowOf(1, { revision: 2 }),
        rowOf(1, { value: null, revision: 3, withdrawn: true }),
      ]);
      expect(await readTopic(server.brokers, topic)).toEqual([
        {
          partition: 0,
          key: rowOf(1).id,
          value:
            `{"id":"${rowOf(1).id}","pipeline":"plant-7","rule":"per_minute","name":"meter-00001",` +
            `"labels":{},"agg_func":"sum","window_start":1700000040,"window_end":1700000100,` +
            `"value":1,"count":3,"revision":2}`,
          headers: { revision: "2", generation: "1700000000" },
        },
        {
          partition: 0,
          key: rowOf(1).id,
          value: null,
          headers: { revision: "3", generation: "1700000000" },
        },
      ]);
    },
  );

  test("of a series are in one partition, in order; the series are spread", async () => {
    const topic = server.topic();
    const writer = await open(optionsOf({ brokers: server.brokers, topic, partitions: 4 }));
    const windows = 5;
    const rows = Array.from({ length: 41 * windows }, (_, n) =>
      rowOf(n, { name: `meter-${n % 41}`, window_start: Math.floor(n / 41) }),
    );
    await write(writer, rows.slice(0, 100));
    await write(writer, rows.slice(100));
    const partitions = new Map<string, Set<number>>();
    const starts = new Map<string, number[]>();
    for (const { partition, value } of await readTopic(server.brokers, topic)) {
      const { name, window_start } = JSON.parse(value!) as ResultRow;
      partitions.set(name, (partitions.get(name) ?? new Set()).add(partition));
      starts.set(name, [...(starts.get(name) ?? []), window_start]);
    }
    expect(partitions.size).toBe(41);
    for (const used of partitions.values()) expect(used.size).toBe(1);
    for (const inOrder of starts.values()) expect(inOrder).toEqual([0, 1, 2, 3, 4]);
    expect(new Set([...partitions.values()].flatMap((used) => [...used])).size).toBe(4);
  });

  test("go to a topic that is made as the options say", async () => {
    const topic = server.topic();
    const topicConfig = { "cleanup.policy": "compact", "max.message.bytes": "2000000" };
    await open(
      optionsOf({ brokers: server.brokers, topic, partitions: 2, replication: 1, topicConfig }),
    );
    const admin = testClient(server.brokers).admin();
    await admin.connect();
    const described = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: topic }],
    });
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    await admin.disconnect();
    const entries = described.resources[0]!.configEntries;
    const valueOf = (name: string): string =>
      entries.find(({ configName }) => configName === name)!.configValue;
    expect(valueOf("cleanup.policy")).toBe("compact");
    expect(valueOf("max.message.bytes")).toBe("2000000");
    expect(topics[0]!.partitions.length).toBe(2);
  });

  test("go to a topic that is there, as it is", async () => {
    const topic = server.topic();
    await open(optionsOf({ brokers: server.brokers, topic, partitions: 3 }));
    const writer = await open(optionsOf({ brokers: server.brokers, topic, create: false }));
    const rows = Array.from({ length: 30 }, (_, n) => rowOf(n));
    await write(writer, rows);
    const records = await readTopic(server.brokers, topic);
    expect(new Set(records.map(({ partition }) => partition)).size).toBe(3);
  });
}

function testFailures(server: KafkaServer): void {
  afterEach(closeAll);

  // Some 40 MB: a write that can be met in its middle.
  const padding = "x".repeat(4_000);
  const rows = Array.from({ length: 10_000 }, (_, n) => rowOf(n, { detail: { padding } }));

  test("a broker that is killed in the middle of a write passes, and doubles nothing", async () => {
    const topic = server.topic();
    const options = optionsOf({ brokers: server.brokers, topic });
    const writer = await open(options);
    await write(writer, [rowOf(99_999)]);
    const { failure } = await meetInTheMiddle(server, topic, () => write(writer, rows));
    await server.kill9();
    try {
      expect(await failure).toBeInstanceOf(TransientError);
      await writer.close();
      expect(await rejectionOf(open(options))).toBeInstanceOf(TransientError);
    } finally {
      await server.restart();
    }
    await write(await openPatiently(options), rows);
    const ids = (await readTopic(server.brokers, topic)).map(({ key }) => key);
    expect(ids.length).toBe(10_001);
    expect(new Set(ids).size).toBe(10_001);
  });

  test("a broker that was restarted between two writes passes", async () => {
    const topic = server.topic();
    const options = optionsOf({ brokers: server.brokers, topic });
    const writer = await open(options);
    await write(writer, [rowOf(1)]);
    await server.restart();
    const again = await write(writer, [rowOf(2)]).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    if (again !== undefined) expect(again).toBeInstanceOf(TransientError);
    await writer.close();
    if (again !== undefined) await write(await openPatiently(options), [rowOf(2)]);
    const ids = (await readTopic(server.brokers, topic)).map(({ key }) => key);
    expect(ids).toEqual([rowOf(1).id, rowOf(2).id]);
  });

  test("the older of two owners is fenced, for good", async () => {
    const topic = server.topic();
    const options = optionsOf({ brokers: server.brokers, topic });
    const older = await open(options);
    await write(older, [rowOf(1)]);
    const newer = await open(options);
    const failure = await rejectionOf(write(older, [rowOf(2)]));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toMatch(/fenced.*"plant-7".*"warehouse"/);
    await write(newer, [rowOf(3)]);
    // Another sink, or pipeline, is another owner.
    await write(await open(options, sinkContext({ sink: "other" })), [rowOf(4)]);
    await write(newer, [rowOf(5)]);
    const ids = (await readTopic(server.brokers, topic)).map(({ key }) => key);
    expect(ids).toEqual([1, 3, 4, 5].map((n) => rowOf(n).id));
  });

  test("the older owner is fenced in the middle of a write, of which nobody reads anything", async () => {
    const topic = server.topic();
    const options = optionsOf({ brokers: server.brokers, topic });
    const older = await open(options);
    const { failure } = await meetInTheMiddle(server, topic, () => write(older, rows));
    const newer = await open(options);
    expect(await failure).toBeInstanceOf(FatalError);
    await write(newer, [rowOf(1)]);
    const ids = (await readTopic(server.brokers, topic)).map(({ key }) => key);
    expect(ids).toEqual([rowOf(1).id]);
  });

  test("being stopped ends a write at once, and no reader waits for it", async () => {
    const topic = server.topic();
    const writer = await open(optionsOf({ brokers: server.brokers, topic }));
    const stop = new AbortController();
    const { failure } = await meetInTheMiddle(server, topic, () =>
      writer.write({ rows, through: 0 }, stop.signal),
    );
    stop.abort();
    expect(await failure).toBeInstanceOf(TransientError);
    await writer.close();
    // Reads to a mark behind whatever was left, as far as transactions have ended.
    expect(await readTopic(server.brokers, topic)).toEqual([]);
  });

  test("a topic that somebody deleted is made again", async () => {
    const topic = server.topic();
    const options = optionsOf({ brokers: server.brokers, topic });
    const writer = await open(options);
    await write(writer, [rowOf(1)]);
    const admin = testClient(server.brokers).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [topic] });
    await admin.disconnect();
    expect(await rejectionOf(write(writer, [rowOf(2)]))).toBeInstanceOf(TransientError);
    await writer.close();
    await write(await openPatiently(options), [rowOf(2)]);
    expect((await readTopic(server.brokers, topic)).map(({ key }) => key)).toEqual([rowOf(2).id]);
  });

  test("a topic that would forget progress is for good, and says what to do", async () => {
    const topic = server.topic();
    const admin = testClient(server.brokers).admin();
    await admin.connect();
    const configEntries = [{ name: "cleanup.policy", value: "compact,delete" }];
    await admin.createTopics({ topics: [{ topic: `${topic}-progress`, configEntries }] });
    await admin.disconnect();
    const failure = await rejectionOf(open(optionsOf({ brokers: server.brokers, topic })));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toMatch(/-progress.*compact,delete.*set it to compact/);
  });

  test("a topic that cannot be made is for good, and says what to do", async () => {
    const topic = server.topic();
    const { brokers } = server;
    const failures = [
      { create: false, says: /is missing/ },
      { replication: 3, says: /INVALID_REPLICATION_FACTOR.*by hand/ },
      { topicConfig: { "cleanup.policy": "keep" }, says: /INVALID_CONFIG.*by hand/ },
    ];
    for (const { says, ...options } of failures) {
      const failure = await rejectionOf(open(optionsOf({ brokers, topic, ...options })));
      expect(failure).toBeInstanceOf(FatalError);
      expect(failure.message).toMatch(says);
    }
  });
}

function testConnections(server: KafkaServer): void {
  afterEach(closeAll);

  const sasl = { username: "tester", password: "secret" };
  const fileOf = (name: string): string => join(server.folder, name);

  async function expectRoundTrip(options: Readonly<Record<string, unknown>>): Promise<void> {
    const topic = server.topic();
    const writer = await open(optionsOf({ topic, ...options }));
    await write(writer, [rowOf(1)]);
    expect((await readTopic(server.brokers, topic)).length).toBe(1);
  }

  test.each(["plain", "scram-sha-256", "scram-sha-512"])("log in by %s", async (mechanism) => {
    await expectRoundTrip({ brokers: server.saslBrokers, sasl: { mechanism, ...sasl } });
    const wrong = { mechanism, ...sasl, password: "wrong-password" };
    const options = optionsOf({ brokers: server.saslBrokers, topic: server.topic(), sasl: wrong });
    const failure = await rejectionOf(open(options));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toContain("check the option sasl");
    expect(failure.message).not.toContain("wrong-password");
  });

  test("are encrypted, with our own authority and our own certificate", async () => {
    const ca = fileOf("ca.crt");
    const ours = { cert: fileOf("client.crt"), key: fileOf("client.key") };
    await expectRoundTrip({ brokers: server.tlsBrokers, ca, ...ours });
    await expectRoundTrip({
      brokers: server.saslTlsBrokers,
      ca,
      sasl: { mechanism: "scram-sha-256", ...sasl },
    });
  });

  test("refuse an authority that we do not know, and a file that is missing", async () => {
    const topic = server.topic();
    const brokers = server.saslTlsBrokers;
    const login = { sasl: { mechanism: "plain", ...sasl } };
    for (const tls of [{ ca: fileOf("other-ca.crt") }, { tls: true }, { ca: fileOf("no.crt") }]) {
      const failure = await rejectionOf(open(optionsOf({ brokers, topic, ...login, ...tls })));
      expect(failure).toBeInstanceOf(FatalError);
    }
  });

  test("to a broker that is not there pass", async () => {
    const failure = await rejectionOf(open(optionsOf({ brokers: "127.0.0.1:1", topic: "t" })));
    expect(failure).toBeInstanceOf(TransientError);
    expect(failure.message).toContain("kafka://127.0.0.1:1 topic t");
  });
}

test("kafka takes brokers as a list and as a text, and refuses what is none", () => {
  expect(optionsOf({ brokers: " a:1, b:2 ,", topic: "t" }).brokers).toEqual(["a:1", "b:2"]);
  expect(optionsOf({ brokers: ["a:1", "[::1]:2"] }).brokers).toEqual(["a:1", "[::1]:2"]);
  const wrong = [
    { brokers: "" },
    { brokers: "localhost" },
    { brokers: "kafka://a:1" },
    { brokers: "a:1", topic: "no spaces" },
    { brokers: "a:1", topic: ".." },
    { brokers: "a:1", partitions: 0 },
    { brokers: "a:1", unknown: 1 },
  ];
  for (const options of wrong) expect(() => optionsOf(options)).toThrow();
});

/** A broker that came back takes a moment until it has its leaders and coordinators. */
async function openPatiently(options: Options): Promise<SinkWriter> {
  for (;;) {
    try {
      return await open(options);
    } catch (thrown) {
      if (!(thrown instanceof TransientError)) throw thrown;
    }
  }
}

/** Begins a write, and waits until some of its records are there, not committed yet. */
async function meetInTheMiddle(
  server: KafkaServer,
  topic: string,
  begin: () => Promise<unknown>,
): Promise<{ failure: Promise<Error> }> {
  // A client sees nothing before the commit; the broker's own file grows.
  const log = join(server.folder, "data", `${topic}-0`, "00000000000000000000.log");
  const before = statSync(log).size;
  const failure = rejectionOf(begin());
  while (statSync(log).size === before) await Bun.sleep(1);
  return { failure };
}

/** What a reader keeps who takes the last record of each key. */
async function readRows(server: KafkaServer, topic: string): Promise<KeptRow[]> {
  const last = new Map<string, KeptRow>();
  for (const { key, value, headers } of await readTopic(server.brokers, topic)) {
    if (value === null) {
      last.delete(key);
      continue;
    }
    const row = JSON.parse(value) as ResultRow;
    expect(row.id).toBe(key);
    expect(String(row.revision)).toBe(headers["revision"]!);
    last.set(key, { ...row, generation: Number(headers["generation"]) });
  }
  return [...last.values()];
}
