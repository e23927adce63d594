import { describe, expect, test } from "bun:test";
import { nearest } from "../../src/core/nearest.ts";

const commands = ["run", "check", "replay", "bus", "init", "status"];

describe("nearest()", () => {
  test.each([
    ["replya", "replay"],
    ["chekc", "check"],
    ["REPLAY", "replay"],
    ["statuss", "status"],
    ["int", "init"],
    ["rnu", "run"],
  ])("finds for %s the word %s", (word, meant) => {
    expect(nearest(word, commands)).toBe(meant);
  });

  test.each(["frobnicate", "x", "", "xyz", "a".repeat(100_000)])(
    "finds nothing near %p",
    (word) => {
      expect(nearest(word, commands)).toBeUndefined();
    },
  );

  test("prefers the nearer of two", () => {
    expect(nearest("hopping", ["hoping", "hopping"])).toBe("hopping");
  });
});
