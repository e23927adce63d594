import { describe, expect, test } from "bun:test";
import { FunctionWords } from "../../src/decode/function-words.ts";

/** The function that the words of three letters name at the beginning of a text; -1 when none does. */
function byWord(functions: FunctionWords, text: string): number {
  const bytes = new Uint8Array(8);
  new TextEncoder().encodeInto(text, bytes);
  const word = new DataView(bytes.buffer).getInt32(0, true);
  const slot = (word >> 16) & 7;
  return functions.words[slot] === word ? functions.indexes[slot]! : -1;
}

function byByte(functions: FunctionWords, text: string): number {
  return functions.find(new TextEncoder().encode(text), 0);
}

describe("FunctionWords", () => {
  const functions = new FunctionWords(["sum", "avg", "min", "max", "count", "nom", "a\\b", 'a"b']);

  test("finds names of three letters as one word, where no earlier one has their slot", () => {
    const texts = ['sum"', 'avg"', 'min"', 'max"', 'nom"'];
    expect(texts.map((text) => byWord(functions, text))).toEqual([0, 1, 2, 3, -1]);
  });

  test.each([
    ['sum"', 0],
    ['count",', 4],
    ['nom"', 5],
    ['a\\\\b"', 6],
    ['a\\"b"', 7],
    ['a\\b"', -1],
    ['a"b"', -1],
    ["sum", -1],
    ['SUM"', -1],
    ['summ"', -1],
    ['su"', -1],
    ['"', -1],
  ])("finds %p byte by byte: %p", (text, index) => {
    expect(byByte(functions, text)).toBe(index);
  });

  test("counts the closing quote into the length", () => {
    expect([0, 4, 6].map((fn) => functions.lengthOf(fn))).toEqual([4, 6, 5]);
  });

  test("has no word for four bytes that name no function", () => {
    const few = new FunctionWords(["avg"]);
    for (let slot = 0; slot < 256; slot++) {
      expect(byWord(few, String.fromCharCode(0, 0, slot & 127, 0))).toBe(-1);
    }
    expect(byWord(few, "")).toBe(-1);
    expect(byWord(few, 'avg"')).toBe(0);
  });
});
