import { describe, expect, test } from "bun:test";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import type { CommittedOffset, KafkaCluster } from "../../src/kafka/cluster.ts";
import { GroupOffsets } from "../../src/sources/kafka/group-offsets.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

const loading = new Error("the coordinator is loading");

/** A group whose broker answers by a script: true is a commit that it takes. Then it takes all. */
function groupBy(script: readonly boolean[]) {
  const left = [...script];
  const asked: number[] = [];
  const warnings: string[] = [];
  const cluster: Pick<KafkaCluster, "commit" | "committed"> = {
    async commit(_group: string, offsets: readonly CommittedOffset[]) {
      asked.push(offsets[0]!.offset);
      if (!(left.shift() ?? true)) throw loading;
    },
    committed: async () => [],
  };
  const clock = new VirtualClock();
  const logger: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) };
  // It has private parts, which nobody here asks for.
  const group = new GroupOffsets(cluster as KafkaCluster, "g", { clock, logger });
  const commit = (offset: number): void =>
    group.commit([{ topic: "orders", partition: 0, offset }]);
  return { group, commit, clock, asked, warnings };
}

describe("GroupOffsets.commit()", () => {
  test("commits at once, then the newest once a second", async () => {
    const { commit, clock, asked } = groupBy([]);
    commit(1);
    await settle();
    commit(2);
    commit(3);
    await clock.advance(999);
    expect(asked).toEqual([1]);
    await clock.advance(1);
    expect(asked).toEqual([1, 3]);
    await clock.advance(10_000);
    expect(asked).toEqual([1, 3]);
  });

  test("tries again what failed although nothing more is acknowledged, and warns once", async () => {
    const { commit, clock, asked, warnings } = groupBy([false, false]);
    commit(7);
    await clock.advance(10_000);
    expect(asked).toEqual([7, 7, 7]);
    expect(warnings).toHaveLength(1);
  });

  test("tries the newest offsets and not those that failed", async () => {
    const { commit, clock, asked } = groupBy([false]);
    commit(7);
    commit(8); // while the first one is under way
    await clock.advance(10_000);
    expect(asked).toEqual([7, 8]);
  });
});

describe("GroupOffsets.close()", () => {
  test("commits what waits without waiting for its turn", async () => {
    const { group, commit, asked } = groupBy([]);
    commit(1);
    await settle();
    commit(2);
    await group.close();
    expect(asked).toEqual([1, 2]);
  });

  test("tries a few times more, and gives up", async () => {
    const { group, commit, clock, asked } = groupBy(new Array<boolean>(100).fill(false));
    commit(1);
    await settle();
    const closed = group.close();
    await clock.advance(1_000);
    await closed;
    expect(asked).toEqual([1, 1, 1, 1, 1]);
    expect(clock.sleeping).toBe(0);
  });

  test("ends as soon as the broker takes it", async () => {
    const { group, commit, clock, asked } = groupBy([false, false]);
    commit(1);
    await settle();
    const closed = group.close();
    await clock.advance(200);
    await closed;
    expect(asked).toEqual([1, 1, 1]);
  });
});
