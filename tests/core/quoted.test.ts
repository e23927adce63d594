import { expect, test } from "bun:test";
import fc from "fast-check";
import { quoted } from "../../src/core/quoted.ts";
import { check } from "../support/effort.ts";

test("quoted() writes what JSON.stringify() writes", () => {
  const codeUnit = fc.oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0xd7f0, max: 0xe010 }),
    fc.constantFrom(0x22, 0x5c, 0x7f, 0x2028, 0xfeff, 0xffff),
  );
  const text = fc.array(codeUnit).map((units) => String.fromCharCode(...units));
  check(text, 5_000, (one) => {
    expect(quoted(one)).toBe(JSON.stringify(one));
  });
});
