import { FatalError } from "../../core/errors.ts";
import type { Cursor, Gap } from "../../core/source.ts";
import type { KafkaCluster, TopicOffset, TopicPartition } from "../../kafka/cluster.ts";
import { cursorOf, offsetsIn, partitionKey } from "./cursor.ts";
import type { KafkaSourceOptions } from "./options.ts";

/** A partition that is read, and how far. */
export interface OwnedPartition extends TopicPartition {
  /** In cursors and places: `orders/0`. */
  readonly key: string;
  /** What the watermark calls it: `0`, or `orders/0` where several topics are read. */
  readonly name: string;
  /** The broker that leads it. */
  leader: number;
  /** Up to here everything was handed on. */
  next: number;
  /** Up to here everything was fetched. */
  fetched: number;
  /** Offset behind its last record, as last fetched; undefined: not fetched yet. */
  end: number | undefined;
  isHeld: boolean;
  /** Told with the next events. */
  gap: Gap | undefined;
  /** Reading began behind its first record; told with the next events. */
  startsLate: boolean;
}

interface StartOffset extends TopicOffset {
  readonly startsLate?: boolean;
}

/** The partitions of this instance's share. New ones are noticed when the metadata is asked for anew. */
export class OwnedPartitions {
  readonly #options: KafkaSourceOptions;
  readonly #cluster: KafkaCluster;
  readonly #byKey = new Map<string, OwnedPartition>();
  /** Changes when partitions were added. */
  names: readonly string[] = [];

  constructor(options: KafkaSourceOptions, cluster: KafkaCluster) {
    this.#options = options;
    this.#cluster = cluster;
  }

  /** Of as many as there were at the last look. */
  get all(): readonly OwnedPartition[] {
    return [...this.#byKey.values()];
  }

  get(partition: TopicPartition): OwnedPartition | undefined {
    return this.#byKey.get(partitionKey(partition.topic, partition.partition));
  }

  /** Next offsets of all partitions, as a cursor. */
  cursor(): Cursor {
    return cursorOf(this.all.map(({ key, next }) => [key, next] as const));
  }

  /** Offsets in a cursor, of the partitions that are there. */
  offsets(cursor: Cursor): TopicOffset[] {
    return [...offsetsIn(cursor)].flatMap(([key, offset]) => {
      const owned = this.#byKey.get(key);
      if (owned === undefined) return [];
      return [{ topic: owned.topic, partition: owned.partition, offset }];
    });
  }

  /**
   * Finds the partitions and where to begin in each.
   *
   * @returns Whether the cursor left some of them open.
   * @throws {FatalError} The cursor belongs to another share.
   */
  async open(cursor: Cursor | undefined): Promise<boolean> {
    const offsets = cursor === undefined ? new Map<string, number>() : offsetsIn(cursor);
    this.#checkShare(offsets);
    const { from } = this.#options;
    // A topic that the state knows has only new partitions beside: they are read from their first record.
    const isKnown = (topic: string): boolean =>
      [...offsets.keys()].some((key) => key.startsWith(`${topic}/`));
    const found = this.#missing();
    const resumed = found.filter(({ topic, partition }) =>
      offsets.has(partitionKey(topic, partition)),
    );
    const fresh = found.filter((partition) => !resumed.includes(partition));
    const oldest = fresh.filter(({ topic }) => from === "earliest" || isKnown(topic));
    const newest = fresh.filter((partition) => !oldest.includes(partition));
    this.#add([
      ...resumed.map((at) => ({
        ...at,
        offset: offsets.get(partitionKey(at.topic, at.partition))!,
      })),
      ...(await this.#offsetsAt("earliest", oldest)),
      ...(await this.#offsetsAt("latest", newest)),
    ]);
    return fresh.length > 0;
  }

  /** Takes in the metadata as it is now: other leaders, and new partitions. */
  async update(): Promise<void> {
    for (const owned of this.#byKey.values()) {
      owned.leader = this.#cluster.leadersOf(owned.topic).get(owned.partition) ?? owned.leader;
    }
    const missing = this.#missing();
    if (missing.length > 0) this.#add(await this.#offsetsAt("earliest", missing));
  }

  #missing(): TopicPartition[] {
    const { topic: topics } = this.#options;
    return topics.flatMap((topic) =>
      [...this.#cluster.leadersOf(topic).keys()]
        .filter((partition) => this.#owns(partition))
        .filter((partition) => !this.#byKey.has(partitionKey(topic, partition)))
        .map((partition) => ({ topic, partition })),
    );
  }

  #owns(partition: number): boolean {
    const { index, count } = this.#options.share;
    return partition % count === index;
  }

  async #offsetsAt(
    place: "earliest" | "latest",
    partitions: readonly TopicPartition[],
  ): Promise<StartOffset[]> {
    if (partitions.length === 0) return [];
    const offsets = await this.#cluster.offsetsAt(place, partitions);
    return offsets.map((one) => ({ ...one, startsLate: one.offset > 0 }));
  }

  #add(offsets: readonly StartOffset[]): void {
    const { topic: topics } = this.#options;
    const sorted = offsets.toSorted(
      (a, b) => topics.indexOf(a.topic) - topics.indexOf(b.topic) || a.partition - b.partition,
    );
    for (const { topic, partition, offset, startsLate = false } of sorted) {
      const key = partitionKey(topic, partition);
      this.#byKey.set(key, {
        topic,
        partition,
        key,
        name: topics.length === 1 ? String(partition) : key,
        leader: this.#cluster.leadersOf(topic).get(partition) ?? -1,
        next: offset,
        fetched: offset,
        end: undefined,
        isHeld: false,
        gap: undefined,
        startsLate,
      });
    }
    this.names = this.all.map(({ name }) => name);
  }

  /** What another share reads on would be counted twice. */
  #checkShare(offsets: ReadonlyMap<string, number>): void {
    const { topic: topics, share } = this.#options;
    for (const key of offsets.keys()) {
      const slash = key.lastIndexOf("/");
      if (!topics.includes(key.slice(0, slash))) continue;
      if (this.#owns(Number(key.slice(slash + 1)))) continue;
      throw new FatalError(
        `Cannot go on as share ${share.index} of ${share.count}: the state has read partition ${key}, ` +
          "which is not of this share; go back to the share of before, or begin all shares with empty " +
          "state folders",
      );
    }
  }
}
