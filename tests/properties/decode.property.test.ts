import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { EventColumns } from "../../src/core/columns.ts";
import { NAME_BYTES_MAX, SCAN_SLACK_BYTES } from "../../src/core/limits.ts";
import { epochMicros, type TimestampUnit } from "../../src/core/time.ts";
import { type DecodeInput, Decoder, type DecoderOptions } from "../../src/decode/decoder.ts";
import { decodeSlowly } from "../support/decode-oracle.ts";
import { check, TIMEOUT_MS } from "../support/effort.ts";
import { ndjson, stale } from "../support/event-lines.ts";

setDefaultTimeout(TIMEOUT_MS);

const PREFIX = "aggregator.";
/** Without a function in the slot that four zero bytes point to, and one that JSON must escape. */
const FUNCTIONS = ["sum", "avg", "min", "count", "p\\9"];

/** A unit with the usual bounds, or seconds within bounds that cut through the times of the lines. */
type Times = TimestampUnit | "narrow";

function optionsOf(times: Times = "s"): DecoderOptions {
  const isNarrow = times === "narrow";
  return {
    functions: FUNCTIONS,
    unit: isNarrow ? "s" : times,
    timeMin: epochMicros(isNarrow ? 1_700_000_059_000_000 : -2_208_988_800_000_000),
    timeMax: epochMicros(isNarrow ? 1_700_000_200_000_001 : 7_258_118_400_000_000),
    seed: 0x1234567,
    ignoredPrefix: PREFIX,
  };
}

interface Cuts {
  /** Room in the columns. */
  readonly capacity: number;
  /** Events of one batch. */
  readonly batch: number;
}

/** What the decoder makes of [from, to) of a buffer, batch by batch, in words that can be compared. */
function decodeFast(
  decoder: Decoder,
  bytes: Uint8Array,
  range: { readonly from: number; readonly to: number } & Cuts,
): unknown[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const input: DecodeInput = { bytes, view, at: range.from, end: range.to, line: 0 };
  const columns = new EventColumns(range.capacity);
  const before = bytes.slice();
  const found: { line: number; said: unknown }[] = [];
  while (input.at < input.end) {
    decoder.decode(input, columns, range.batch);
    // The oracle leaves the filtered ones out: their line is not told.
    const { length, filtered, refusals } = columns;
    expect(columns.received).toBeLessThanOrEqual(range.batch);
    expect(length + filtered + refusals.length).toBeLessThanOrEqual(columns.received);
    let ids = 0;
    for (let i = 0; i < length; i++) {
      const id = columns.ids[i];
      if (id !== undefined) ids++;
      found.push({
        line: columns.line[i]!,
        said: {
          name: decoder.names.text(columns.name[i]!),
          value: columns.value[i]!,
          micros: columns.time[i]!,
          fn: columns.fn[i]!,
          id,
          start: columns.start[i]! - range.from,
          missed: columns.missed[i]! + columns.missedBy[i]!,
        },
      });
    }
    expect(columns.idCount).toBe(ids);
    for (const { reason, event, line } of refusals) found.push({ line, said: { reason, event } });
    columns.clear();
    if (columns.received >= range.batch || input.at >= input.end) columns.received = 0;
  }
  // The slack is put back, and nothing else was written.
  expect(Buffer.compare(bytes, before)).toBe(0);
  return found.sort((a, b) => a.line - b.line);
}

function decodeOracle(bytes: Uint8Array, options: DecoderOptions): unknown[] {
  return decodeSlowly(bytes, options).flatMap(({ line, start, result }): unknown[] => {
    if (result.kind === "blank") return [];
    if (result.kind === "refused") {
      return [{ line, said: { reason: result.reason, event: result.event } }];
    }
    const { name, value, micros, fn, id } = result;
    if (name.startsWith(PREFIX)) return [];
    return [{ line, said: { name, value, micros, fn, id, start, missed: 0 } }];
  });
}

/** `bytes` with hostile ones behind, at least as many as the scanner may look at. */
function withStale(bytes: Uint8Array, behind: Uint8Array): Uint8Array {
  const length = bytes.length + Math.max(SCAN_SLACK_BYTES, behind.length);
  const buffer = new Uint8Array(length);
  for (let at = bytes.length; at < length; at++) {
    buffer[at] = behind.length === 0 ? 0x39 : behind[(at - bytes.length) % behind.length]!;
  }
  buffer.set(bytes);
  return buffer;
}

const units = fc.constantFrom<Times>("s", "s", "s", "narrow", "ms", "us", "ns");
const cuts = fc.record({
  capacity: fc.integer({ min: 1, max: 6 }),
  batch: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 6 })),
});

describe("Decoder.decode()", () => {
  // They live on from case to case, so that names of one line meet those of all others.
  const decoders = new Map<Times, Decoder>();
  const decoderOf = (unit: Times): Decoder => {
    const decoder = decoders.get(unit) ?? new Decoder(optionsOf(unit));
    decoders.set(unit, decoder);
    return decoder;
  };

  test("agrees with JSON.parse and the rules on valid and broken lines, however it is cut", () => {
    check(fc.tuple(ndjson(12), stale, units, cuts), 4_000, ([bytes, behind, unit, cut]) => {
      const buffer = withStale(bytes, behind);
      const range = { from: 0, to: bytes.length, ...cut };
      expect(decodeFast(decoderOf(unit), buffer, range)).toEqual(
        decodeOracle(bytes, optionsOf(unit)),
      );
    });
  });

  test("agrees when the input ends at any byte, with the rest of the line behind the end", () => {
    check(fc.tuple(ndjson(2), stale, units), 250, ([bytes, behind, unit]) => {
      const decoder = decoderOf(unit);
      const buffer = withStale(bytes, behind);
      const all = { capacity: 8, batch: Infinity };
      // Long names and numbers are all alike in the middle.
      const step = bytes.length > 700 ? 13 : 1;
      for (let at = 0; at <= bytes.length; at += step) {
        expect(decodeFast(decoder, buffer, { from: 0, to: at, ...all })).toEqual(
          decodeOracle(bytes.subarray(0, at), optionsOf(unit)),
        );
        expect(decodeFast(decoder, buffer, { from: at, to: bytes.length, ...all })).toEqual(
          decodeOracle(bytes.subarray(at), optionsOf(unit)),
        );
      }
    });
  });

  test("agrees when names were forgotten and numbered anew in between", () => {
    const decoder = new Decoder(optionsOf());
    check(fc.tuple(ndjson(6), fc.nat(3)), 500, ([bytes, keep]) => {
      const range = { from: 0, to: bytes.length, capacity: 16, batch: Infinity };
      expect(decodeFast(decoder, withStale(bytes, bytes), range)).toEqual(
        decodeOracle(bytes, optionsOf()),
      );
      decoder.names.retain(
        new Uint8Array(decoder.names.size).map((_, i) => (i % 4 <= keep ? 1 : 0)),
      );
    });
  });

  test("keeps apart what the raw bytes of an escaped name would mean", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "b", "\\", '"', "\t", "\n", "\u0001"),
      minLength: 1,
      maxLength: 4,
    });
    check(fc.array(fc.tuple(text, fc.boolean()), { maxLength: 12 }), 2_000, (names) => {
      const lines = names.map(([name, isRaw]) => {
        const raw = isRaw ? `"${name.replaceAll("\n", "")}"` : JSON.stringify(name);
        return `{"name":${raw},"value":1,"timestamp":1700000000}\n`;
      });
      const bytes = Buffer.from(lines.join(""));
      const range = { from: 0, to: bytes.length, capacity: 16, batch: Infinity };
      expect(decodeFast(new Decoder(optionsOf()), withStale(bytes, bytes), range)).toEqual(
        decodeOracle(bytes, optionsOf()),
      );
    });
  });

  test("agrees at the bounds of a name, with any tail of one to four bytes", () => {
    const decoder = new Decoder(optionsOf());
    for (let length = NAME_BYTES_MAX - 6; length <= NAME_BYTES_MAX + 6; length++) {
      for (const end of ["", "z", "\u00e9", "\u20ac", "\ud83d\ude80"]) {
        const name = `${"n".repeat(length - Buffer.byteLength(end))}${end}`;
        const line = `{"name":"${name}","value":1,"timestamp":1700000000}\n`;
        const bytes = Buffer.from(line.repeat(3));
        const range = { from: 0, to: bytes.length, capacity: 16, batch: Infinity };
        expect(decodeFast(decoder, withStale(bytes, bytes), range)).toEqual(
          decodeOracle(bytes, optionsOf()),
        );
      }
    }
  });
});
