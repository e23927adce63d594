import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type KafkaServer, useKafka } from "../../services/kafka.ts";
import { makeTopic, withProducer } from "../../support/kafka-topic.ts";
import type { Bench, Part } from "../harness/bench.ts";
import { type Contestant, contest, type Sample } from "../harness/contest.ts";
import { rowsIn } from "../harness/inputs.ts";
import { runForJson } from "../harness/process.ts";
import { configure, endOfStream, rowsWritten, startProgram } from "../harness/service.ts";
import { sqliteRows } from "../harness/stores.ts";
import { throughputTable } from "../harness/table.ts";
import { BASELINES } from "./programs.ts";

const PARTITIONS = 4;
const RECORDS_PER_REQUEST = 5_000;
const SAY_EVERY = 100_000;
const END_NAME = "end";

/** The whole service over a topic, beside clients that do less. */
export const kafka: Part = {
  name: "kafka",
  summary: "a topic read by the whole service, against clients that count or are naive",
  async run(bench) {
    bench.say("starting a broker");
    const server = await useKafka();
    const topic = server.topic();
    await makeTopic(server.brokers, topic, { partitions: PARTITIONS });
    const records = await fill(bench, server, topic);
    const read = { bench, server, topic, records };
    const standings = await contest(
      [client("count", read), client("naive", read), service(read)],
      bench,
    );
    return [
      throughputTable({
        title: `Kafka as a source: one topic of ${PARTITIONS} partitions, one broker beside us`,
        remarks: [
          "Times begin with connecting. The service keeps its state on disk and ends when the last row is in SQLite.",
        ],
        standings,
        events: bench.events,
        baseline: "client that counts",
      }),
    ];
  },
};

interface Read {
  readonly bench: Bench;
  readonly server: KafkaServer;
  readonly topic: string;
  readonly records: number;
}

/** The whole stream, record by record in turns over the partitions, and its end in each. */
async function fill({ inputs, events, say }: Bench, server: KafkaServer, topic: string) {
  const { path } = inputs.of(events);
  let sent = 0;
  await withProducer(server.brokers, async (producer) => {
    let messages: { value: string; partition: number }[] = [];
    const flush = async (): Promise<void> => {
      await producer.send({ topic, messages });
      messages = [];
      if (sent % SAY_EVERY === 0) say(`filling the topic: ${sent.toLocaleString("en-US")} records`);
    };
    for await (const value of createInterface({ input: createReadStream(path) })) {
      messages.push({ value, partition: sent++ % PARTITIONS });
      if (messages.length === RECORDS_PER_REQUEST) await flush();
    }
    for (let partition = 0; partition < PARTITIONS; partition++) {
      messages.push({ value: endOfStream().trim(), partition });
      sent++;
    }
    await flush();
  });
  return sent;
}

function client(mode: "count" | "naive", { bench, server, topic, records }: Read): Contestant {
  const { answer } = bench.inputs.of(bench.events);
  return {
    name: mode === "count" ? "client that counts" : "naive",
    async run() {
      const cwd = bench.folder();
      const output = join(cwd, "rows.ndjson");
      const args = [mode, server.brokers, topic, String(records), output];
      const command = [process.execPath, join(BASELINES, "kafka-client.ts"), ...args];
      const sample = await runForJson<Sample & { readonly events: number }>(command, { cwd });
      if (sample.events !== records) throw new Error(`${sample.events} records were read`);
      if (mode === "naive") {
        answer.check((await rowsIn(output)).filter(({ name }) => name !== END_NAME));
      }
      return sample;
    },
  };
}

function service({ bench, server, topic }: Read): Contestant {
  const { answer } = bench.inputs.of(bench.events);
  let runs = 0;
  return {
    name: "service",
    async run() {
      const cwd = bench.folder();
      const group = `bench-${process.pid}-${runs++}`;
      configure(cwd, configOf({ brokers: server.brokers, topic, group }));
      const start = performance.now();
      const program = await startProgram([bench.executable, "run"], { cwd });
      try {
        await rowsWritten(program, answer.rows);
        const sample = { seconds: (performance.now() - start) / 1000, ...program.usage() };
        answer.check(sqliteRows(join(cwd, "rows.sqlite")));
        return sample;
      } finally {
        await program.stop();
      }
    },
  };
}

function configOf(source: object): string {
  return `import { defineConfig, kafka, sqlite } from "aggregator";
export default defineConfig({
  source: kafka(${JSON.stringify(source)}),
  sinks: { db: sqlite({ path: "rows.sqlite" }) },
  time: { idleTimeout: "off" },
  status: { port: 0 },
});
`;
}
