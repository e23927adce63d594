import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { copyState, decodeState, encodeState } from "../../src/config/json-state.ts";

const leaf = fc.oneof(
  fc.double(),
  fc.constantFrom(NaN, Infinity, -Infinity, -0),
  fc.string({ unit: "binary" }),
  fc.constantFrom("\u0000", "\u0000\u0000NaN", "\u0000Infinity", "Infinity"),
  fc.boolean(),
  fc.constant(null),
);
const state = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 3 }, leaf, tie("list"), tie("object")),
  list: fc.array(tie("any"), { maxLength: 4 }),
  object: fc.dictionary(fc.oneof(fc.string(), fc.constant("__proto__")), tie("any"), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
})).any;

describe("encodeState()", () => {
  test("keeps any state as it is", () => {
    fc.assert(
      fc.property(state, (value) => {
        expect(decodeState(encodeState(value))).toEqual(value);
        expect(copyState(value)).toEqual(value);
      }),
    );
  });

  test("leaves out what is undefined", () => {
    expect(decodeState(encodeState({ a: undefined, b: 1 }))).toEqual({ b: 1 });
  });

  test.each([
    ["undefined", undefined],
    ["undefined", [1, undefined]],
    // oxlint-disable-next-line no-sparse-arrays -- That is what is refused.
    ["undefined", [1, , 2]],
    ["a bigint", 1n],
    ["a symbol", Symbol("x")],
    ["a function", { f: () => {} }],
    ["a Map", new Map()],
    ["a Date", [new Date(0)]],
    ["a Float64Array", { cells: new Float64Array(1) }],
  ])("refuses %s", (word, value) => {
    const message = `state of a custom function must be JSON, not ${word}`;
    expect(() => encodeState(value)).toThrow(new TypeError(message));
  });

  test("refuses a state that contains itself", () => {
    const list: unknown[] = [];
    list.push(list);
    expect(() => encodeState(list)).toThrow("state of a custom function contains itself");
  });
});
