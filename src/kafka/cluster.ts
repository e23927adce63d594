import type { Kafka } from "kafkajs";
import fetchRequests from "kafkajs/src/protocol/requests/fetch/index.js";
import { assert } from "../core/errors.ts";
import { CALL_TIMEOUT_MS } from "../core/limits.ts";
import { decodeFetchAnswer, type FetchAnswer, type FetchedPartition } from "./fetch-answer.ts";

/** The number of the request, and the versions of it that are read here: Kafka 0.11 to now. */
const FETCH = 1;
const FETCH_VERSION_MIN = 4;
const FETCH_VERSION_MAX = 11;

/** Whoever commits offsets without being a member of the group says so. */
const NO_GENERATION = -1;

/** What is asked of one broker. */
export interface FetchRequest {
  readonly positions: readonly TopicOffset[];
  /** How long the broker may wait for a first record. */
  readonly waitMsMax: number;
  /** A first batch comes whole, whatever it has. */
  readonly bytesMax: number;
  readonly partitionBytesMax: number;
  readonly isolation: "committed" | "uncommitted";
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface TopicOffset extends TopicPartition {
  readonly offset: number;
}

export interface CommittedOffset extends TopicOffset {
  /** A text that goes with it. */
  readonly note: string;
}

/** What is used of the inner parts of kafkajs 2.2.4. */
interface InnerBroker {
  readonly versions: Readonly<Record<number, { readonly maxVersion: number }>>;
  readonly connectionPool: {
    send(protocol: {
      readonly request: unknown;
      readonly requestTimeout: number;
      readonly response: {
        decode(bytes: Buffer): Promise<FetchAnswer>;
        parse(answer: FetchAnswer): Promise<FetchAnswer>;
      };
    }): Promise<FetchAnswer>;
  };
  offsetCommit(request: object): Promise<unknown>;
  offsetFetch(request: object): Promise<{
    readonly responses: readonly {
      readonly topic: string;
      readonly partitions: readonly {
        readonly partition: number;
        readonly offset: string;
        readonly metadata: string | null;
      }[];
    }[];
  }>;
}

interface InnerCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(
    topic: string,
  ): readonly { readonly partitionId: number; readonly leader: number }[];
  findBroker(node: { readonly nodeId: string }): Promise<InnerBroker>;
  findGroupCoordinator(group: { readonly groupId: string }): Promise<InnerBroker>;
  fetchTopicsOffset(topics: readonly object[]): Promise<
    readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
    }[]
  >;
}

type InnerKafka = Readonly<Record<symbol, unknown>>;

/**
 * The brokers behind a client, for a reader that says itself which partitions it reads, and from where.
 * The consumer of kafkajs cannot: it reads what a group assigns to it (kafkajs #373), begins anew in silence
 * where an offset is gone, and after `kill -9` its place in the group stays taken for a session. So these are
 * the client's inner parts: connections, passwords, metadata and requests are its, the reading is ours.
 */
export class KafkaCluster {
  readonly #inner: InnerCluster;
  #coordinator: InnerBroker | undefined;

  constructor(client: Kafka) {
    this.#inner = innerClusterOf(client);
  }

  async connect(topics: readonly string[]): Promise<void> {
    await this.#inner.connect();
    await this.#inner.addMultipleTargetTopics(topics);
  }

  /** Asks anew where the partitions are. */
  refresh(): Promise<void> {
    return this.#inner.refreshMetadata();
  }

  /** The numbers of a topic's partitions and the brokers that lead them, as last asked. */
  leadersOf(topic: string): ReadonlyMap<number, number> {
    const partitions = this.#inner.findTopicPartitionMetadata(topic);
    return new Map(partitions.map(({ partitionId, leader }) => [partitionId, leader]));
  }

  /** The offset of the first record of each partition, or the one behind the last. */
  async offsetsAt(
    place: "earliest" | "latest",
    partitions: readonly TopicPartition[],
  ): Promise<TopicOffset[]> {
    const asked = byTopic(partitions, ({ partition }) => ({ partition }));
    const found = await this.#inner.fetchTopicsOffset(
      asked.map((topic) => ({ ...topic, fromBeginning: place === "earliest" })),
    );
    return found.flatMap(({ topic, partitions: offsets }) =>
      offsets.map(({ partition, offset }) => ({ topic, partition, offset: Number(offset) })),
    );
  }

  async fetch(node: number, wanted: FetchRequest): Promise<readonly FetchedPartition[]> {
    const broker = await this.#inner.findBroker({ nodeId: String(node) });
    const version = Math.min(FETCH_VERSION_MAX, broker.versions[FETCH]?.maxVersion ?? 0);
    assert(version >= FETCH_VERSION_MIN, "the broker is older than Kafka 0.11");
    const { request } = fetchRequests.protocol({ version })({
      isolationLevel: wanted.isolation === "committed" ? 1 : 0,
      maxWaitTime: wanted.waitMsMax,
      minBytes: 1,
      maxBytes: wanted.bytesMax,
      rackId: "",
      topics: byTopic(wanted.positions, ({ partition, offset }) => ({
        partition,
        fetchOffset: String(offset),
        maxBytes: wanted.partitionBytesMax,
      })),
    });
    const answer = await broker.connectionPool.send({
      request,
      requestTimeout: wanted.waitMsMax + CALL_TIMEOUT_MS,
      response: {
        decode: async (bytes) => decodeFetchAnswer(bytes, version),
        parse: async (decoded) => decoded,
      },
    });
    return answer.partitions;
  }

  /** Commits offsets to a group without being a member: for those who watch how far it is. */
  async commit(group: string, offsets: readonly CommittedOffset[]): Promise<void> {
    const coordinator = await this.#coordinatorOf(group);
    await this.#orForget(
      coordinator.offsetCommit({
        groupId: group,
        groupGenerationId: NO_GENERATION,
        memberId: "",
        topics: byTopic(offsets, ({ partition, offset, note }) => ({
          partition,
          offset: String(offset),
          metadata: note,
        })),
      }),
    );
  }

  /** What is committed to a group, by whomever. */
  async committed(
    group: string,
    partitions: readonly TopicPartition[],
  ): Promise<CommittedOffset[]> {
    const coordinator = await this.#coordinatorOf(group);
    const topics = byTopic(partitions, ({ partition }) => ({ partition }));
    const { responses } = await this.#orForget(coordinator.offsetFetch({ groupId: group, topics }));
    return responses.flatMap(({ topic, partitions: offsets }) =>
      offsets.map(({ partition, offset, metadata }) => ({
        topic,
        partition,
        offset: Number(offset),
        note: metadata ?? "",
      })),
    );
  }

  /** Closes every connection, once what was asked is answered. */
  disconnect(): Promise<void> {
    return this.#inner.disconnect();
  }

  async #coordinatorOf(group: string): Promise<InnerBroker> {
    this.#coordinator ??= await this.#inner.findGroupCoordinator({ groupId: group });
    return this.#coordinator;
  }

  /** Another broker may look after the group by now: it is asked for again after a failure. */
  async #orForget<Result>(call: Promise<Result>): Promise<Result> {
    try {
      return await call;
    } catch (thrown) {
      this.#coordinator = undefined;
      throw thrown;
    }
  }
}

/** The client keeps what makes a cluster under a symbol of its own. */
function innerClusterOf(client: Kafka): InnerCluster {
  const key = Object.getOwnPropertySymbols(client).find(
    ({ description }) => description === "private:Kafka:createCluster",
  );
  assert(key !== undefined, "kafkajs makes its clusters in another way than the one used here");
  // As kafkajs 2.2.4 has it.
  const create = (client as unknown as InnerKafka)[key] as (options: object) => InnerCluster;
  return create({ allowAutoTopicCreation: false, isolationLevel: 0 });
}

function byTopic<Item extends TopicPartition, Part>(
  items: readonly Item[],
  partOf: (item: Item) => Part,
): { readonly topic: string; readonly partitions: readonly Part[] }[] {
  const topics = Map.groupBy(items, ({ topic }) => topic);
  return [...topics].map(([topic, parts]) => ({ topic, partitions: parts.map(partOf) }));
}
