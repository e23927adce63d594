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
    ["a field within a field", line("a").replace("}", ',"x":{}}'), 0],
    ["a known field with another value", line("a").replace("}", ',"id":true}'), 0],
    ["an id that loses digits", line("a").replace("}", ',"id":9007199254740993}'), 0],
    ["a name that is too long", line("n".repeat(513)), 0],
    ["a name with a zero byte", line("a\0b"), 0],
    ["a line that is too long", line("a").replace("}", `,"x":"${"x".repeat(1024 * 1024)}"}`), 0],
    ["an exponent", line("a").replace("1,", "1e3,"), 0],
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

  test.each([
    ["an id", ',"id":"a-1"'],
    ["an id that is a number", ',"id": 123456789012345'],
    ["labels", ',"labels":{"zone":"a","room": ""}'],
    ["no labels", ',"labels":{}'],
    ["a function", ', "agg_func": "sum"'],
    ["a further text", ',"host":"h\u00f6hle \u20ac \ud83d\ude80"'],
    ["a further number", ',"size":-12.5'],
    ["a field twice", ',"value":2'],
  ])("passes over a line with %s", (_, field) => {
    const lines = input(line("caf\u00e9").replace("}", `${field}}`));
    new LineCheck(options).pass(lines);
    expect(lines.line).toBe(1);
  });

  test.each([
    ["e2 82", 0],
    ["e2 82 ac", 1],
    ["c3 a9", 1],
    ["c0 af", 0],
    ["e0 80 af", 0],
    ["ed a0 80", 0],
    ["ed 9f bf", 1],
    ["f0 9f 9a 80", 1],
    ["f0 80 80 af", 0],
    ["f4 8f bf bf", 1],
    ["f4 90 80 80", 0],
    ["f5 80 80 80", 0],
    ["80", 0],
    ["ff", 0],
  ])("knows whether %s is a character", (hex, passed) => {
    const name = Uint8Array.from(hex.split(" "), (byte) => Number.parseInt(byte, 16));
    for (const before of ["", "a", "ab", "abc"]) {
      const text = Buffer.from(line(`${before}?`));
      const at = text.indexOf("?");
      const bytes = Buffer.concat([text.subarray(0, at), name, text.subarray(at + 1)]);
      const lines = inputOf(bytes, bytes.length);
      new LineCheck(options).pass(lines);
      expect(lines.line).toBe(passed);
    }
  });

  test("does not go on behind the end, whatever stands there", () => {
    const whole = line("a").replace("}", ',"x":1.5,"host":"a"}');
    for (const stale of ["9", "x", "\n", "}", '"']) {
      for (let cut = 0; cut < whole.length; cut++) {
        const bytes = new TextEncoder().encode(
          whole.slice(0, cut) + stale.repeat(SCAN_SLACK_BYTES),
        );
        const lines = { bytes, view: new DataView(bytes.buffer), at: 0, end: cut, line: 0 };
        new LineCheck(options).pass(lines);
        expect([lines.line, lines.at]).toEqual([0, 0]);
      }
    }
  });

  test("puts back what stands behind the end", () => {
    const text = line("a");
    const bytes = new Uint8Array(text.length + SCAN_SLACK_BYTES).fill(0x39);
    new TextEncoder().encodeInto(text, bytes);
    const view = new DataView(bytes.buffer);
    new LineCheck(options).pass({ bytes, view, at: 0, end: text.length, line: 0 });
    expect([...bytes.subarray(text.length)]).toEqual(new Array(SCAN_SLACK_BYTES).fill(0x39));
  });
});
