import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type ShuffledLine, shuffled } from "../../../src/pipeline/cases/shuffle.ts";

const line: fc.Arbitrary<ShuffledLine> = fc.record({
  time: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
  // Few, so that what lies between them is long enough to be shuffled.
  isFixed: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
});

/** Lines as a run notes them: what comes behind the watermark is fixed. */
function noted(lines: readonly ShuffledLine[], outOfOrderness: number): ShuffledLine[] {
  let newest = -Infinity;
  return lines.map(({ time, isFixed }) => {
    const isBehind = time !== undefined && time < newest - outOfOrderness;
    newest = Math.max(newest, time ?? -Infinity);
    return { time, isFixed: isFixed || isBehind };
  });
}

describe("shuffled()", () => {
  const input = fc.tuple(
    fc.array(line, { maxLength: 40 }),
    fc.integer({ min: 0, max: 20 }),
    fc.integer(),
    fc.array(fc.nat(40), { maxLength: 2 }),
  );

  test("keeps fixed lines, fences, the order of equal times, and every event within outOfOrderness", () => {
    fc.assert(
      fc.property(input, ([raw, outOfOrderness, seed, fences]) => {
        const lines = noted(raw, outOfOrderness);
        const order = shuffled(lines, { outOfOrderness, seed, fences });
        expect([...order].sort((a, b) => a - b)).toEqual([...lines.keys()]);
        let newest = -Infinity;
        for (const [at, i] of order.entries()) {
          const { time, isFixed } = lines[i]!;
          if (isFixed) expect(at).toBe(i);
          else if (time !== undefined) expect(time).toBeGreaterThanOrEqual(newest - outOfOrderness);
          newest = Math.max(newest, time ?? -Infinity);
          for (const fence of fences) expect(at < fence).toBe(i < fence);
          const sameTime = order.slice(at).filter((other) => lines[other]!.time === time);
          if (time !== undefined && !isFixed) expect(Math.min(...sameTime)).toBe(i);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("gives other orders for other seeds, and the same for the same", () => {
    const lines = Array.from({ length: 30 }, (_, i) => ({ time: i, isFixed: false }));
    const of = (seed: number): string =>
      shuffled(lines, { outOfOrderness: 10, seed, fences: [] }).join();
    expect(new Set([1, 2, 3, 4].map(of)).size).toBe(4);
    expect(of(1)).toBe(of(1));
    expect(of(1)).not.toBe([...lines.keys()].join());
  });
});
