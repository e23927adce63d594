import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { FatalError } from "../../src/core/errors.ts";
import type { ResultRow } from "../../src/core/result.ts";
import type { SinkContext, SinkWriter, WriteOutcome } from "../../src/core/sink.ts";
import { rejectionOf } from "../support/rejection.ts";
import { labelsOf, rowOf, sinkContext } from "../support/sink-writing.ts";
import { testProgress } from "./sink-progress.ts";

/** A row as the store keeps it. */
export type KeptRow = ResultRow & { readonly generation: number };

/** One place to write to, empty before the test. */
export interface SinkCase {
  open(context: SinkContext, signal: AbortSignal): Promise<SinkWriter>;
  /** All that stands there, each row as its reader sees it. */
  readBack(): Promise<KeptRow[]>;
  /** Makes the store refuse some rows for good, and says what is special about them. It is open already. */
  refuseSome?(): Promise<Partial<ResultRow>>;
  /** Makes the place one of another shape, before it was ever opened. */
  misshape?(): Promise<{ says: RegExp }>;
  /** Lets one write fail for now, and heals what it broke. A sink with progress has it. */
  failOnce?(attempt: (signal: AbortSignal) => Promise<unknown>): Promise<Error>;
  cleanup?(): Promise<void>;
}

type Case =
  | "overwrite"
  | "older"
  | "twice"
  | "withdraw"
  | "refuse"
  | "shape"
  | "generation"
  | "progress";

/** The promises of `SinkWriter`, for any sink. A case may be skipped only with a reason. */
export function testSink(
  name: string,
  options: {
    prepare(): Promise<SinkCase>;
    readonly skip?: Partial<Record<Case, { readonly reason: string }>>;
  },
): void {
  const skips = (which: Case): boolean => options.skip?.[which] !== undefined;
  if (!skips("progress")) testProgress(name, options.prepare);
  describe(`sink ${name}`, () => {
    let sink: SinkCase;
    let writers: SinkWriter[] = [];
    beforeEach(async () => {
      sink = await options.prepare();
    });
    afterEach(async () => {
      for (const writer of writers) await writer.close();
      writers = [];
      await sink.cleanup?.();
    });

    async function open(generation = 1_700_000_000): Promise<SinkWriter> {
      const writer = await sink.open(sinkContext({ generation }), forever);
      writers.push(writer);
      return writer;
    }

    async function readBack(generation = 1_700_000_000): Promise<Map<string, ResultRow>> {
      const rows = await sink.readBack();
      const byId = new Map<string, ResultRow>();
      for (const { generation: kept, ...row } of rows) {
        if (!skips("generation")) expect(kept).toBe(generation);
        expect(byId.has(row.id)).toBe(false);
        byId.set(row.id, row);
      }
      return byId;
    }

    test("keeps every field", async () => {
      const full = rowOf(1, {
        labels: labelsOf({ host: "a", env: "prod" }),
        value: -12.345678901234567,
        count: 9_007_199_254_740_991,
        revision: 2_147_483_647,
        detail: { bounds: [1, 2.5], counts: { "≤ 1": 3 }, none: null },
        partial: true,
        filled: true,
      });
      const bare = rowOf(2);
      const writer = await open();
      expect(await write(writer, [full, bare])).toEqual({ refused: [] });
      const rows = await readBack();
      expect(rows.size).toBe(2);
      expectSame(rows.get(full.id), full);
      expectSame(rows.get(bare.id), bare);
    });

    test("keeps null with overflow, and numbers at the edges of a double", async () => {
      const values = [null, 0, 5e-324, -1.7976931348623157e308, 0.1 + 0.2, 2 ** 53 + 2];
      const rows = values.map((value, n) =>
        rowOf(n, value === null ? { value, overflow: true } : { value }),
      );
      await write(await open(), rows);
      const kept = await readBack();
      for (const row of rows) expectSame(kept.get(row.id), row);
    });

    test("keeps times before 1970 and fractions to the microsecond", async () => {
      const starts = [1_700_000_040.123456, -2_208_988_800, -0.000001, 0, 7_258_118_399.999999];
      // Beyond the year 2106 seconds in a double, less those to 2000, are a microsecond off.
      starts.push(4_653_789_589.203693, 5_309_025_557.898215, 5_351_771_653.893745);
      const rows = starts.map((window_start, n) =>
        rowOf(n, { window_start, window_end: n === 1 ? -0.5 : window_start + 64 }),
      );
      await write(await open(), rows);
      const kept = await readBack();
      for (const row of rows) expectSame(kept.get(row.id), row);
    });

    test("keeps every character", async () => {
      const rows = HOSTILE.map((text, n) =>
        rowOf(n, {
          pipeline: text,
          rule: text,
          name: text,
          agg_func: text,
          labels: labelsOf({ [text]: text, toString: "own" }),
          detail: { [`k${text}`]: text },
        }),
      );
      await write(await open(), rows);
      const kept = await readBack();
      for (const row of rows) expectSame(kept.get(row.id), row);
    });

    test("writes 35,000 rows of one window", async () => {
      const rows = Array.from({ length: 35_000 }, (_, n) => rowOf(n, { value: n % 1000 }));
      await write(await open(), rows);
      const kept = await readBack();
      expect(kept.size).toBe(35_000);
      let sum = 0;
      for (const { value } of kept.values()) sum += value ?? NaN;
      expect(sum).toBe(17_482_500);
      expectSame(kept.get(rowOf(34_999).id), rows[34_999]!);
    }, 60_000);

    test("takes an empty batch", async () => {
      expect(await write(await open(), [])).toEqual({ refused: [] });
      expect((await readBack()).size).toBe(0);
    });

    test.skipIf(skips("overwrite"))(
      "overwrites a row of a lower revision, or the same",
      async () => {
        const writer = await open();
        await write(writer, [rowOf(1, { value: 1, partial: true, detail: { a: 1 } }), rowOf(2)]);
        await write(writer, [rowOf(1, { value: 2, revision: 1 })]);
        expectSame((await readBack()).get(rowOf(1).id), rowOf(1, { value: 2, revision: 1 }));
        await write(writer, [rowOf(1, { value: 3, revision: 1 })]);
        const kept = await readBack();
        expectSame(kept.get(rowOf(1).id), rowOf(1, { value: 3, revision: 1 }));
        expectSame(kept.get(rowOf(2).id), rowOf(2));
      },
    );

    test.skipIf(skips("older"))("leaves a row of a higher revision alone", async () => {
      const writer = await open();
      await write(writer, [rowOf(1, { value: 2, revision: 10 })]);
      await write(writer, [rowOf(1, { value: 1, revision: 9 })]);
      await write(writer, [rowOf(1, { revision: 9, value: null, withdrawn: true })]);
      expectSame((await readBack()).get(rowOf(1).id), rowOf(1, { value: 2, revision: 10 }));
    });

    test.skipIf(skips("older"))("takes the newest of a row that comes out of order", async () => {
      const writer = await open();
      // It was refused before, and is given again when a newer one is on its way.
      await write(writer, [rowOf(1, { value: 2, revision: 1 }), rowOf(1, { value: 1 })]);
      expectSame((await readBack()).get(rowOf(1).id), rowOf(1, { value: 2, revision: 1 }));
    });

    test.skipIf(skips("older"))("lets a greater generation win over any revision", async () => {
      await write(await open(1_700_000_000.25), [rowOf(1, { value: 1, revision: 7 })]);
      await write(await open(1_700_000_000.5), [rowOf(1, { value: 2, revision: 0 })]);
      await write(await open(1_700_000_000.25), [rowOf(1, { value: 3, revision: 8 })]);
      expectSame((await readBack(1_700_000_000.5)).get(rowOf(1).id), rowOf(1, { value: 2 }));
    });

    test.skipIf(skips("twice"))(
      "takes the last of a row that stands in a batch twice",
      async () => {
        const writer = await open();
        await write(writer, [
          rowOf(1, { value: 1 }),
          rowOf(2),
          rowOf(1, { value: 2, revision: 1 }),
          rowOf(3),
          rowOf(3, { value: null, revision: 1, withdrawn: true }),
          rowOf(4, { value: null, revision: 1, withdrawn: true }),
          rowOf(4, { revision: 2 }),
        ]);
        const kept = await readBack();
        expect([...kept.keys()].sort()).toEqual([rowOf(1).id, rowOf(2).id, rowOf(4).id]);
        expectSame(kept.get(rowOf(1).id), rowOf(1, { value: 2, revision: 1 }));
        expectSame(kept.get(rowOf(4).id), rowOf(4, { revision: 2 }));
      },
    );

    test.skipIf(skips("withdraw"))("deletes a withdrawn row, which need not be there", async () => {
      const writer = await open();
      await write(writer, [rowOf(1), rowOf(2)]);
      const gone = { value: null, revision: 1, withdrawn: true } as const;
      await write(writer, [rowOf(1, gone), rowOf(7, gone)]);
      expect([...(await readBack()).keys()]).toEqual([rowOf(2).id]);
    });

    test("keeps what was written over closing and opening again", async () => {
      const first = await open();
      await write(first, [rowOf(1)]);
      await first.close();
      await first.close();
      await write(await open(), [rowOf(2)]);
      expect([...(await readBack()).keys()].sort()).toEqual([rowOf(1).id, rowOf(2).id]);
    });

    test.skipIf(skips("refuse"))("reports refused rows and writes their neighbours", async () => {
      const writer = await open();
      const refusal = await sink.refuseSome!();
      const rows = Array.from({ length: 50 }, (_, n) => rowOf(n));
      rows[7] = rowOf(7, refusal);
      rows[8] = rowOf(8, refusal);
      rows[49] = rowOf(49, refusal);
      const { refused } = await write(writer, rows);
      expect(refused.map(({ index }) => index).sort((a, b) => a - b)).toEqual([7, 8, 49]);
      for (const { reason } of refused) expect(reason).not.toBe("");
      const kept = await readBack();
      expect(kept.size).toBe(47);
      expect(kept.has(rowOf(7).id)).toBe(false);
      // And the writer goes on.
      expect(await write(writer, [rowOf(60)])).toEqual({ refused: [] });
      expect((await readBack()).size).toBe(48);
    });

    test.skipIf(skips("shape"))(
      "refuses a place of another shape and says what is wrong",
      async () => {
        const { says } = await sink.misshape!();
        const failure = await rejectionOf(open());
        expect(failure).toBeInstanceOf(FatalError);
        expect(failure.message).toMatch(says);
      },
    );
  });
}

/** Everything that a name may hold; NUL and lone surrogates were rejected long before. */
export const HOSTILE = [
  `it's "quoted"`,
  "back\\slash \\' \\\\ \\n",
  "',''); drop table aggregates; --",
  "$1 $$ ${x} %s ? :a {} {a,b} [1] NULL null",
  "line\nfeed\rreturn\ttab\u0001\u001f\u007f",
  "é e\u0301 ñ 汉字 💧 \u{10ffff} \u2028\u2029 \ufeff \ufffd",
  "__proto__",
  "constructor",
  " leading and trailing ",
  "{",
  '{"a":1}',
  "x".repeat(512),
] as const;

const forever = new AbortController().signal;

let sequence = 0;

/** Writes the rows behind all that were written so. */
export function write(writer: SinkWriter, rows: readonly ResultRow[]): Promise<WriteOutcome> {
  sequence += Math.max(1, rows.length);
  return writer.write({ rows, through: sequence }, forever);
}

/** Labels have no prototype here and one there, which is no difference between rows. */
function expectSame(kept: ResultRow | undefined, wanted: ResultRow): void {
  expect(plain(kept)).toEqual(plain(wanted));
}

function plain(row: ResultRow | undefined): unknown {
  if (row === undefined) return undefined;
  const { labels, detail, ...rest } = row;
  // As entries, so that a label called __proto__ is compared like any other.
  return { ...rest, labels: Object.entries(labels).sort(byKey), detail: sorted(detail) };
}

function sorted(detail: ResultRow["detail"]): unknown {
  return detail === undefined ? undefined : Object.entries(detail).sort(byKey);
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}
