import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { NumberReader } from "../../src/decode/number-reader.ts";
import { check, runs, TIMEOUT_MS } from "../support/effort.ts";

setDefaultTimeout(TIMEOUT_MS);

const reader = new NumberReader();

/** The bytes of a text, with what must be readable behind them. */
function viewOf(text: string): DataView {
  return new DataView(new TextEncoder().encode(`${text}\0\0\0`).buffer);
}

/** What stands behind the number in a line. */
function read(text: string, behind = "}"): number {
  const end = reader.read(viewOf(`${text}${behind}`), 0);
  return end === text.length ? reader.value : Number.NaN;
}

/** A small generator (xorshift), so that half a million decimals take no time to make. */
function* randoms(seed: number): Generator<number, never> {
  let x = seed;
  for (;;) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    yield x >>> 0;
  }
}

describe("NumberReader.read()", () => {
  test("gives the double that Number() gives, for 500,000 decimals of up to 25 digits", () => {
    const random = randoms(0x2545f491);
    const bytes = new TextEncoder();
    const buffer = new Uint8Array(64);
    const view = new DataView(buffer.buffer);
    let wrong = "";
    for (let i = 0; i < runs(500_000); i++) {
      const digits = `${random.next().value}${random.next().value}${random.next().value}`;
      const whole = digits.slice(0, 1 + (random.next().value % 17)).replace(/^0+(?=.)/, "");
      const fraction = digits.slice(digits.length - 1 - (random.next().value % 8));
      const text = random.next().value % 5 === 0 ? whole : `${whole}.${fraction}`;
      const { written } = bytes.encodeInto(`${text},`, buffer);
      const end = reader.read(view, 0);
      if (end !== written - 1 || !Object.is(reader.value, Number(text))) wrong = text;
    }
    expect(wrong).toBe("");
  });

  test("gives the double that Number() gives, for 500,000 doubles as programs print them", () => {
    const random = randoms(0x1f123bb5);
    const buffer = new Uint8Array(64);
    const view = new DataView(buffer.buffer);
    const bytes = new TextEncoder();
    let wrong = "";
    for (let i = 0; i < runs(500_000); i++) {
      const exact = random.next().value * 2 ** -32 + random.next().value * 2 ** -54;
      const value = exact * 10 ** (random.next().value % 15);
      const text = random.next().value % 2 === 0 ? value.toPrecision(17) : `${value}`;
      const { written } = bytes.encodeInto(`${text},`, buffer);
      const end = reader.read(view, 0);
      if (end !== written - 1 || !Object.is(reader.value, Number(text))) wrong = text;
    }
    expect(wrong).toBe("");
  });

  test("gives the even one of two doubles that are equally near, and the right one beside", () => {
    const random = randoms(0x7a3f19c5);
    let wrong = "";
    for (let i = 0; i < runs(100_000); i++) {
      // Above 2^53 and 2^54 the middles are whole numbers; divided by a power of five they are decimals.
      const odd = 2n ** 53n + BigInt(random.next().value) * 2n + 1n;
      const middle = odd * 5n ** BigInt(random.next().value % 4);
      for (const mantissa of [middle - 1n, middle, middle + 1n]) {
        const point = random.next().value % 16;
        const digits = `${mantissa}`;
        const text = point === 0 ? digits : `${digits.slice(0, -point)}.${digits.slice(-point)}`;
        if (!Object.is(read(text), Number(text))) wrong = text;
      }
    }
    expect(wrong).toBe("");
  });

  test("gives the double that Number() gives for any number that JSON may write", () => {
    const json = fc.stringMatching(/^(0|[1-9]\d{0,30})(\.\d{1,40})?([eE][+-]?\d{1,3})?$/);
    check(json, 20_000, (text) => {
      const wanted = Number(text);
      expect(Object.is(read(text), Number.isFinite(wanted) ? wanted : Number.NaN)).toBe(true);
    });
  });

  test.each([
    "",
    "-",
    "-1",
    "+1",
    "00",
    "01",
    "01.5",
    "1.",
    ".5",
    "1.e5",
    "1e",
    "1e+",
    "1e999",
    "Infinity",
    "NaN",
    "x",
  ])("refuses %p", (text) => {
    expect(reader.read(viewOf(`${text}}`), 0)).toBe(-1);
  });

  test.each([
    "0",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "0.1",
    "1e22",
    "1e23",
    "5e-324",
    "2.4703282292062327e-324",
    "1.7976931348623157e308",
    "0.0000000000000000000001",
    "0.00000000000000000000001",
    `0.${"3".repeat(400)}`,
    `1${"0".repeat(308)}`,
  ])("reads %p", (text) => {
    expect(read(text)).toBe(Number(text));
  });

  test("stops at the first byte that does not belong to the number", () => {
    for (const behind of ["}", ",", " ", "\n", "\0", "x", '"', "-", "."]) {
      expect(reader.read(viewOf(`17.5${behind}99`), 0)).toBe(4);
      expect(reader.value).toBe(17.5);
    }
  });
});
