import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import {
  durationMicros,
  epochMicros,
  formatDuration,
  microsOfTimestamp,
  millisOf,
  parseDuration,
  secondsOf,
  type TimestampUnit,
} from "../../src/core/time.ts";
import { cutDecimal } from "../support/decimal.ts";
import { check, TIMEOUT_MS } from "../support/effort.ts";

setDefaultTimeout(TIMEOUT_MS);

const UNITS: readonly TimestampUnit[] = ["s", "ms", "us", "ns"];
/** 8.5e9 seconds in the unit. */
const FARTHEST: Readonly<Record<TimestampUnit, number>> = {
  s: 8.5e9,
  ms: 8.5e12,
  us: 8.5e15,
  ns: 8.5e18,
};

function expectCut(x: number, unit: TimestampUnit): void {
  if (Math.abs(x) > FARTHEST[unit]) return;
  const micros = microsOfTimestamp(x, unit);
  if (Object.is(micros, cutDecimal(x, unit))) return;
  expect({ x, unit, micros }).toEqual({ x, unit, micros: epochMicros(cutDecimal(x, unit)) });
}

const bits = new DataView(new ArrayBuffer(8));

/** The double `steps` doubles away. */
function neighbour(x: number, steps: number): number {
  if (x === 0) return steps * Number.MIN_VALUE;
  bits.setFloat64(0, x);
  bits.setBigInt64(0, bits.getBigInt64(0) + BigInt(steps));
  return bits.getFloat64(0);
}

describe("microsOfTimestamp()", () => {
  test.each([
    [1700000039.9999998, 1700000039_999999],
    [Number("1700000039.9999999"), 1700000040_000000], // its double is written 1700000040
    [0.1, 100_000],
    [1709251199.499999, 1709251199_499999],
    [1e-7, 0],
    [-1e-7, -1],
    [-0.0000010000000001, -2],
    [-1.5, -1_500_000],
    [5e-324, 0],
    [-5e-324, -1],
    [-0, 0],
    [4102444800.000001, 4102444800_000001],
  ])("cuts %p seconds to %p", (seconds, micros) => {
    expect(microsOfTimestamp(seconds, "s")).toBe(epochMicros(micros));
  });

  test("cuts nanoseconds beyond 2^62, which are farther apart than microseconds", () => {
    // Its double is written 4700000000123457000 although it is 4700000000123456512.
    const x = Number("4700000000123457000");
    expect(microsOfTimestamp(x, "ns")).toBe(epochMicros(4_700_000_000_123_457));
    for (let i = 0; i < 5_000; i++) {
      expectCut(neighbour(2 ** 62, i - 2_500), "ns");
      expectCut(neighbour(-7.2e18, i - 2_500), "ns");
    }
  });

  test("agrees with the digits for any double", () => {
    const any = fc.tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(3));
    check(any, 20_000, ([x, unit]) => expectCut(x, UNITS[unit]!));
  });

  test("agrees with the digits within the range of every unit", () => {
    const within = fc.tuple(
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.constantFrom(...UNITS),
      fc.integer({ min: 0, max: 17 }),
    );
    check(within, 20_000, ([part, unit, digits]) => {
      const x = part * FARTHEST[unit];
      expectCut(x, unit);
      expectCut(Number(x.toPrecision(digits + 1)), unit);
      expectCut(x / 10 ** digits, unit);
    });
  });

  test("agrees with the digits next to whole microseconds and windows", () => {
    const near = fc.tuple(
      fc.integer({ min: -8_400_000_000, max: 8_400_000_000 }),
      fc.integer({ min: 0, max: 999_999 }),
      fc.integer({ min: -4, max: 4 }),
      fc.constantFrom(...UNITS),
    );
    check(near, 20_000, ([seconds, micros, steps, unit]) => {
      const fraction = String(micros).padStart(6, "0");
      const scale = { s: "", ms: "e3", us: "e6", ns: "e9" }[unit];
      expectCut(neighbour(Number(`${seconds}.${fraction}${scale}`), steps), unit);
      expectCut(neighbour(Number(`${seconds}${scale}`), steps), unit);
    });
  });
});

describe("parseDuration()", () => {
  test.each([
    ["500ms", 500_000],
    ["60s", 60_000_000],
    ["1.5h", 5_400_000_000],
    ["30d", 2_592_000_000_000],
    ["7us", 7],
    ["0s", 0],
    ["007m", 420_000_000],
    // In doubles these are no whole numbers.
    ["1.005s", 1_005_000],
    ["8.2s", 8_200_000],
    ["2.3d", 198_720_000_000],
    ["0.000001s", 1],
    ["1.0000000s", 1_000_000],
    ["9007199254740991us", Number.MAX_SAFE_INTEGER],
  ])("reads %p", (text, micros) => {
    expect(parseDuration(text)).toBe(durationMicros(micros));
  });

  test.each([
    "",
    "5",
    "5x",
    "-5s",
    "+5s",
    "5 s",
    " 5s",
    "5s ",
    "5S",
    "1e3s",
    ".5s",
    "5.s",
    "1m30s",
    "0.5us",
    "0.0000001s",
    "9007199254740992us",
    `${"9".repeat(400)}d`,
    "Infinitys",
    "5s\n",
  ])("refuses %p", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test("reads back what formatDuration() wrote", () => {
    check(
      fc.oneof(
        fc.maxSafeNat(),
        fc.nat(5_000).map((n) => n * 43_200_000_000),
      ),
      2_000,
      (n) => {
        expect(parseDuration(formatDuration(durationMicros(n)))).toBe(durationMicros(n));
      },
    );
  });

  test("agrees with whole numbers for any decimal", () => {
    const decimal = fc.tuple(fc.nat(100_000), fc.stringMatching(/^\d{1,9}$/));
    check(decimal, 2_000, ([whole, fraction]) => {
      const exact = BigInt(`${whole}${fraction}`) * 1_000_000n;
      const divisor = 10n ** BigInt(fraction.length);
      const micros = exact % divisor === 0n ? Number(exact / divisor) : undefined;
      expect<number | undefined>(parseDuration(`${whole}.${fraction}s`)).toBe(micros);
    });
  });
});

describe("formatDuration()", () => {
  test.each([
    [0, "0s"],
    [1, "1us"],
    [1_500, "1500us"],
    [1_500_000, "1500ms"],
    [60_000_000, "1m"],
    [90_000_000, "90s"],
    [86_400_000_000, "1d"],
    [90_000_000_000, "25h"],
  ])("writes %p us as %p", (micros, text) => {
    expect(formatDuration(durationMicros(micros))).toBe(text);
  });
});

test("secondsOf() and millisOf() divide once", () => {
  expect(secondsOf(epochMicros(1709251199_499999))).toBe(1709251199.499999);
  expect(secondsOf(epochMicros(-1))).toBe(-0.000001);
  expect(millisOf(durationMicros(1_500))).toBe(1.5);
});
