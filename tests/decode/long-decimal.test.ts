import { expect, test } from "bun:test";
import { longDecimal } from "../../src/decode/long-decimal.ts";

test("longDecimal() answers nearly always, and then as Number() does", () => {
  let x = 0x2545f491;
  const next = (): number => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
  let unsure = 0;
  let wrong = "";
  for (let i = 0; i < 100_000; i++) {
    const head = 100_000_000_000_000 + (next() % 1_000_000) * 800_000_000 + (next() % 800_000_000);
    const tail = next() % 10_000;
    const fraction = next() % 17;
    const digits = `${head}${`${tail}`.padStart(4, "0")}`;
    const text = `${digits.slice(0, 19 - fraction)}.${digits.slice(19 - fraction)}0`;
    const value = longDecimal(head, tail, { tailDigits: 4, fraction });
    if (Number.isNaN(value)) unsure++;
    else if (value !== Number(text)) wrong = text;
  }
  expect(wrong).toBe("");
  expect(unsure).toBeLessThan(100);
});

test("longDecimal() does not guess where two doubles are equally near", () => {
  // 2^53 + 1
  expect(longDecimal(900_719_925_474, 993, { tailDigits: 4, fraction: 0 })).toBeNaN();
});
