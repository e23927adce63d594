import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { duration, durationOrOff } from "../../src/config/duration.ts";

describe("duration()", () => {
  test.each([
    ["1us", 1],
    ["1.5ms", 1500],
    ["60s", 60_000_000],
    ["400d", 34_560_000_000_000],
  ])("reads %s", (text, micros) => {
    expect(Number(v.parse(duration(), text))).toBe(micros);
  });

  test.each([
    ["5 m", 'must be written as "5m"'],
    ["5 sec", 'unit must be one of us, ms, s, m, h, d, did you mean "5s"?'],
    ["5 hour", 'unit must be one of us, ms, s, m, h, d, did you mean "5h"?'],
    ["5S", 'unit must be one of us, ms, s, m, h, d, did you mean "5s"?'],
    ["5w", "unit must be one of us, ms, s, m, h, d"],
    ["", 'must be a duration such as "60s"'],
    ["1e3s", 'must be a duration such as "60s"'],
    ["Infinitys", 'must be a duration such as "60s"'],
    [60, 'must be a duration with its unit, such as "60s", did you mean "60s"?'],
    [Number.NaN, 'must be a duration such as "60s"'],
    [null, 'must be a duration such as "60s"'],
    [{}, 'must be a duration such as "60s"'],
    ["0s", "must be at least 1us"],
    ["9999999d", "must be at most 400d"],
  ])("refuses %p", (input, message) => {
    expect(messageOf(duration(), input)).toBe(message);
  });

  test("keeps to its bounds, both included", () => {
    const schema = duration({ min: "1s", max: "2s" });
    expect(["1s", "2s"].map((text) => Number(v.parse(schema, text)))).toEqual([1e6, 2e6]);
    expect(messageOf(schema, "999ms")).toBe("must be at least 1s");
    expect(messageOf(schema, "2001ms")).toBe("must be at most 2s");
  });
});

describe("durationOrOff()", () => {
  test("takes off, and says so", () => {
    expect(v.parse(durationOrOff(), "off")).toBe("off");
    expect(messageOf(durationOrOff(), false)).toBe('must be a duration such as "60s", or "off"');
  });
});

function messageOf(schema: v.GenericSchema, input: unknown): string | undefined {
  return v.safeParse(schema, input).issues?.[0].message;
}
