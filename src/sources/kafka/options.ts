import * as v from "valibot";
import { kafkaConnectionEntries } from "../../kafka/connection-options.ts";

/** More shares than partitions make no sense, and no topic has more partitions. */
const SHARES_MAX = 10_000;

const FETCH_BYTES_MIN = 16 * 1024;
const FETCH_BYTES_MAX = 64 * 1024 * 1024;

const topic = v.pipe(
  v.string(),
  v.regex(
    /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/,
    "must be 1 to 249 letters, digits, dots, dashes or underscores",
  ),
);

export const kafkaSourceOptions = v.strictObject({
  ...kafkaConnectionEntries,
  topic: v.pipe(
    v.union([topic, v.pipe(v.array(topic), v.nonEmpty())]),
    v.transform((topics) => [...new Set(typeof topics === "string" ? [topics] : topics)]),
    v.description("The topic, or a list of several."),
  ),
  group: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty(), v.maxLength(200)), "aggregator"),
    v.description(
      "The group to which offsets are committed after each checkpoint, for whoever watches the lag. " +
        "Where reading goes on is in our own state.",
    ),
  ),
  share: v.pipe(
    v.optional(
      v.pipe(
        v.strictObject({
          index: v.pipe(
            v.number(),
            v.integer(),
            v.minValue(0),
            v.description("Which share this instance has; the first one is 0."),
          ),
          count: v.pipe(
            v.number(),
            v.integer(),
            v.minValue(1),
            v.maxValue(SHARES_MAX),
            v.description("How many instances share the topic."),
          ),
        }),
        v.check(({ index, count }) => index < count, "must have an index less than the count"),
      ),
      { index: 0, count: 1 },
    ),
    v.description(
      "Which partitions this instance reads: those whose number leaves the remainder `index` when " +
        "divided by `count`. All of them when left out. Each instance has a state folder of its own, " +
        "and the events of one series must lie in one share.",
    ),
  ),
  from: v.pipe(
    v.optional(v.picklist(["earliest", "latest"]), "earliest"),
    v.description(
      "Where to begin when there is no state: at the first record, or behind the last.",
    ),
  ),
  isolation: v.pipe(
    v.optional(v.picklist(["committed", "uncommitted"]), "committed"),
    v.description(
      "Whether to read only what was committed, or also open and aborted transactions.",
    ),
  ),
  fetchBytes: v.pipe(
    v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(FETCH_BYTES_MIN), v.maxValue(FETCH_BYTES_MAX)),
      4 * 1024 * 1024,
    ),
    v.description("Bytes asked of a broker at a time; at most about twice as many wait in memory."),
  ),
});

export type KafkaSourceOptions = v.InferOutput<typeof kafkaSourceOptions>;

/** How a person finds it in `/status`. */
export function describeKafkaSource({ brokers, topic: topics, share }: KafkaSourceOptions): string {
  const part = share.count === 1 ? "" : `, share ${share.index} of ${share.count}`;
  return `kafka://${brokers.join(",")} topic ${topics.join(", ")}${part}`;
}
