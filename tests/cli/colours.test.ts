import { expect, test } from "bun:test";
import { coloursOf } from "../../src/cli/colours.ts";

test.each([
  [{}, undefined],
  [{ NO_COLOR: "" }, undefined],
  [{ NO_COLOR: "1" }, "never"],
  [{ NO_COLOR: "0" }, "never"],
  [{ TERM: "dumb" }, "never"],
  [{ TERM: "xterm" }, undefined],
] as const)("coloursOf(%p) is %p", (env, colours) => {
  expect(coloursOf(env)).toBe(colours);
});
