import * as v from "valibot";
import { kafkaConnectionEntries } from "../../kafka/connection-options.ts";

export const kafkaOptions = v.strictObject({
  ...kafkaConnectionEntries,
  topic: v.pipe(
    v.optional(v.string(), "aggregates"),
    v.regex(
      /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,240}$/,
      "must be 1 to 240 letters, digits, dots, dashes or underscores",
    ),
    v.description("The topic; made when it is missing, with another for the progress beside it."),
  ),
  create: v.pipe(
    v.optional(v.boolean(), true),
    v.description("Whether a missing topic is made; if not, it stops the start."),
  ),
  partitions: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
    v.description("Partitions of a topic that is made."),
  ),
  replication: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    v.description("Copies of a topic that is made. Default: what the brokers have."),
  ),
  topicConfig: v.pipe(
    v.optional(v.record(v.string(), v.string()), {}),
    v.description('Settings of a topic that is made, such as { "cleanup.policy": "compact" }.'),
  ),
  compression: v.pipe(
    v.optional(v.picklist(["none", "gzip"]), "none"),
    v.description("How records are compressed."),
  ),
});

export type KafkaOptions = v.InferOutput<typeof kafkaOptions>;

/** Where it is, without user and password. */
export function describeKafka({ brokers, topic }: KafkaOptions): string {
  return `kafka://${brokers.join(",")} topic ${topic}`;
}
