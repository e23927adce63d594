import { describe, expect, test } from "bun:test";
import { ByteReader, ByteWriter } from "../../../src/aggregations/sketch/bytes.ts";

describe("ByteReader", () => {
  test("reads what was written", () => {
    const numbers = [0, 1, 127, 128, 16_383, 16_384, 2 ** 32, 2 ** 49 - 1, 2 ** 53 - 1];
    const writer = new ByteWriter();
    writer.byte(255);
    for (const number of numbers) writer.whole(number);
    for (const number of numbers) writer.double(-number / 3);
    const reader = new ByteReader(writer.bytes());
    expect(reader.byte()).toBe(255);
    for (const number of numbers) expect(reader.whole()).toBe(number);
    for (const number of numbers) expect(reader.double()).toBe(-number / 3);
    reader.end();
  });

  test.each([
    ["nothing", [], "it ends too early"],
    ["a number without its end", [0x80], "it ends too early"],
    ["a number above the bound", [0x80, 0x40], "8192 is more than 1000"],
    ["a number of too many digits", Array.from({ length: 9 }, () => 0x80), "too many digits"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => new ByteReader(Uint8Array.from(bytes)).whole(1_000)).toThrow(message);
  });

  test("refuses a double that is not finite", () => {
    const bytes = new Uint8Array(Float64Array.of(NaN).buffer);
    expect(() => new ByteReader(bytes).double()).toThrow("NaN is not finite");
  });
});
