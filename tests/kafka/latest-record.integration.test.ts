import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import type { Producer } from "kafkajs";
import { TransientError } from "../../src/core/errors.ts";
import { KafkaCluster } from "../../src/kafka/cluster.ts";
import { latestRecord } from "../../src/kafka/latest-record.ts";
import { describeWithKafka, type KafkaServer } from "../services/kafka.ts";
import { rejectionOf } from "../support/rejection.ts";
import { testClient } from "../support/topic-reading.ts";

// Servers that start on a machine that does other things too.
setDefaultTimeout(60_000);

await describeWithKafka("latestRecord()", testLatestRecord);

function testLatestRecord(server: KafkaServer): void {
  const open: { disconnect(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0)) await thing.disconnect();
  });

  async function madeTopic(): Promise<string> {
    const topic = server.topic();
    const admin = testClient(server.brokers).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic }], waitForLeaders: true });
    await admin.disconnect();
    return topic;
  }

  async function producer(transactionalId?: string): Promise<Producer> {
    const client = testClient(server.brokers);
    const made = client.producer(
      transactionalId === undefined ? {} : { transactionalId, maxInFlightRequests: 1 },
    );
    await made.connect();
    open.push(made);
    return made;
  }

  async function latest(
    topic: string,
    options: { wanted?: string; open?: "wait" | "pass"; signal?: AbortSignal } = {},
  ): Promise<{ found: string | undefined; looked: number }> {
    const cluster = new KafkaCluster(testClient(server.brokers));
    await cluster.connect([topic]);
    open.push(cluster);
    let looked = 0;
    const found = await latestRecord(cluster, {
      topic,
      pick(value) {
        looked++;
        const text = value.toString();
        return text.startsWith(options.wanted ?? "ours") ? text : undefined;
      },
      open: options.open ?? "wait",
      signal: options.signal ?? new AbortController().signal,
    });
    return { found, looked };
  }

  test("finds nothing in an empty topic, and the newest of several", async () => {
    const topic = await madeTopic();
    expect(await latest(topic)).toEqual({ found: undefined, looked: 0 });
    const plain = await producer();
    const values = ["ours 1", "other", "ours 2", "ours 3", "other"];
    await plain.send({ topic, messages: [...values.map((value) => ({ value })), { value: null }] });
    expect((await latest(topic)).found).toBe("ours 3");
    expect((await latest(topic, { wanted: "theirs" })).found).toBeUndefined();
  });

  test("looks near the end first, and at all there is when it must", async () => {
    const topic = await madeTopic();
    const plain = await producer();
    await plain.send({ topic, messages: [{ value: "first" }] });
    for (let n = 0; n < 10; n++) {
      const messages = Array.from({ length: 5000 }, () => ({ value: "ours, but old" }));
      await plain.send({ topic, messages });
    }
    await plain.send({ topic, messages: [{ value: "ours" }, { value: "other" }] });
    const near = await latest(topic);
    expect(near.found).toBe("ours");
    expect(near.looked).toBeLessThan(1000);
    expect(await latest(topic, { wanted: "first" })).toEqual({ found: "first", looked: 50_003 });
  });

  test("passes over what was aborted, by several producers and at a boundary of its looks", async () => {
    const topic = await madeTopic();
    const one = await producer(`one-${topic}`);
    const two = await producer(`two-${topic}`);
    const committed = await one.transaction();
    await committed.send({ topic, messages: [{ value: "ours, committed" }] });
    await committed.commit();
    const aborted = [await one.transaction(), await two.transaction()];
    for (const transaction of aborted) {
      const messages = Array.from({ length: 300 }, () => ({ value: "ours, aborted" }));
      await transaction.send({ topic, messages });
    }
    for (const transaction of aborted) await transaction.abort();
    expect(await latest(topic)).toEqual({ found: "ours, committed", looked: 1 });
  });

  test("waits for the end of a transaction that is open, or passes it", async () => {
    const topic = await madeTopic();
    const ours = await producer(`ours-${topic}`);
    const theirs = await producer(`theirs-${topic}`);
    const before = await ours.transaction();
    await before.send({ topic, messages: [{ value: "ours 1" }] });
    await before.commit();
    const held = await theirs.transaction();
    await held.send({ topic, messages: [{ value: "other" }] });
    const after = await ours.transaction();
    await after.send({ topic, messages: [{ value: "ours 2" }] });
    await after.commit();
    expect((await latest(topic, { open: "pass" })).found).toBe("ours 1");
    const stop = new AbortController();
    const stopped = rejectionOf(latest(topic, { signal: stop.signal }));
    const waiting = latest(topic);
    stop.abort();
    expect(await stopped).toBeInstanceOf(TransientError);
    await held.commit();
    expect((await waiting).found).toBe("ours 2");
  });
}
