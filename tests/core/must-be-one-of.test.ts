import { expect, test } from "bun:test";
import { mustBeOneOf } from "../../src/core/must-be-one-of.ts";

test.each([
  ["replya", "must be one of run, replay, did you mean replay?"],
  ["frobnicate", "must be one of run, replay"],
])("mustBeOneOf() says what is wanted in place of %s", (word, wanted) => {
  expect(mustBeOneOf(["run", "replay"], word)).toBe(wanted);
});
