import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import type { Owner, SinkContext, SinkWriter, WriteOutcome } from "../../src/core/sink.ts";
import { rejectionOf } from "../support/rejection.ts";
import { rowOf, sinkContext } from "../support/sink-writing.ts";
import type { SinkCase } from "./sinks.ts";

const forever = new AbortController().signal;

const OURS = "0197a5b1-0000-8000-8000-000000000001";
const OTHER = "0197a5b1-0000-8000-8000-000000000002";

/** The promises of a transactional sink: rows and progress commit together, and one owner writes. */
export function testProgress(name: string, prepare: () => Promise<SinkCase>): void {
  describe(`progress of sink ${name}`, () => {
    let sink: SinkCase;
    let writers: SinkWriter[] = [];
    beforeEach(async () => {
      sink = await prepare();
    });
    afterEach(async () => {
      for (const writer of writers) await writer.close();
      writers = [];
      await sink.cleanup?.();
    });

    async function openAs(context: SinkContext): Promise<SinkWriter> {
      const writer = await sink.open(context, forever);
      writers.push(writer);
      return writer;
    }

    /** A process of its own each time, even with the same owner. */
    const open = (owner: Partial<Owner> = {}): Promise<SinkWriter> =>
      openAs(sinkContext({ owner }));

    const ids = async (): Promise<string[]> => (await sink.readBack()).map(({ id }) => id).sort();
    const idsOf = (...numbers: number[]): string[] => numbers.map((n) => rowOf(n).id);

    testReadBack({ open, ids, idsOf, sink: () => sink });
    testFencing({ open, openAs, ids, idsOf });
  });
}

interface Access {
  open(owner?: Partial<Owner>): Promise<SinkWriter>;
  ids(): Promise<string[]>;
  idsOf(...numbers: number[]): string[];
}

function testReadBack({ open, ids, idsOf, sink }: Access & { sink(): SinkCase }): void {
  test("is none at first, and is read back by whoever opens next in the lineage", async () => {
    const first = await open();
    expect(first.progress).toBeUndefined();
    await put(first, { through: 3, numbers: [1, 2, 3] });
    await put(first, { through: 4, numbers: [4] });
    await first.close();
    expect((await open()).progress).toBe(4);
    expect((await open({ epoch: 2 })).progress).toBe(4);
    expect((await open({ epoch: 3 })).progress).toBe(4);
    expect(await ids()).toEqual(idsOf(1, 2, 3, 4));
  });

  test("goes beyond 32 bits", async () => {
    const through = 2 ** 53 - 1;
    await put(await open(), { through, numbers: [1] });
    expect((await open()).progress).toBe(through);
  });

  test("is that of the lineage: a new one takes over the entry and begins anew", async () => {
    await put(await open({ epoch: 9 }), { through: 500, numbers: [1] });
    const other = await open({ lineage: OTHER });
    expect(other.progress).toBeUndefined();
    await put(other, { through: 1, numbers: [2] });
    expect((await open({ lineage: OTHER })).progress).toBe(1);
    // What was overwritten is gone, for the former one too.
    expect((await open({ epoch: 10 })).progress).toBeUndefined();
    expect(await ids()).toEqual(idsOf(1, 2));
  });

  test("belongs to a pipeline, a share and a sink", async () => {
    await put(await open(), { through: 7, numbers: [1] });
    const others = [
      sinkContext({ pipeline: "plant-8" }),
      sinkContext({ sink: "other" }),
      sinkContext({ owner: { share: "1/2" } }),
    ];
    for (const [n, context] of others.entries()) {
      const writer = await sink().open(context, forever);
      expect(writer.progress).toBeUndefined();
      await put(writer, { through: n + 1, numbers: [n + 2] });
      await writer.close();
    }
    expect((await open()).progress).toBe(7);
    const writer = await sink().open(sinkContext({ sink: "other" }), forever);
    expect(writer.progress).toBe(2);
    await writer.close();
  });

  test("recognises a batch that was written, whole, and writes nothing of it", async () => {
    const writer = await open();
    await put(writer, { through: 5, numbers: [1, 2] });
    for (const through of [4, 5]) {
      expect(await put(writer, { through, numbers: [8, 9] })).toEqual({ refused: [] });
    }
    const again = await open();
    expect(await put(again, { through: 5, numbers: [9] })).toEqual({ refused: [] });
    expect(again.progress).toBe(5);
    expect(await ids()).toEqual(idsOf(1, 2));
    await put(again, { through: 6, numbers: [3] });
    expect(await ids()).toEqual(idsOf(1, 2, 3));
  });

  test("does not move when a write fails, and moves when the batch comes again", async () => {
    const context = sinkContext();
    const writer = await sink().open(context, forever);
    await put(writer, { through: 1, numbers: [1] });
    const batch = { rows: [rowOf(2), rowOf(3)], through: 3 };
    const failure = await sink().failOnce!((signal) => writer.write(batch, signal));
    expect(failure).toBeInstanceOf(TransientError);
    await writer.close();
    const again = await sink().open(context, forever);
    expect(again.progress).toBe(1);
    expect(await ids()).toEqual(idsOf(1));
    await put(again, { through: 3, numbers: [2, 3] });
    await again.close();
    expect((await open()).progress).toBe(3);
    expect(await ids()).toEqual(idsOf(1, 2, 3));
  });

  test("moves with refused rows too, and says again which they were", async () => {
    const writer = await open();
    await put(writer, { through: 1, numbers: [1] });
    const refusal = await sink().refuseSome!();
    const rows = [rowOf(2), rowOf(3, refusal), rowOf(4), rowOf(5, refusal)];
    const { refused } = await writer.write({ rows, through: 5 }, forever);
    expect(refused.map(({ index }) => index)).toEqual([1, 3]);
    const again = await open();
    expect(again.progress).toBe(5);
    // Whoever never heard the answer asks again; of a batch that begins later, what is still in it.
    expect(await again.write({ rows, through: 5 }, forever)).toEqual({ refused });
    const { refused: fewer } = await again.write({ rows: rows.slice(2), through: 5 }, forever);
    expect(fewer).toEqual([{ index: 1, reason: refused[1]!.reason }]);
    await put(again, { through: 6, numbers: [6] });
    expect(await put(await open(), { through: 6, numbers: [6] })).toEqual({ refused: [] });
    expect(await ids()).toEqual(idsOf(1, 2, 4, 6));
  });

  test("is not kept for nobody, who fences no one and may write a batch twice", async () => {
    const owner = await open({ epoch: 4 });
    await put(owner, { through: 10, numbers: [1] });
    const nobody = await open({ lineage: OTHER, epoch: 0 });
    expect(nobody.progress).toBeUndefined();
    await put(nobody, { through: 1, numbers: [2] });
    await put(nobody, { through: 1, numbers: [3] });
    const sameLineage = await open({ epoch: 0 });
    expect(sameLineage.progress).toBeUndefined();
    await put(sameLineage, { through: 1, numbers: [4] });
    await put(owner, { through: 11, numbers: [5] });
    expect((await open({ epoch: 5 })).progress).toBe(11);
    expect(await ids()).toEqual(idsOf(1, 2, 3, 4, 5));
  });
}

function testFencing({
  open,
  openAs,
  ids,
  idsOf,
}: Access & { openAs(context: SinkContext): Promise<SinkWriter> }): void {
  async function expectFenced(call: Promise<unknown>): Promise<void> {
    const failure = await rejectionOf(call);
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toMatch(/fenced.*"plant-7".*0\/1.*"warehouse".*stop one of the two/);
  }

  test("fences the lower epoch of a lineage, which cannot open any more either", async () => {
    const stale = sinkContext({ owner: { epoch: 3 } });
    const older = await openAs(stale);
    await put(older, { through: 1, numbers: [1] });
    const newer = await open({ epoch: 4 });
    await expectFenced(put(older, { through: 2, numbers: [9] }));
    // Its own connection again, and a process that was started from an older copy.
    await expectFenced(openAs(stale));
    await expectFenced(open({ epoch: 3 }));
    await put(newer, { through: 2, numbers: [2] });
    expect(await ids()).toEqual(idsOf(1, 2));
    expect((await open({ epoch: 5 })).progress).toBe(2);
  });

  test("of two lineages at once, the one that opened earlier stops, and the other goes on", async () => {
    const stale = sinkContext({ owner: { lineage: OURS, epoch: 7 } });
    const older = await openAs(stale);
    await put(older, { through: 8, numbers: [1] });
    const newer = await open({ lineage: OTHER, epoch: 1 });
    await expectFenced(put(older, { through: 9, numbers: [9] }));
    await put(newer, { through: 1, numbers: [2] });
    // It does not come back by opening again: they would fence each other for ever.
    await expectFenced(openAs(stale));
    await put(newer, { through: 2, numbers: [3] });
    expect(await ids()).toEqual(idsOf(1, 2, 3));
  });

  test("of two copies of one state at once, the one that opened earlier stops", async () => {
    const stale = sinkContext();
    const older = await openAs(stale);
    await put(older, { through: 1, numbers: [1] });
    const newer = await open();
    await expectFenced(put(older, { through: 2, numbers: [9] }));
    await expectFenced(openAs(stale));
    await put(newer, { through: 2, numbers: [2] });
    expect(await ids()).toEqual(idsOf(1, 2));
  });

  test("lets a process that lost its connection open again", async () => {
    const context = sinkContext();
    const writer = await openAs(context);
    await put(writer, { through: 1, numbers: [1] });
    await writer.close();
    const again = await openAs(context);
    expect(again.progress).toBe(1);
    await put(again, { through: 2, numbers: [2] });
    expect(await ids()).toEqual(idsOf(1, 2));
  });
}

function put(
  writer: SinkWriter,
  { through, numbers }: { through: number; numbers: readonly number[] },
): Promise<WriteOutcome> {
  return writer.write({ rows: numbers.map((n) => rowOf(n)), through }, forever);
}
