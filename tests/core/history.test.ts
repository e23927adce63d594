import { describe, expect, test } from "bun:test";
import { historyOf, historyStep } from "../../src/core/history.ts";

const rows = (values: readonly (number | null)[], every = 10) =>
  values.map((value, i) => ({ start: i * every, end: (i + 1) * every, value }));

describe("historyOf()", () => {
  test("gives each window as it is where there are few", () => {
    const { points, stepSeconds, wholeFrom } = historyOf(rows([3, null]).reverse(), {
      pointsMax: 2,
      wholeFrom: -5,
    });
    expect([stepSeconds, wholeFrom]).toEqual([null, -5]);
    expect(points).toEqual([
      { start: 0, end: 10, min: 3, max: 3, avg: 3, windows: 1 },
      { start: 10, end: 20, min: null, max: null, avg: null, windows: 1 },
    ]);
  });

  test("puts them together by least, greatest and mean, and loses none", () => {
    const values = Array.from({ length: 1_000 }, (_, i) => (i === 500 ? 9_999 : i % 7));
    const { points, stepSeconds } = historyOf(rows(values), { pointsMax: 100, wholeFrom: 0 });
    expect(points.length).toBeLessThanOrEqual(100);
    expect(points.length).toBeGreaterThan(80);
    // The next round one after 101.
    expect(stepSeconds).toBe(120);
    expect(points.reduce((sum, { windows }) => sum + windows, 0)).toBe(1_000);
    expect(Math.max(...points.map(({ max }) => max!))).toBe(9_999);
    expect(points[0]).toEqual({
      start: 0,
      end: 120,
      min: 0,
      max: 6,
      avg: expect.closeTo((0 + 1 + 2 + 3 + 4 + 5 + 6 + 0 + 1 + 2 + 3 + 4) / 12),
      windows: 12,
    });
  });

  test("keeps to the number of points with windows at one moment, and at any distance", () => {
    const one = [1, 2, 3].map((value) => ({ start: 5, end: 6, value }));
    expect(historyOf(one, { pointsMax: 2, wholeFrom: 0 }).points).toEqual([
      { start: 5, end: 6, min: 1, max: 3, avg: expect.closeTo(2), windows: 3 },
    ]);
    for (const pointsMax of [2, 3, 10, 99]) {
      const far = [
        ...rows(Array.from({ length: 100 }, () => 1)),
        { start: 1e9, end: 1e9 + 1, value: 2 },
      ];
      expect(historyOf(far, { pointsMax, wholeFrom: 0 }).points.length).toBeLessThanOrEqual(
        pointsMax,
      );
      const below = far.map((row) => ({ ...row, start: row.start - 777.25 }));
      expect(historyOf(below, { pointsMax, wholeFrom: 0 }).points.length).toBeLessThanOrEqual(
        pointsMax,
      );
    }
  });

  test("a mean of large values stays a number", () => {
    const large = rows(Array.from({ length: 4 }, () => 1.7e308));
    const { points } = historyOf(large, { pointsMax: 2, wholeFrom: 0 });
    expect(points[0]!.avg).toBe(1.7e308);
  });
});

test("a step is one that a person reads at a glance", () => {
  const steps = [0, 0.5, 1, 101, 604.8, 3_700, 90_000, 86_400 * 100].map((s) => historyStep(s, 1));
  expect(steps).toEqual([1, 0.5, 1, 120, 900, 7_200, 172_800, 86_400 * 112]);
});
