import { describe, expect, test } from "bun:test";
import { redact } from "../../src/core/redact.ts";

describe("redact()", () => {
  test("leaves a text without secrets as it is", () => {
    expect(redact("Cannot connect to http://bus:8000/vabus", ["hunter2"])).toBe(
      "Cannot connect to http://bus:8000/vabus",
    );
  });

  test("masks every occurrence of every secret", () => {
    expect(redact("a hunter2 b swordfish c hunter2", ["hunter2", "swordfish"])).toBe(
      "a *** b *** c ***",
    );
  });

  test("masks a secret of one character", () => {
    expect(redact("key=7", ["7"])).toBe("key=***");
  });

  test("takes an empty secret for none", () => {
    expect(redact("abc", [""])).toBe("abc");
  });

  test("masks a secret that contains another as a whole", () => {
    expect(redact("tokentoken2", ["token", "token2"])).toBe("******");
  });

  test("does not look at its own mask", () => {
    expect(redact("a*b", ["*", "a"])).toBe("******b");
  });

  test("takes a secret literally, not as a pattern", () => {
    expect(redact("a.c abc $& (x", ["a.c", "(x", "$&"])).toBe("*** abc *** ***");
  });

  test.each([
    ["percent escapes", "p=s%2Fe%20%C3%A9"],
    ["percent escapes in lower case", "p=s%2fe%20%c3%a9"],
    ["a plus for the blank", "p=s%2Fe+%C3%A9"],
  ])("masks a secret in a URL with %s", (_, text) => {
    expect(redact(text, ["s/e é"])).toBe("p=***");
  });

  test("masks a secret inside a JSON string", () => {
    expect(redact(JSON.stringify({ error: 'bad "quo\\te"' }), ['"quo\\te"'])).toBe(
      '{"error":"bad ***"}',
    );
  });

  test("masks the password of any URL, also with an unescaped @", () => {
    expect(redact("to postgres://agg:p@ss@db:5432/x failed", [])).toBe(
      "to postgres://agg:***@db:5432/x failed",
    );
    expect(redact("redis://:only@cache", [])).toBe("redis://:***@cache");
  });

  test("leaves a port and a time alone", () => {
    const text = "http://db:5432/x?at=10:00@zone mail me@x.org";
    expect(redact(text, [])).toBe(text);
  });

  test("masks the password of a secret that is a URL, alone and decoded", () => {
    const url = "postgres://agg:s%2Fcret@db/x";
    expect(redact(`${url} s%2Fcret s/cret`, [url])).toBe("*** *** ***");
  });

  test("survives a lone surrogate and a bare percent sign", () => {
    expect(redact("x", ["\ud800", "http://a:50%@h"])).toBe("x");
  });
});
