import { defineSource } from "../core/source.ts";
import { describeKafkaSource, kafkaSourceOptions } from "./kafka/options.ts";

/**
 * Topics of Kafka: every partition, or a fixed share of them. The client is loaded when it is needed: most
 * starts do without.
 */
export const kafka = defineSource({
  name: "kafka",
  summary: "Reads events from topics of Kafka, one JSON object a record.",
  replay: () => "cursor",
  carriesMetrics: false,
  options: kafkaSourceOptions,
  example: { brokers: "localhost:9092", topic: "events", group: "plant-7" },
  describe: describeKafkaSource,
  share: ({ share }) => `${share.index}/${share.count}`,
  async open(options, context, signal) {
    const { openKafka } = await import("./kafka/open.ts");
    return await openKafka(options, context, signal);
  },
});
