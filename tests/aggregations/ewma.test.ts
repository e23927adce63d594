import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { ewma } from "../../src/aggregations/ewma.ts";
import { rate } from "../../src/aggregations/rate.ts";
import { check, TIMEOUT_MS } from "../support/effort.ts";
import { ewmaExactly } from "../support/exact-moments.ts";
import { fold } from "../support/fold.ts";

setDefaultTimeout(TIMEOUT_MS);

const HOUR = 3_600_000_000;
const hourly = ewma.make(HOUR, "1h");

describe("ewma", () => {
  test("counts a value half that is a half-life older", () => {
    const events = [
      { value: 4, time: 10 * HOUR },
      { value: 1, time: 11 * HOUR },
      { value: 16, time: 9 * HOUR },
    ];
    expect(fold(hourly, events).value).toBe((1 + 4 / 2 + 16 / 4) / 1.75);
  });

  test("is the mean of values at one time, and knows times before 1970", () => {
    for (const time of [0, -1, 1, -HOUR, 123_456_789_012_345]) {
      const events = [1, 2, 6].map((value) => ({ value, time }));
      expect(fold(hourly, events).value).toBeCloseTo(3, 15);
    }
  });

  test("forgets what is thousands of half-lives old, whatever came first", () => {
    const old = { value: 1e300, time: 0 };
    const late = { value: 3, time: 5_000 * HOUR };
    expect(fold(hourly, [old, late]).value).toBe(3);
    expect(fold(hourly, [late, old]).value).toBe(3);
    // 1,100 half-lives: the weight alone is below any double, its product with the value is not.
    const giant = { value: 2 ** 1_020, time: 0 };
    const nothing = { value: 0, time: 1_100 * HOUR };
    expect(fold(hourly, [giant, nothing]).value).toBe(2 ** -80);
    expect(fold(hourly, [nothing, giant]).value).toBe(2 ** -80);
  });

  test("of one value is that value, but for its last bit, up to the largest double", () => {
    for (const value of [1.7976931348623157e308, -1.7976931348623157e308, 0.1, 1e-300]) {
      const { value: result } = fold(hourly, [{ value, time: 1_700_000_123_456_789 }]);
      expect(Math.abs(result! / value - 1)).toBeLessThanOrEqual(2 ** -52);
    }
  });

  test("stays within its stated error, however the half-life and the times are", () => {
    const halfLives = fc.integer({ min: 0, max: 9 }).map((power) => 10 ** power + power);
    const events = fc.array(
      fc.record({
        value: fc
          .tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.integer({ min: -20, max: 20 }))
          .map(([x, power]) => x * 10 ** power),
        age: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      { minLength: 1, maxLength: 40 },
    );
    const spans = fc.integer({ min: 0, max: 3_000 });
    check(fc.tuple(halfLives, events, spans), 500, ([halfLife, list, span]) => {
      const timed = list.map(({ value, age }) => ({
        value,
        time: 1_700_000_000_000_000 - Math.floor(age * span * halfLife),
      }));
      const magnitudes = timed.map(({ value, time }) => ({ value: Math.abs(value), time }));
      const error = 8 * 2 ** -53 * ewmaExactly(magnitudes, halfLife) + 1e-300;
      const result = fold(ewma.make(halfLife, "x"), timed).value!;
      expect(Math.abs(result - ewmaExactly(timed, halfLife))).toBeLessThanOrEqual(error);
    });
  });
});

describe("rate", () => {
  test("divides by the seconds of the window, not by those between the events", () => {
    const window = { start: 1_700_000_000_000_000, end: 1_700_000_000_250_000 };
    expect(fold(rate, [1, 2, 3], window).value).toBe(24);
    expect(fold(rate, [1e16, 1, -1e16]).value).toBe(1 / 60);
  });
});
