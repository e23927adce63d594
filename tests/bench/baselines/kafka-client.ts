// Reads a topic with kafkajs alone: kafka-client.ts count|naive BROKERS TOPIC EVENTS ROWS_FILE. `count` only counts
// the records; `naive` adds them up.
import { writeFileSync } from "node:fs";
import { testClient } from "../../support/topic-reading.ts";
import { NaiveCells } from "./naive-cells.ts";

const [mode, brokers, topic, events, output] = process.argv.slice(2);
const cells = new NaiveCells();
let counted = 0;
const start = performance.now();
const before = process.cpuUsage();
const consumer = testClient(brokers!).consumer({ groupId: `bench-${process.pid}-${start}` });
await consumer.connect();
await consumer.subscribe({ topic: topic!, fromBeginning: true });
const { promise, resolve, reject } = Promise.withResolvers<void>();
consumer.on("consumer.crash", ({ payload }) => {
  if (!payload.restart) reject(payload.error);
});
await consumer.run({
  // They commit at the end of each batch, as they do unless told otherwise.
  eachBatch: async ({ batch: { messages } }) => {
    if (mode === "naive") for (const { value } of messages) cells.add(value!.toString());
    counted += messages.length;
    if (counted >= Number(events)) resolve();
  },
});
await promise;
if (mode === "naive") writeFileSync(output!, cells.rows());
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ seconds, events: counted, cpuSeconds: (user + system) / 1e6 }));
await consumer.disconnect();
