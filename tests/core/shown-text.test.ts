import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { shownLine, shownText } from "../../src/core/shown-text.ts";
import { check } from "../support/effort.ts";

describe("shownLine()", () => {
  test.each([
    ["an order to the screen", "cpu\u001b[2J", "cpu\\u001b[2J"],
    ["one in a single character", "cpu\u009b2J", "cpu\\u009b2J"],
    ["a title of the window", "\u001b]0;pwned\u0007", "\\u001b]0;pwned\\u0007"],
    ["a return that writes over the line", "bad\rgood", "bad\\u000dgood"],
    ["a line feed that makes a line of its own", "a\nERROR b", "a\\u000aERROR b"],
    ["an override of the direction", "gnp.\u202eexe", "gnp.\\u202eexe"],
    ["an isolate", "\u2066evil\u2069", "\\u2066evil\\u2069"],
    ["nothing to see", "\u200b\u2060\ufeff", "\\u200b\\u2060\\ufeff"],
    ["a separator of lines", "a\u2028b", "a\\u2028b"],
    ["a tag", "a\u{e0041}", "a\\udb40\\udc41"],
    ["half of a pair", "a\ud800b", "a\\ud800b"],
    ["a delete", "a\u007f", "a\\u007f"],
  ])("makes %s visible and harmless", (_, text, shown) => {
    expect(shownLine(text)).toBe(shown);
  });

  test.each(["cpu.load", "名前 🏳️ é ñ", "עברית", "tab-free text (1)"])("leaves %s alone", (text) => {
    expect(shownLine(text)).toBe(text);
  });

  test("changes what JSON says in no way", () => {
    check(fc.json(), 300, (json) => {
      expect(JSON.parse(shownLine(json))).toEqual(JSON.parse(json));
    });
    check(fc.string({ unit: "binary" }), 300, (text) => {
      const json = JSON.stringify({ name: text });
      expect(JSON.parse(shownLine(json))).toEqual(JSON.parse(json));
    });
  });

  test("leaves nothing behind that a terminal obeys", () => {
    check(fc.string({ unit: "binary" }), 500, (text) => {
      expect(shownLine(text)).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
    });
  });
});

test("shownText() keeps line feeds and tabs, and nothing else of the kind", () => {
  expect(shownText("a\n\tb\u001b[2J\r\n")).toBe("a\n\tb\\u001b[2J\\u000d\n");
});
