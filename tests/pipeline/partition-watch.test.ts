import { expect, test } from "bun:test";
import { silentLogger } from "../../src/core/logger.ts";
import type { SourceReader } from "../../src/core/source.ts";
import { durationMicros } from "../../src/core/time.ts";
import { PartitionWatch } from "../../src/pipeline/partition-watch.ts";
import { Bench } from "../support/engine-input.ts";

const SECOND = 1_000_000;
const EMPTY = { kind: "empty" } as const;

/** A reader of which a test says what it tells. */
function readerOf(told: { partitions?: readonly string[]; caughtUp?: readonly string[] }) {
  const held: (readonly string[])[] = [];
  const reader: SourceReader = {
    read: async () => EMPTY,
    ack: async () => {},
    close: async () => {},
    get partitions() {
      return told.partitions ?? [];
    },
    caughtUp: () => told.caughtUp ?? [],
    hold: (partitions) => held.push(partitions),
  };
  return { reader, held };
}

function start(told: Parameters<typeof readerOf>[0], skewSeconds = 3_600) {
  const bench = new Bench();
  const { reader, held } = readerOf(told);
  const watch = new PartitionWatch({
    engine: bench.engine,
    reader,
    maxSkew: durationMicros(skewSeconds * SECOND),
    logger: silentLogger,
  });
  return { bench, watch, held };
}

const at = (seconds: number) => ({ name: "a", at: seconds, value: 1 });

test("PartitionWatch.open() has the watermark wait for every partition, also one that came later", () => {
  const told = { partitions: ["0"] };
  const { bench, watch } = start(told);
  bench.add([at(100)], "0");
  expect(bench.watermark).toBe(100);
  told.partitions = ["0", "1"];
  watch.open();
  bench.add([at(200)], "0");
  expect(bench.watermark).toBe(100);
});

test("PartitionWatch.idle() leaves out what is caught up, and what is no longer read", () => {
  const told = { partitions: ["0"], caughtUp: [] as string[] };
  const { bench, watch } = start(told);
  bench.add([at(60)], "1");
  bench.add([at(100)], "0");
  told.partitions = ["0", "2"];
  watch.open();
  watch.idle(EMPTY, 60_000);
  expect(bench.watermark).toBe(60);
  told.caughtUp = ["2"];
  watch.idle(EMPTY, 60_000);
  expect(bench.watermark).toBe(100);
});

test("PartitionWatch.isCaughtUp tells whether all of them are", () => {
  const told = { partitions: ["0", "1"], caughtUp: ["0"] };
  const { watch } = start(told);
  expect(watch.isCaughtUp).toBe(false);
  told.caughtUp = ["0", "1"];
  expect(watch.isCaughtUp).toBe(true);
});

test("PartitionWatch.hold() holds what is too far ahead until the others have come", () => {
  const { bench, watch, held } = start({ partitions: ["0", "1"] }, 60);
  bench.add([at(100)], "0");
  bench.add([at(160)], "1");
  watch.hold();
  expect(held).toEqual([]);
  bench.add([at(161)], "1");
  watch.hold();
  watch.hold();
  expect(held).toEqual([["1"]]);
  bench.add([at(150)], "0");
  watch.hold();
  expect(held).toEqual([["1"], []]);
});
