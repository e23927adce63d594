import { describe, expect, test } from "bun:test";
import { UsageError } from "../../src/cli/exit.ts";
import { readArguments } from "../../src/cli/read-arguments.ts";

const definitions = {
  input: { type: "string", required: true, alias: "i" },
  config: { type: "string", alias: "c" },
  "to-time": { type: "string" },
  limit: { type: "string", default: "10" },
  json: { type: "boolean" },
  url: { type: "positional", required: false },
} as const;

describe("readArguments()", () => {
  test("reads long, short, inline and positional words", () => {
    const words = ["-i", "-", "--config=a=b.ts", "--to-time", "-5", "--json", "http://x"];
    expect(readArguments(words, definitions)).toEqual({
      input: "-",
      config: "a=b.ts",
      "to-time": "-5",
      limit: "10",
      json: true,
      url: "http://x",
    });
  });

  test("gives the words behind the last positional one to who takes them", () => {
    const more: string[] = [];
    expect(readArguments(["-i", "x", "a", "--json", "b", "c"], definitions, more).url).toBe("a");
    expect(more).toEqual(["b", "c"]);
    expect(() => readArguments(["-i", "x", "a", "b"], definitions)).toThrow(
      new UsageError('Unexpected argument "b"'),
    );
  });

  test("leaves undefined what was not given, and false a flag", () => {
    const values = readArguments(["--input", "x"], definitions);
    expect(values.config).toBeUndefined();
    expect(values.url).toBeUndefined();
    expect(values.json).toBe(false);
  });

  test("takes a word behind -- as a word", () => {
    expect(readArguments(["--input", "x", "--", "--json"], definitions).url).toBe("--json");
  });

  test.each([
    [["--input", "x", "--jsn"], "Unknown option --jsn, did you mean --json?"],
    [["--input", "x", "-q"], "Unknown option -q"],
    [["--input", "x", "--toTime", "1"], "Unknown option --toTime, did you mean --to-time?"],
    [["--input", "x", "--no-json"], "Unknown option --no-json"],
    [["--input"], "Option --input needs a value"],
    [["--input="], "Option --input needs a value"],
    [["--input", "x", "--json=yes"], 'Option --json takes no value, it got "yes"'],
    [["--input", "x", "a", "b"], 'Unexpected argument "b"'],
    [["--json"], "Missing option --input"],
  ])("refuses %j", (words, message) => {
    expect(() => readArguments(words, definitions)).toThrow(new UsageError(message));
  });

  test("asks for a positional that must be there", () => {
    expect(() => readArguments([], { file: { type: "positional" } })).toThrow(
      new UsageError("Missing argument FILE"),
    );
  });
});
