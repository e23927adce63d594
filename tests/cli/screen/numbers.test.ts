import { expect, test } from "bun:test";
import {
  rateText,
  shortSpanText,
  spanText,
  timeText,
  valueText,
} from "../../../src/cli/screen/numbers.ts";

test.each([
  [0, "0.0 s"],
  [0.44, "0.4 s"],
  [12.4, "12 s"],
  [184, "3 min 4 s"],
  [3600, "1 h"],
  [187_500, "2 d 4 h"],
  [-3, "-3.0 s"],
])("spanText(%d) is %s", (seconds, text) => {
  expect(spanText(seconds)).toBe(text);
});

test.each([
  [-1, "0s"],
  [0.9, "0s"],
  [59.9, "59s"],
  [184, "3m 4s"],
  [3600, "1h"],
  [86_430, "1d"],
  [187_500, "2d 4h"],
])("shortSpanText(%d) is %s", (seconds, text) => {
  expect(shortSpanText(seconds)).toBe(text);
});

test.each([
  [null, "—"],
  [12.5, "12.5"],
  [0.1 + 0.2, "0.3"],
  [1e300, "1e+300"],
  [1.5e-9, "1.5e-9"],
  [0, "0"],
] as const)("valueText(%p) is %s", (value, text) => {
  expect(valueText(value)).toBe(text);
});

test("rateText() has places where they say something", () => {
  expect([0, 0.5, 2.345, 12_345.6].map(rateText)).toEqual(["0", "0.50", "2.35", "12,346"]);
});

test("timeText() says the zone, and takes times that no calendar has", () => {
  expect(timeText(1_700_000_000)).toBe("2023-11-14 22:13:20 UTC");
  expect(timeText(1e300)).toBe("1e+300");
});
