import { expect, test } from "bun:test";
import { sparkline } from "../../../src/cli/screen/sparkline.ts";

test("sparkline() draws from 0 to the largest value, and a space for what is unknown", () => {
  expect(sparkline([0, 5, 10], 3)).toBe("▁▅█");
  expect(sparkline([undefined, 7], 5)).toBe(" █");
});

test("sparkline() shows the last values, and a flat line for zeros", () => {
  expect(sparkline([100, 0, 0], 2)).toBe("▁▁");
  expect(sparkline([1, 2], 0)).toBe("");
  expect(sparkline([], 10)).toBe("");
});
