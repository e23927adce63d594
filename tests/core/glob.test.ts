import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { anyGlobMatcher, globMatcher } from "../../src/core/glob.ts";

describe("globMatcher()", () => {
  test.each([
    ["", [""], ["a"]],
    ["cpu", ["cpu"], ["CPU", "cpu ", "cp", "xcpu"]],
    ["*", ["", "a", "a\nb", "🙂"], []],
    ["**", ["", "ab"], []],
    ["http.*", ["http.", "http.a.b"], ["http", "xhttp."]],
    ["*.errors", [".errors", "a.b.errors"], ["errors", "a.errors.b"]],
    ["a*b*c", ["abc", "aXbYc", "abcbc", "abbc"], ["ab", "acb", "abcd"]],
    ["?", ["a", "é", "🙂", "\n"], ["", "ab"]],
    ["a?c", ["abc", "a🙂c"], ["ac", "abbc"]],
    ["cpu[0-9]", ["cpu0", "cpu9"], ["cpu", "cpua", "cpu10"]],
    ["[abc]", ["a", "c"], ["d", "ab", ""]],
    ["[!abc]", ["d", "🙂"], ["a", ""]],
    ["[🙂-🙃]", ["🙂", "🙃"], ["🙄", "a"]],
    ["[]a]", ["]", "a"], ["b"]],
    ["[!]a]", ["b"], ["]", "a"]],
    ["[a-]", ["a", "-"], ["b"]],
    ["[-a]", ["a", "-"], ["b"]],
    ["[a\\-c]", ["a", "-", "c"], ["b"]],
    ["[\\]\\\\]", ["]", "\\"], ["a"]],
    ["[\\^]", ["^"], ["a"]],
    ["[*?]", ["*", "?"], ["a"]],
    ["\\*", ["*"], ["a", "\\*"]],
    ["\\a\\[", ["a["], ["a"]],
    ["a]", ["a]"], ["a"]],
    ["a.c", ["a.c"], ["abc"]],
    ["(a|b)+$", ["(a|b)+$"], ["a"]],
    ["__proto__", ["__proto__"], [""]],
  ] as const)("%j", (glob, yes, no) => {
    const matches = globMatcher(glob);
    expect(yes.filter((text) => !matches(text))).toEqual([]);
    expect(no.filter((text) => matches(text))).toEqual([]);
  });

  test.each([
    ["a[", "must close its [ with a ]"],
    ["[]", "must close its [ with a ]"],
    ["[a-", "must close its [ with a ]"],
    ["[!", "must close its [ with a ]"],
    ["[a\\", "must not end with a backslash"],
    ["a\\", "must not end with a backslash"],
    ["[z-a]", "must have its ranges upwards, and z-a is not"],
    ["[^a]", "must say [!…] for what is not in a class, not [^…]"],
  ])("refuses %j", (glob, message) => {
    expect(() => globMatcher(glob)).toThrow(new SyntaxError(message));
  });

  test("takes no time for what would take others forever", () => {
    const matches = globMatcher(`${"a*".repeat(250)}b`);
    const wide = globMatcher(`${"*?".repeat(250)}b`);
    const text = "a".repeat(50_000);
    // Exponential or even cubic, it would not end within the time of a test.
    expect(matches(text)).toBe(false);
    expect(wide(text)).toBe(false);
    expect(matches(`${text}b`)).toBe(true);
  });

  test("equals a regular expression that says the same", () => {
    const part = fc.constantFrom("a", "b", "-", "*", "?", "[ab]", "[!a]", "[a-b]", "\\*", "🙂");
    const text = fc.string({ unit: fc.constantFrom("a", "b", "c", "-", "*", "🙂"), maxLength: 12 });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), text, (parts, sample) => {
        const pattern = parts.map((one) => EXPRESSIONS[one] ?? one).join("");
        const expected = new RegExp(`^(?:${pattern})$`, "su").test(sample);
        expect(globMatcher(parts.join(""))(sample)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

const EXPRESSIONS: Readonly<Record<string, string>> = {
  "*": ".*",
  "?": ".",
  "[!a]": "[^a]",
};

test("anyGlobMatcher() takes what one of the globs takes, and nothing where there is none", () => {
  const matches = anyGlobMatcher(["cpu.*", "mem"]);
  expect(["cpu.a", "mem", "mem.a", "disk"].map(matches)).toEqual([true, true, false, false]);
  expect(anyGlobMatcher([])("")).toBe(false);
});
