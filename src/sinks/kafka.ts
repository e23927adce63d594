import { defineSink } from "../core/sink.ts";
import { describeKafka, kafkaOptions } from "./kafka/options.ts";

/**
 * A topic: one record a row, and a tombstone for one that is withdrawn. The client is loaded when it is
 * needed: most starts do without.
 */
export const kafka = defineSink({
  name: "kafka",
  summary: "Writes window results to a Kafka topic, one transaction a batch.",
  delivery: "transactional",
  options: kafkaOptions,
  example: { brokers: "localhost:9092", topic: "aggregates" },
  describe: describeKafka,
  async open(options, context, signal) {
    const { openKafka } = await import("./kafka/writer.ts");
    return await openKafka(options, context, signal);
  },
});
