import { describe, expect, test } from "bun:test";
import { SCAN_SLACK_BYTES } from "../../src/core/limits.ts";
import { epochMicros } from "../../src/core/time.ts";
import { type DecodeInput, inputOf } from "../../src/decode/decoder.ts";
import { LineCheck } from "../../src/decode/line-check.ts";

const options = {
  functions: ["sum"],
  unit: "s" as const,
  timeMin: epochMicros(0),
  timeMax: epochMicros(4_102_444_800_000_000),
  seed: 7,
};
const line = (name: string): string => `{"name":"${name}","value":1,"timestamp":1700000000}\n`;
const input = (text: string): DecodeInput => {
  const bytes = new TextEncoder().encode(text);
  return inputOf(bytes, bytes.length);
};

describe("LineCheck", () => {
  test.each([
    ["nothing", "", 0],
    ["a blank line", `\n${line("a")}`, 0],
    ["labels", line("a").replace("}", ',"labels":{}}'), 0],
    ["an unknown function", line("a").replace("}", ',"agg_func":"max"}'), 0],
    ["a time out of bounds", line("a").replace("17", "97"), 0],
    ["a line without its line feed", line("a").trim(), 0],
    ["the third of three", `${line("a")}${line("b")}{}\n`, 2],
    ["nothing of a thousand and more", line("a").repeat(1_700), 1_700],
    ["nothing of as many as are scanned at a time", line("a").repeat(1_024), 1_024],
  ])("stops at %s", (_, text, passed) => {
    const lines = input(text);
    new LineCheck(options).pass(lines);
    expect(lines.line).toBe(passed);
    expect(lines.at).toBe(text.split("\n").slice(0, passed).join("\n").length + (passed && 1));
  });

  test("puts back what stands behind the end", () => {
    const text = line("a");
    const bytes = new Uint8Array(text.length + SCAN_SLACK_BYTES).fill(0x39);
    new TextEncoder().encodeInto(text, bytes);
    const view = new DataView(bytes.buffer);
    new LineCheck(options).pass({ bytes, view, at: 0, end: text.length, line: 0 });
    expect([...bytes.subarray(text.length)]).toEqual(new Array(SCAN_SLACK_BYTES).fill(0x39));
  });

  test("takes any number of names, though it remembers a bounded number of them", () => {
    const check = new LineCheck(options);
    for (let round = 0; round < 4; round++) {
      const lines = input(
        Array.from({ length: 50_000 }, (_, i) => line(`n${round}.${i}`)).join(""),
      );
      check.pass(lines);
      expect(lines.line).toBe(50_000);
      expect(check.names).toBeLessThanOrEqual(131_072);
    }
    expect(check.names).toBeLessThan(60_000);
  });
});
