import { TransientError } from "../core/errors.ts";
import { defineSource } from "../core/source.ts";
import { createKafkaClient } from "../kafka/client.ts";
import { KafkaCluster } from "../kafka/cluster.ts";
import { kafkaErrorType, kafkaFailure } from "../kafka/failure.ts";
import { describeKafkaSource, kafkaSourceOptions } from "./kafka/options.ts";
import { KafkaReader } from "./kafka/reader.ts";
import { unlessAborted } from "./vabus/pace.ts";

/** Topics of Kafka: every partition, or a fixed share of them. */
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
    const client = createKafkaClient(options, {
      clientId: `aggregator-${options.group}`,
      logger: context.logger,
    });
    const cluster = new KafkaCluster(client);
    const reader = new KafkaReader(cluster, options, context);
    const connect = async (): Promise<void> => {
      await cluster.connect(options.topic);
      await reader.open();
    };
    try {
      await unlessAborted(connect(), signal);
      return reader;
    } catch (thrown) {
      await reader.close();
      if (kafkaErrorType(thrown) === "UNKNOWN_TOPIC_OR_PARTITION") {
        throw new TransientError(
          `Cannot read topic ${options.topic.join(", ")}: it does not exist`,
        );
      }
      throw kafkaFailure(`Cannot open ${describeKafkaSource(options)}`, thrown);
    }
  },
});
