import { describe, expect, test } from "bun:test";
import { EventColumns } from "../../src/core/columns.ts";
import { epochMicros } from "../../src/core/time.ts";
import { type DecoderOptions, inputOf } from "../../src/decode/decoder.ts";
import { NameTable } from "../../src/decode/name-table.ts";
import { Scanner } from "../../src/decode/scanner.ts";
import { collidingNames } from "../support/colliding-names.ts";

const options: DecoderOptions = {
  functions: ["sum", "avg", "min", "max", "count"],
  unit: "s",
  timeMin: epochMicros(-2_208_988_800_000_000),
  timeMax: epochMicros(7_258_118_400_000_000),
  seed: 5,
};

/** How many of the lines the fast road takes by itself. */
function taken(line: string, extra: Partial<DecoderOptions> = {}): number {
  const bytes = new TextEncoder().encode(`${line}\n`.repeat(3));
  const columns = new EventColumns(8);
  const all = { ...options, ...extra };
  new Scanner(all, new NameTable(all)).scan(inputOf(bytes, bytes.length), columns, {
    receivedMax: 8,
  });
  return columns.length;
}

describe("Scanner.scan()", () => {
  // What falls off the fast road is right, but several times slower: this guards the speed.
  test.each([
    ['{"name":"cpu","value":12.5,"timestamp":1700000000,"agg_func":"sum"}'],
    ['{"name": "cpu", "value": 12.5, "timestamp": 1700000000, "agg_func": "count"}'],
    ['{"timestamp":1700000000.123456,"agg_func":"max","value":-7,"name":"cpu"}'],
    ['{"name":"cpu","value":0.12345678901234567,"timestamp":1700000000.1234567}'],
    ['{"name":"cpu","value":1e5,"timestamp":17e8}\r'],
    [
      '{"name":"\u0442\u0435\u043c\u043f\u0435\u0440\u0430\u0442\u0443\u0440\u0430","value":1,"timestamp":0}',
    ],
    [`{"name":"${"n".repeat(512)}","value":1,"timestamp":-1.5}`],
  ])("takes %p", (line) => {
    expect(taken(line)).toBe(3);
  });

  test.each(["ms", "us", "ns"] as const)("takes timestamps in %s", (unit) => {
    const time = { ms: "1700000000123", us: "1700000000123456", ns: "1700000000123456789" }[unit];
    expect(taken(`{"name":"cpu","value":1,"timestamp":${time}}`, { unit })).toBe(3);
  });

  test.each([
    ['{"name":"cpu","value":1,"timestamp":1700000000,"id":"a"}'],
    ['{"name":"c\\u0070u","value":1,"timestamp":1700000000}'],
    ['{"name":"cpu","value":1,"timestamp":1700000000}  '],
    ['{"name":"cpu","value":1,"timestamp":17000000000000}'],
    ['{"name":"cpu","value":1}'],
  ])("leaves %p untouched", (line) => {
    expect(taken(line)).toBe(0);
  });

  test.each([0, 4, 40, 44, 60])(
    "compares all bytes of names with one hash, %i of them equal",
    (n) => {
      const names = collidingNames({ seed: options.seed, count: 20, before: "n".repeat(n) });
      const lines = [...names, ...names].map(
        (name) => `{"name":"${name}","value":1,"timestamp":1700000000}\n`,
      );
      const bytes = new TextEncoder().encode(lines.join(""));
      const columns = new EventColumns(40);
      const table = new NameTable(options);
      new Scanner(options, table).scan(inputOf(bytes, bytes.length), columns, { receivedMax: 40 });
      expect([...columns.name].map((name) => table.text(name))).toEqual([...names, ...names]);
      expect(table.size).toBe(20);
    },
  );
});
