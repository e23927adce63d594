import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Buckets } from "../../src/core/buckets.ts";

describe("Buckets", () => {
  test("counts every value in the first bucket whose bound it does not pass", () => {
    const bounds = [-1, 0, 0.5, 10];
    const values = fc.array(fc.double({ min: -20, max: 20, noNaN: true }));
    fc.assert(
      fc.property(values, (seen) => {
        const buckets = new Buckets(bounds);
        for (const value of seen) buckets.observe(value);
        const from = [-Infinity, ...bounds];
        const to = [...bounds, Infinity];
        const wanted = to.map((le, i) => seen.filter((x) => x > from[i]! && x <= le).length);
        expect([...buckets.counts]).toEqual(wanted);
        expect(buckets.count).toBe(seen.length);
        expect(buckets.sum).toBeCloseTo(
          seen.reduce((sum, x) => sum + x, 0),
          6,
        );
      }),
    );
  });

  test("takes one value for several", () => {
    const buckets = new Buckets([1]);
    buckets.observe(2, 3);
    expect([...buckets.counts]).toEqual([0, 3]);
    expect(buckets.sum).toBe(6);
  });
});
