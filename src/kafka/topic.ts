import type { Admin } from "kafkajs";
import { FatalError } from "../core/errors.ts";
import { kafkaErrorType } from "./failure.ts";

/** How a topic is made when it is missing. */
export interface TopicPlan {
  readonly topic: string;
  /** Whether it may be made at all. */
  readonly create: boolean;
  readonly partitions: number;
  /** Copies of each partition; undefined: as the brokers have it. */
  readonly replication: number | undefined;
  /** Settings such as `cleanup.policy`. */
  readonly config: Readonly<Record<string, string>>;
}

/**
 * Makes a topic when it is missing, and returns how many partitions it has. One that is there is taken
 * as it is.
 *
 * @throws {FatalError} If it is missing and may not be made.
 */
export async function openTopic(admin: Admin, plan: TopicPlan): Promise<number> {
  const partitions = await partitionsOf(admin, plan.topic);
  if (partitions !== undefined) return partitions;
  if (!plan.create) {
    throw new FatalError(`Cannot use topic "${plan.topic}": it is missing, and is not to be made`);
  }
  await admin.createTopics({
    waitForLeaders: true,
    topics: [
      {
        topic: plan.topic,
        numPartitions: plan.partitions,
        replicationFactor: plan.replication ?? -1,
        configEntries: Object.entries(plan.config).map(([name, value]) => ({ name, value })),
      },
    ],
  });
  // Somebody else may have made it at the same moment, with other options.
  return (await partitionsOf(admin, plan.topic)) ?? plan.partitions;
}

async function partitionsOf(admin: Admin, topic: string): Promise<number | undefined> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions.length;
  } catch (thrown) {
    if (kafkaErrorType(thrown) === "UNKNOWN_TOPIC_OR_PARTITION") return undefined;
    throw thrown;
  }
}
