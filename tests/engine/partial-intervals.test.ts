import { expect, test } from "bun:test";
import { PARTIAL_INTERVALS_MAX } from "../../src/core/limits.ts";
import { epochMicros as at } from "../../src/core/time.ts";
import { PartialIntervals } from "../../src/engine/partial-intervals.ts";

test("PartialIntervals.touch() counts both ends of a stretch, and half-open windows", () => {
  const intervals = new PartialIntervals();
  intervals.add(at(20), at(10));
  const windows = [
    [0, 10],
    [0, 11],
    [12, 13],
    [20, 30],
    [21, 30],
  ] as const;
  expect(windows.map(([start, end]) => intervals.touch(at(start), at(end)))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
});

test("PartialIntervals.forgetBefore() forgets what lies wholly before an instant", () => {
  const intervals = new PartialIntervals();
  intervals.add(at(0), at(10));
  intervals.add(at(20), at(30));
  intervals.forgetBefore(at(10));
  expect(intervals.touch(at(5), at(6))).toBe(true);
  intervals.forgetBefore(at(11));
  expect(intervals.touch(at(5), at(6))).toBe(false);
  expect(intervals.touch(at(25), at(26))).toBe(true);
});

test("PartialIntervals.add() joins the oldest beyond the bound: rather too many than too few", () => {
  const intervals = new PartialIntervals();
  for (let i = 0; i <= PARTIAL_INTERVALS_MAX; i++) intervals.add(at(i * 10), at(i * 10 + 1));
  expect(intervals.touch(at(5), at(6))).toBe(true); // between the first two
  expect(intervals.touch(at(15), at(16))).toBe(false);
  expect(intervals.touch(at(10_000), at(10_001))).toBe(true);
});
