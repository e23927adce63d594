import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { SourceContext, SourceReader } from "../../src/core/source.ts";
import { rejectionOf } from "../support/rejection.ts";
import { contextOf, forever, readLines, seen } from "../support/source-reading.ts";

/** One source with events to read. */
export interface SourceCase {
  open(context: SourceContext, signal: AbortSignal): Promise<SourceReader>;
  /** The lines that it will give, in order; more than one batch of them. */
  readonly lines: readonly string[];
  cleanup?(): Promise<void>;
}

type Skip = Partial<Record<"resume", { reason: string; tests: string }>>;

/**
 * The promises of `SourceReader`, for any source. `prepare` makes a fresh source with the same events
 * before each test. `atEnd`: what a read says when all was read.
 */
export function testSource(
  name: string,
  options: {
    prepare(): Promise<SourceCase>;
    readonly atEnd: "empty" | "end";
    readonly skip?: Skip;
  },
): void {
  describe(`source ${name}`, () => {
    let source: SourceCase;
    beforeEach(async () => {
      source = await options.prepare();
    });
    afterEach(() => source.cleanup?.());

    const open = (context = contextOf()): Promise<SourceReader> => source.open(context, forever);

    test("gives every event once, in order", async () => {
      const reader = await open();
      const batches = await readLines(reader, source.lines.length);
      await reader.close();
      expect(batches.flatMap((batch) => batch.lines)).toEqual([...source.lines]);
      expect(batches.length).toBeGreaterThan(1);
      for (const batch of batches) {
        expect(batch.gap).toBeUndefined();
        expect(batch.refusals).toEqual([]);
      }
    });

    test.skipIf(options.skip?.resume !== undefined)("goes on at any cursor", async () => {
      const first = await open();
      const batches = await readLines(first, source.lines.length);
      await first.close();
      let given = 0;
      for (const { cursor, lines } of batches) {
        given += lines.length;
        const reader = await open(contextOf({ cursor, waitMsMax: 100 }));
        const rest = await readLines(reader, source.lines.length - given);
        await reader.close();
        expect(rest.flatMap((batch) => batch.lines)).toEqual(source.lines.slice(given));
      }
    });

    test(`says "${options.atEnd}" when it is caught up, again and again`, async () => {
      const reader = await open(contextOf({ waitMsMax: 50 }));
      await readLines(reader, source.lines.length);
      expect(seen(await reader.read(forever))).toBe(options.atEnd);
      expect(seen(await reader.read(forever))).toBe(options.atEnd);
      await reader.close();
    });

    test("may be acknowledged at every cursor", async () => {
      const reader = await open();
      for (let count = 0; count < source.lines.length; ) {
        const batch = seen(await reader.read(forever));
        if (typeof batch === "string") throw new Error(`unexpected ${batch}`);
        await reader.ack(batch.cursor, forever);
        count += batch.lines.length;
      }
      await reader.close();
    });

    test("may be closed twice", async () => {
      const reader = await open();
      await reader.read(forever);
      await reader.close();
      await reader.close();
      await rejectionOf(reader.read(forever));
    });

    // A source with an end never waits for long.
    if (options.atEnd === "end") return;

    test("close() ends a read that waits", async () => {
      const reader = await open(contextOf({ waitMsMax: 60_000 }));
      await readLines(reader, source.lines.length);
      const waiting = rejectionOf(reader.read(forever));
      await reader.close();
      await waiting;
    });

    test("an abort ends a read that waits", async () => {
      const reader = await open(contextOf({ waitMsMax: 60_000 }));
      await readLines(reader, source.lines.length);
      const abort = new AbortController();
      const waiting = rejectionOf(reader.read(abort.signal));
      abort.abort(new Error("enough"));
      await waiting;
      await reader.close();
    });
  });
}
