import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { type AbortedTransaction, RecordSet } from "../../src/kafka/record-set.ts";
import { type BatchParts, recordBatch } from "../support/record-batch.ts";

type Taken = readonly [offset: number, value: string | null];

/** Takes all, at most `max` records at a time; each time where it stood. */
function takeAll(set: RecordSet, max = Infinity): { taken: Taken[]; stops: number[] } {
  const taken: Taken[] = [];
  const stops: number[] = [];
  let room = max;
  while (!set.isDone) {
    room = max;
    set.take({
      get isFull() {
        return room <= 0;
      },
      take(offset, bytes, from, to) {
        room--;
        const value = from < 0 ? null : new TextDecoder().decode(bytes.subarray(from, to));
        taken.push([offset, value]);
      },
    });
    stops.push(set.next);
  }
  return { taken, stops };
}

function setOf(
  batches: readonly BatchParts[],
  options: { from?: number; aborted?: readonly AbortedTransaction[] } = {},
): RecordSet {
  const bytes = Buffer.concat(batches.map(recordBatch));
  return new RecordSet(bytes, { from: options.from ?? 0, aborted: options.aborted ?? [] });
}

describe("RecordSet", () => {
  const plain: readonly BatchParts[] = [
    { offset: 5, values: ["a", null, ""] },
    { offset: 20, values: ["b".repeat(200), "ü"], codec: 1, compress: (bytes) => gzipSync(bytes) },
  ];
  const all: readonly Taken[] = [
    [5, "a"],
    [6, null],
    [7, ""],
    [20, "b".repeat(200)],
    [21, "ü"],
  ];

  test("gives records and tombstones with their offsets, over gaps of a compacted topic", () => {
    const set = setOf(plain);
    expect(set.end).toBe(22);
    expect(takeAll(set).taken).toEqual([...all]);
    expect(set.next).toBe(22);
  });

  test("stops within a batch, and goes on there, also when it is fetched again", () => {
    const { taken, stops } = takeAll(setOf(plain), 1);
    expect(taken).toEqual([...all]);
    expect(stops).toEqual([6, 7, 8, 21, 22]);
    for (const [i, from] of stops.entries()) {
      expect(takeAll(setOf(plain, { from })).taken).toEqual(all.slice(i + 1));
    }
  });

  test("leaves a batch that is cut off to the next fetch", () => {
    const bytes = Buffer.concat(plain.map(recordBatch));
    for (const cut of [1, 40, 80]) {
      const set = new RecordSet(bytes.subarray(0, bytes.length - cut), { from: 5, aborted: [] });
      expect(set.end).toBe(8);
      expect(takeAll(set).taken).toEqual(all.slice(0, 3));
    }
    expect(new RecordSet(bytes.subarray(0, 30), { from: 5, aborted: [] }).isDone).toBe(true);
  });

  test("goes past batches without any record: compacted away, or marks of transactions", () => {
    const set = setOf([
      { offset: 0, values: ["", ""], mark: "commit", producer: 7 },
      { offset: 1, values: [], span: 9 },
    ]);
    expect(takeAll(set).taken).toEqual([]);
    expect(set.next).toBe(10);
  });

  test("passes over aborted transactions of several producers, as they are woven", () => {
    const of = (producer: number, offset: number, value: string): BatchParts => ({
      offset,
      values: [value],
      producer,
      transactional: true,
    });
    const mark = (producer: number, offset: number, kind: "abort" | "commit"): BatchParts => ({
      offset,
      values: [],
      producer,
      mark: kind,
    });
    const set = setOf(
      [
        of(1, 0, "1 aborted"),
        of(2, 1, "2 aborted"),
        { offset: 2, values: ["1 outside"], producer: 1 },
        of(3, 3, "3 committed"),
        mark(2, 4, "abort"),
        of(2, 5, "2 committed"),
        of(1, 6, "1 aborted"),
        mark(2, 7, "commit"),
        mark(1, 8, "abort"),
        of(1, 9, "1 committed"),
        mark(3, 10, "commit"),
        of(2, 11, "2 aborted again"),
        mark(1, 12, "commit"),
        mark(2, 13, "abort"),
      ],
      {
        // In no order.
        aborted: [
          { producer: 2n, firstOffset: 11 },
          { producer: 1n, firstOffset: 0 },
          { producer: 2n, firstOffset: 1 },
        ],
      },
    );
    expect(takeAll(set).taken.map(([, value]) => value)).toEqual([
      "1 outside",
      "3 committed",
      "2 committed",
      "1 committed",
    ]);
    expect(set.next).toBe(14);
  });

  test("refuses what it cannot read", () => {
    const old = recordBatch({ offset: 0, values: ["a"], magic: 1 });
    expect(() => new RecordSet(old, { from: 0, aborted: [] })).toThrow("of format 1");
    const damaged = recordBatch({ offset: 0, values: ["a", "b"] });
    damaged[61] = 0x7e; // a record longer than its batch
    expect(() => takeAll(new RecordSet(damaged, { from: 0, aborted: [] }))).toThrow("beyond its");
    const unknown = setOf([{ offset: 3, values: ["a"], codec: 5 }]);
    expect(() => takeAll(unknown)).toThrow("codec 5 is not known");
    expect(unknown.next).toBe(0);
  });

  test("gives what a producer wrote, whatever the sizes, the cuts and the start", () => {
    const value = fc.option(fc.string({ maxLength: 300 }), { nil: null });
    const batches = fc.array(fc.array(value, { minLength: 1, maxLength: 200 }), { maxLength: 4 });
    fc.assert(
      fc.property(batches, fc.integer({ min: 1, max: 50 }), fc.nat(300), (lists, max, from) => {
        let offset = 0;
        const parts = lists.map((values) => {
          const batch = { offset, values };
          offset += values.length + 3;
          return batch;
        });
        const wanted = parts.flatMap(({ offset: base, values }) =>
          values.map((text, i): Taken => [base + i, text]),
        );
        const got = takeAll(setOf(parts, { from }), max).taken;
        expect(got).toEqual(wanted.filter(([at]) => at >= from));
      }),
    );
  });
});
