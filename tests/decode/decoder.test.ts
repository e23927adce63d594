import { describe, expect, test } from "bun:test";
import { EventColumns } from "../../src/core/columns.ts";
import { DEAD_LETTER_BYTES_MAX, LINE_BYTES_MAX, SCAN_SLACK_BYTES } from "../../src/core/limits.ts";
import { epochMicros } from "../../src/core/time.ts";
import { Decoder, type DecoderOptions, inputOf } from "../../src/decode/decoder.ts";

function decoderOf(options: Partial<DecoderOptions> = {}): Decoder {
  return new Decoder({
    functions: ["sum", "avg", "min", "max", "count"],
    unit: "s",
    timeMin: epochMicros(-2_208_988_800_000_000),
    timeMax: epochMicros(7_258_118_400_000_000),
    seed: 99,
    ...options,
  });
}

function decode(text: string | Uint8Array, decoder = decoderOf(), capacity = 100): EventColumns {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const columns = new EventColumns(capacity);
  decoder.decode(inputOf(bytes, bytes.length), columns, Infinity);
  return columns;
}

const event = (value: number): string => `{"name":"cpu","value":${value},"timestamp":1700000000}`;

describe("Decoder.decode()", () => {
  test("counts lines over blank and broken ones, whichever road they take", () => {
    const columns = decode(`\n${event(1)}\n\r\n \t\n{\n ${event(2)}\r\n[]\n${event(3)}`);
    expect([...columns.line.subarray(0, columns.length)]).toEqual([1, 5, 7]);
    expect([...columns.value.subarray(0, columns.length)]).toEqual([1, 2, 3]);
    expect(columns.refusals.map(({ line, reason }) => [line, reason])).toEqual([
      [4, "invalid_json"],
      [6, "invalid_json"],
    ]);
    expect(columns.received).toBe(5);
  });

  test.each([
    ["text", "plain", "event is not JSON"],
    ["a cut object", '{"name":"a"', "event is not JSON"],
    ["two objects", `${event(1)}${event(2)}`, "event is not JSON"],
    ["a BOM within", `\ufeff${event(1)}`, "event is not JSON"],
    ["a raw control character", event(1).replace("cpu", "c\u0001pu"), "event is not JSON"],
    ["a trailing comma", event(1).replace("}", ",}"), "event is not JSON"],
    ["a leading zero", event(1).replace(":1,", ":01,"), "event is not JSON"],
    ["a NUL byte behind", `${event(1)}\0`, "event is not JSON"],
    ["an array", "[]", "event is an array, not an object"],
  ])("refuses %s", (_, line, detail) => {
    expect(decode(`${line}\n`).refusals).toEqual([
      { reason: "invalid_json", detail, event: line, line: 0 },
    ]);
  });

  test("refuses bytes that are no UTF-8, and goes on", () => {
    const bad = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]];
    const lines = bad.map((bytes) =>
      Buffer.concat([Buffer.from('{"name":"'), Buffer.from(bytes), Buffer.from(event(1).slice(9))]),
    );
    const feed = Buffer.from("\n");
    const columns = decode(
      Buffer.concat(lines.flatMap((line) => [line, feed, Buffer.from(event(2)), feed])),
    );
    expect(columns.refusals.map(({ detail }) => detail)).toEqual(
      bad.map(() => "event is not UTF-8"),
    );
    expect([...columns.value.subarray(0, columns.length)]).toEqual(bad.map(() => 2));
  });

  test("refuses a line of more than a mebibyte, on both roads", () => {
    const fits = event(1).replace(":1,", `:1.${"0".repeat(LINE_BYTES_MAX - 52)}1,`);
    const usual = fits.replace("1,", "01,");
    const other = event(1).replace("}", `${" ".repeat(LINE_BYTES_MAX)}}`);
    expect(fits.length).toBeLessThanOrEqual(LINE_BYTES_MAX);
    const exact = `${fits}${" ".repeat(LINE_BYTES_MAX - fits.length)}`;
    const columns = decode(`${fits}\n${exact}\n${exact} \n${usual}${usual}\n${other}\n`);
    expect(columns.length).toBe(2);
    expect(columns.refusals.map(({ reason, line }) => [reason, line])).toEqual([
      ["too_large", 2],
      ["too_large", 3],
      ["too_large", 4],
    ]);
    expect(columns.refusals[0]!.detail).toBe("event has 1048577 bytes, more than 1048576");
    expect(columns.refusals[0]!.event).toHaveLength(DEAD_LETTER_BYTES_MAX);
  });

  test("refuses a number that makes its line too long although it would be one", () => {
    const long = event(1).replace(":1,", `:1.${"0".repeat(LINE_BYTES_MAX)},`);
    expect(decode(`${long}\n`).refusals.map(({ reason }) => reason)).toEqual(["too_large"]);
  });

  test("survives a line that is nested as deeply as it can be", () => {
    const deep = "[".repeat(LINE_BYTES_MAX);
    expect(decode(`${deep}\n${event(1)}\n`).length).toBe(1);
    const closed = "[".repeat(LINE_BYTES_MAX / 2) + "]".repeat(LINE_BYTES_MAX / 2);
    expect(decode(`${closed}\n`).refusals[0]!.reason).toBe("invalid_json");
  });

  test("stops where the columns are full, and goes on with room", () => {
    const decoder = decoderOf();
    const bytes = new TextEncoder().encode(
      `${event(0)}\nbad\n ${event(1)}\n${event(2)}\n{}\n${event(3)}\n`,
    );
    const input = inputOf(bytes, bytes.length);
    const columns = new EventColumns(2);
    const seen: number[][] = [];
    while (input.at < input.end) {
      decoder.decode(input, columns, Infinity);
      seen.push([columns.length, columns.refusals.length, columns.received, input.line]);
      columns.clear();
    }
    // Refused lines take no room, but are counted against it: a batch is never larger than its columns.
    expect(seen).toEqual([
      [1, 1, 2, 2],
      [2, 0, 4, 4],
      [1, 1, 6, 6],
    ]);
  });

  test("stops at `receivedMax`, which counts what was refused and filtered too", () => {
    const decoder = decoderOf({ ignoredPrefix: "own." });
    const own = event(9).replace("cpu", "own.x");
    const bytes = new TextEncoder().encode(
      `${event(0)}\n\nbad\n${own}\n ${own}\n${event(1)}\n${event(2)}`,
    );
    const input = inputOf(bytes, bytes.length);
    const columns = new EventColumns(10);
    decoder.decode(input, columns, 4);
    expect([columns.length, columns.filtered, columns.refusals.length]).toEqual([1, 2, 1]);
    expect([columns.received, input.line]).toEqual([4, 5]);
    decoder.decode(input, columns, 4);
    expect(columns.received).toBe(4);
    decoder.decode(input, columns, 5);
    expect([columns.length, columns.value[1]]).toEqual([2, 1]);
    columns.clear();
    decoder.decode(input, columns, Infinity);
    expect([columns.length, columns.value[0], input.at]).toEqual([1, 2, input.end]);
  });

  test("takes the last of a duplicate key on both roads, broken ones before it notwithstanding", () => {
    const columns = decode(
      [
        '{"name":"a","name":"b","value":1,"value":2,"timestamp":1,"timestamp":2}',
        '{"name":7,"name":"b","value":"x","value":2,"timestamp":1e99,"timestamp":2}',
        '{"name":"","name":"b","value":1e999,"value":2,"agg_func":"no","agg_func":"sum","timestamp":2}',
        '{"name":"a","value":2,"timestamp":2,"agg_func":"max","agg_func":null,"name":"b"}',
        '{"name":"a","value":2,"timestamp":2,"agg_func":"max","agg_func":"sum","n\\u0061me":"b"}',
      ].join("\n"),
      decoderOf(),
    );
    expect(columns.length).toBe(5);
    expect([...columns.value.subarray(0, 5)]).toEqual([2, 2, 2, 2, 2]);
    expect([...columns.time.subarray(0, 5)]).toEqual(Array(5).fill(2_000_000));
    expect([...columns.fn.subarray(0, 5)]).toEqual([0, 0, 0, 0, 0]);
    expect(new Set(columns.name.subarray(0, 5)).size).toBe(1);
  });

  test("gives every shape of a value the double that JSON gives it, bit for bit", () => {
    const shapes = [
      "-0",
      "-0.0",
      "0.1",
      "1e5",
      "9007199254740993",
      "0.30000000000000004",
      "5e-324",
    ];
    const columns = decode(shapes.map((shape) => event(1).replace(":1,", `:${shape},`)).join("\n"));
    for (const [i, shape] of shapes.entries()) {
      expect(Object.is(columns.value[i], Number(shape))).toBe(true);
    }
  });

  test("puts the bytes behind the end back, and never reads them", () => {
    const decoder = decoderOf();
    const whole = new TextEncoder().encode(`${event(1)}\n${event(2)}\n${event(3)}\n`);
    const bytes = new Uint8Array(whole.length + SCAN_SLACK_BYTES).fill(0x22);
    bytes.set(whole);
    const before = bytes.slice();
    const columns = new EventColumns(10);
    decoder.decode(inputOf(bytes, event(1).length + 1), columns, Infinity);
    expect([columns.length, columns.refusals.length]).toEqual([1, 0]);
    expect(bytes).toEqual(before);
  });

  test("forgets ids and marks with `clear`", () => {
    const columns = decode('{"name":"a","value":1,"timestamp":1,"id":7}\n');
    expect([columns.idCount, columns.ids[0]]).toEqual([1, "7"]);
    columns.missed[0] = 1;
    columns.missedBy[0] = 1;
    columns.clear();
    expect([columns.idCount, columns.ids[0], columns.length]).toEqual([0, undefined, 0]);
    expect([columns.missed[0], columns.missedBy[0], columns.received]).toEqual([0, 0, 1]);
  });
});

describe("Decoder.textAt()", () => {
  test("gives the line of an event, cut to what a dead letter keeps", () => {
    const decoder = decoderOf();
    const long = event(1).replace("}", `,"host":"${"h".repeat(5_000)}"}`);
    const bytes = new TextEncoder().encode(`${event(1)}\r\n${long}\n${event(2)}`);
    const input = inputOf(bytes, bytes.length);
    const columns = new EventColumns(10);
    decoder.decode(input, columns, Infinity);
    const texts = [0, 1, 2].map((i) => decoder.textAt(input, columns.start[i]!));
    expect(texts).toEqual([event(1), long.slice(0, DEAD_LETTER_BYTES_MAX), event(2)]);
  });
});

describe("inputOf()", () => {
  test("decodes in place where there is slack, and copies where there is not", () => {
    const roomy = new Uint8Array(10 + SCAN_SLACK_BYTES);
    expect(inputOf(roomy, 10).bytes).toBe(roomy);
    const tight = new Uint8Array(9 + SCAN_SLACK_BYTES).fill(7);
    const { bytes, end } = inputOf(tight, 10);
    expect(bytes).not.toBe(tight);
    expect([bytes.length, end, bytes[9], bytes[10]]).toEqual([10 + SCAN_SLACK_BYTES, 10, 7, 0]);
  });

  test("follows a part of a larger buffer", () => {
    const whole = new TextEncoder().encode(`xxxxx${event(1)}\n${"x".repeat(SCAN_SLACK_BYTES)}`);
    const part = whole.subarray(5);
    const columns = new EventColumns(4);
    decoderOf().decode(inputOf(part, event(1).length + 1), columns, Infinity);
    expect([columns.length, columns.refusals.length]).toEqual([1, 0]);
  });
});
