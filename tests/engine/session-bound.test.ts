import { expect, test } from "bun:test";
import { Bench, ruleOf, SECOND, session } from "../support/engine-input.ts";

test("the oldest session is looked for once in a gap, and known when an older one begins", () => {
  const bench = new Bench([ruleOf({ window: session(10) })], { outOfOrderness: 5 });
  const boundAfter = (name: string, at: number): number => {
    bench.add([{ name, at }]);
    bench.collect();
    return bench.engine.rules[0]!.forgottenBefore / SECOND;
  };
  for (const at of [100, 108, 115]) boundAfter("a", at);
  expect(boundAfter("b", 125)).toBe(100);
  // The session of "a" is forgotten, which is no reason to look at all of them.
  expect(boundAfter("b", 131)).toBe(100);
  expect(boundAfter("b", 136)).toBe(121);
  expect(boundAfter("c", 122)).toBe(121);
  for (const at of [131, 140, 149]) boundAfter("c", at);
  expect(boundAfter("d", 150)).toBe(122);
});
