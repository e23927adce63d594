import { TransientError } from "../../core/errors.ts";
import type { SourceContext, SourceReader } from "../../core/source.ts";
import { createKafkaClient } from "../../kafka/client.ts";
import { KafkaCluster } from "../../kafka/cluster.ts";
import { kafkaErrorType, kafkaFailure } from "../../kafka/failure.ts";
import { unlessAborted } from "../vabus/pace.ts";
import { describeKafkaSource, type KafkaSourceOptions } from "./options.ts";
import { KafkaReader } from "./reader.ts";

/**
 * Connects, and finds the partitions. Throws as told at `open` of a source.
 */
export async function openKafka(
  options: KafkaSourceOptions,
  context: SourceContext,
  signal: AbortSignal,
): Promise<SourceReader> {
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
      throw new TransientError(`Cannot read topic ${options.topic.join(", ")}: it does not exist`);
    }
    throw kafkaFailure(`Cannot open ${describeKafkaSource(options)}`, thrown);
  }
}
